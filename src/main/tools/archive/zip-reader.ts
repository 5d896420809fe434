/** Reads a zip archive from an open file: its listing and its entries. What is wrong with it becomes a Failure here. */
import type { FileHandle } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { fromRandomAccessReaderPromise, getFileNameLowLevel, RandomAccessReader } from 'yauzl'
import type { Entry, ZipFile } from 'yauzl'
import { isFailureError } from '../../../domain/failure.ts'
import type { Place } from '../files/workspace.ts'
import { codeOf, reject } from '../files/failures.ts'

const WINDOW = 256 * 1_024
const CHUNK = 64 * 1_024

/** Reads through the handle, so that nothing is read once it is closed; the listing's many small reads come from one window. */
class HandleReader extends RandomAccessReader {
  readonly #handle: FileHandle
  #window = Buffer.alloc(0)
  #from = 0

  constructor(handle: FileHandle) {
    super()
    this.#handle = handle
  }

  override read(
    buffer: Buffer,
    offset: number,
    length: number,
    position: number,
    callback: (error: Error | null) => void,
  ): void {
    const filled = this.#fill(buffer, offset, length, position)
    // In a turn of its own: an archive of many entries must not keep the loop.
    filled.then(
      () => setImmediate(callback, null),
      (error: unknown) => setImmediate(callback, error instanceof Error ? error : new Error(String(error))),
    )
  }

  override _readStreamForRange(start: number, end: number): Readable {
    return Readable.from(this.#chunks(start, end), { objectMode: false })
  }

  override close(callback: (error: Error | null) => void): void {
    setImmediate(callback, null)
  }

  async #fill(buffer: Buffer, offset: number, length: number, position: number): Promise<void> {
    for (let done = 0; done < length;) {
      const at = position + done - this.#from
      if (at < 0 || at >= this.#window.length) await this.#load(position + done)
      else done += this.#window.copy(buffer, offset + done, at, at + length - done)
    }
  }

  async #load(position: number): Promise<void> {
    const window = Buffer.allocUnsafe(WINDOW)
    const { bytesRead } = await this.#handle.read(window, 0, WINDOW, position)
    if (bytesRead === 0) throw new Error('the archive ends too early')
    this.#window = window.subarray(0, bytesRead)
    this.#from = position
  }

  async *#chunks(start: number, end: number): AsyncGenerator<Buffer> {
    for (let at = start; at < end;) {
      const chunk = Buffer.allocUnsafe(Math.min(CHUNK, end - at))
      const { bytesRead } = await this.#handle.read(chunk, 0, chunk.length, at)
      if (bytesRead === 0) throw new Error('the archive ends too early')
      at += bytesRead
      yield chunk.subarray(0, bytesRead)
    }
  }
}

export interface OpenZip {
  readonly zip: ZipFile
  /** Size of the archive itself. */
  readonly bytes: number
  readonly shown: string
}

/** Opens the archive at a place for as long as it is used. */
export async function withZip<T>(place: Place, use: (open: OpenZip) => Promise<T>): Promise<T> {
  if (!place.hasFolder) reject(place.path, 'did not exist')
  const { handle, stat } = await place.folder.openFile(place.name, 'read')
  try {
    const bytes = Number(stat.size)
    const zip = await sound(place.path, () =>
      fromRandomAccessReaderPromise(new HandleReader(handle), bytes, {
        autoClose: false,
        decodeStrings: false,
      }),
    )
    return await use({ zip, bytes, shown: place.path })
  } finally {
    await handle.close()
  }
}

export async function* entriesOf({ zip, shown }: OpenZip): AsyncGenerator<Entry> {
  const entries = zip.eachEntry()
  for (;;) {
    const next = await sound(shown, () => entries.next())
    if (next.done === true) return
    yield next.value
  }
}

/** The content of an entry, chunk by chunk; never more than its listing says. */
export async function* contentOf({ zip, shown }: OpenZip, entry: Entry): AsyncGenerator<Buffer> {
  const stream = await sound(shown, () => zip.openReadStreamPromise(entry))
  const chunks = stream[Symbol.asyncIterator]()
  try {
    for (;;) {
      const next = (await sound(shown, () => chunks.next())) as IteratorResult<Buffer, undefined>
      if (next.done === true) return
      yield next.value
    }
  } finally {
    stream.destroy()
  }
}

/** With slashes only: some programs write backslashes between folders. */
export function nameOf(entry: Entry): string {
  const raw = entry.fileName as unknown as Buffer
  return getFileNameLowLevel(entry.generalPurposeBitFlag, raw, entry.extraFields, false)
}

const LATEST = Date.UTC(2200, 0)

/** Archives without a time zone are read as UTC; an impossible time is the beginning of all times. */
export function modifiedOf(entry: Entry): Date {
  const at = entry.getLastModDate({ timezone: 'UTC' }).getTime()
  return new Date(at >= 0 && at < LATEST ? at : 0)
}

/** The library and zlib report what is wrong with an archive as plain errors; the disk's carry the disk's codes. */
async function sound<T>(shown: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (isFailureError(error) || /^E[A-Z0-9]+$/.test(codeOf(error) ?? '') || isBug(error)) throw error
    reject(shown, 'is not a zip archive, or is damaged', 'Fetch or make it anew.')
  }
}

function isBug(error: unknown): boolean {
  return error instanceof TypeError || error instanceof ReferenceError
}
