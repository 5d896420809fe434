/**
 * Darkroom: the one place where pictures are decoded. The library is loaded when the first picture comes, keeps no
 * cache, and works on one picture at a time in a thread of its own, so that memory is bounded by one picture and
 * the disk's threads stay free for everybody else.
 * Owns the library's settings and the queue before it. Does not own files: bytes go in, and what was made comes out.
 * A picture's size is judged by its header before a single pixel is decoded (S1, S2 for our own code).
 */
import type sharp from 'sharp'
import type { Metadata, Sharp } from 'sharp'
import { fail } from '../../../domain/failure.ts'
import { displayText } from '../files/names.ts'
import type { Whole } from '../files/whole.ts'
import { formatOf, type ReadFormat } from './picture.ts'

export const MAX_PICTURE_BYTES = 67_108_864
/** Of a picture that is decoded: the largest cameras make about 108 million. */
export const MAX_PIXELS = 120_000_000
const LIMIT_S = 60

/** The decoders of the formats that are read here. Everything else the library knows is closed. */
const DECODERS = ['Jpeg', 'Png', 'Webp', 'Nsgif', 'Tiff', 'Heif'].map(name => `VipsForeignLoad${name}`)

type Library = typeof sharp

export interface Header {
  readonly format: ReadFormat
  readonly meta: Metadata
  /** As the picture is seen, its orientation applied. */
  readonly width: number
  readonly height: number
}

export class Darkroom {
  #library: Promise<Library> | null = null
  #last: Promise<unknown> = Promise.resolve()

  /** What the header of a picture says. Fails for what is no picture; decodes no pixel. */
  async header(file: Whole): Promise<Header> {
    const format = formatOf(file.bytes)
    if (format === null) notAPicture(file)
    const library = await this.#open()
    const meta = await library(file.bytes, { limitInputPixels: false })
      .metadata()
      .catch(() => damaged(file))
    const { width, height } = meta.autoOrient
    if (width < 1 || height < 1) damaged(file)
    return { format, meta, width, height }
  }

  /** Decodes a picture, turned as it is seen, and makes something of it. Waits for the pictures before it. */
  async develop<T>(
    file: Whole,
    header: Header,
    signal: AbortSignal,
    work: (picture: Sharp) => Promise<T>,
  ): Promise<T> {
    refuseUndecodable(file, header)
    const library = await this.#open()
    return this.#inTurn(signal, async () => {
      const begun = performance.now()
      const options = { limitInputPixels: MAX_PIXELS, failOn: 'error', autoOrient: true } as const
      try {
        return await work(library(file.bytes, options).timeout({ seconds: LIMIT_S }))
      } catch (error) {
        if (performance.now() - begun >= LIMIT_S * 1_000) tookTooLong(file)
        if (!isOfLibrary(error)) throw error
        damaged(file)
      }
    })
  }

  #open(): Promise<Library> {
    this.#library ??= load()
    return this.#library
  }

  /** A picture that is being decoded cannot be stopped, so the next one waits for its end, whoever still wants it. */
  async #inTurn<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(() => {
      signal.throwIfAborted()
      return work()
    })
    this.#last = turn.catch(() => null)
    return turn
  }
}

async function load(): Promise<Library> {
  const { default: library } = await import('sharp')
  library.cache(false)
  library.concurrency(1)
  library.block({ operation: ['VipsForeignLoad'] })
  library.unblock({ operation: DECODERS })
  return library
}

/** Errors of the native library are bare; ours and those of the language are of their own kinds. */
function isOfLibrary(error: unknown): boolean {
  return error instanceof Error && error.name === 'Error' && error.constructor === Error
}

/** What can be looked at and not decoded. */
export function refuseUndecodable(file: Whole, { format, meta }: Header): void {
  const shown = displayText(file.path)
  if (format === 'heic' || meta.compression === 'hevc') {
    fail({
      kind: 'invalid-input',
      path: 'from',
      message: `${shown} is a HEIC picture, which cannot be decoded here; only its details can be read. Nothing was changed. Let the camera or phone save JPEG.`,
    })
  }
  const pixels = meta.width * meta.height
  if (pixels <= MAX_PIXELS) return
  const size = `${meta.width.toLocaleString('en')} × ${meta.height.toLocaleString('en')}`
  fail({
    kind: 'rejected',
    message: `${shown} has ${size} pixels, more than the ${String(MAX_PIXELS / 1e6)} million that are allowed. Nothing was changed.`,
  })
}

function notAPicture(file: Whole): never {
  fail({
    kind: 'bad-response',
    message: `${displayText(file.path)} is not a JPEG, PNG, WebP, GIF, TIFF, AVIF or HEIC picture, whatever its name says. Nothing was changed.`,
  })
}

function damaged(file: Whole): never {
  fail({
    kind: 'bad-response',
    message: `${displayText(file.path)} is a damaged picture: it could not be read to its end. Nothing was changed.`,
  })
}

function tookTooLong(file: Whole): never {
  fail({
    kind: 'script-limit',
    limit: 'cpu',
    allowed: LIMIT_S * 1_000,
    message: `${displayText(file.path)} took more than ${String(LIMIT_S)} s to work on, and was stopped. Nothing was changed. A smaller picture or another format takes less.`,
  })
}
