/** Writes a zip archive into an open file, one source after the other, with no more in memory than a few chunks. */
import type { FileHandle } from 'node:fs/promises'
import { PassThrough, Readable } from 'node:stream'
import { ZipFile } from 'yazl'
import { writeAll } from './tree.ts'

const CHUNK = 64 * 1_024

export interface ZipSource {
  name: string
  modified: Date
  /** Opens the file; closed when it was read, or reading failed. */
  open: () => Promise<FileHandle>
}

export interface ZipContent {
  emptyFolders: readonly string[]
  sources: readonly ZipSource[]
  comment: string
}

export async function writeZip(content: ZipContent, to: FileHandle): Promise<void> {
  const zip = new ZipFile()
  const output = zip.outputStream.pipe(new PassThrough())
  zip.on('error', (error: Error) => output.destroy(error))
  // Folders first and files after: entries that need no reading are written at once, each by itself.
  for (const name of content.emptyFolders) zip.addEmptyDirectory(name, { mtime: FIRST_TIME })
  for (const source of content.sources) {
    zip.addReadStreamLazy(source.name, { mtime: source.modified }, callback => {
      const reading = Readable.from(bytesOf(source), { objectMode: false })
      reading.on('error', error => output.destroy(error))
      callback(null, reading)
    })
  }
  zip.end({ comment: content.comment, forceZip64Format: false })
  for await (const chunk of output as AsyncIterable<Uint8Array>) await writeAll(to, chunk)
}

/** An empty folder's time says nothing; a fixed one keeps archives of the same content alike. */
const FIRST_TIME = new Date(Date.UTC(1980, 0, 1))

/** The file as it is when it is opened: what grows meanwhile is not followed. */
async function* bytesOf(source: ZipSource): AsyncGenerator<Buffer> {
  const handle = await source.open()
  try {
    const { size } = await handle.stat()
    for (let at = 0; at < size;) {
      const chunk = Buffer.allocUnsafe(Math.min(CHUNK, size - at))
      const { bytesRead } = await handle.read(chunk, 0, chunk.length, at)
      if (bytesRead === 0) return
      at += bytesRead
      yield chunk.subarray(0, bytesRead)
    }
  } finally {
    await handle.close()
  }
}
