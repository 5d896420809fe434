/**
 * The body of one answer on its way to a place outside memory: decompressed, counted and handed on piece by piece,
 * never faster than it is taken. Owns the decoder and what waits before it; does not own the place, and knows
 * nothing of what was asked. S2: what is too large stops at its limit, decompressed.
 */
import { PassThrough, type Duplex } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib'
import { FailureError, isFailureError } from '../../../domain/failure.ts'
import { tooLargeFailure, unreadableFailure } from './failures.ts'
import type { Target } from './target.ts'

/** Takes the next piece; the one after it comes when this is done. */
export type BodySink = (piece: Uint8Array) => Promise<void>

export interface IntakeOptions {
  target: Target
  status: number
  /** The content coding of the answer; undefined where it came as it is. */
  coding: string | undefined
  /** Of the body, decompressed. */
  maxBytes: number
  sink: BodySink
}

const DECODERS: Readonly<Record<string, () => Duplex>> = {
  gzip: createGunzip,
  'x-gzip': createGunzip,
  deflate: createInflate,
  br: createBrotliDecompress,
}

export class Intake {
  readonly maxBytes: number
  readonly #raw = new PassThrough()
  readonly #done: Promise<void>

  /** `failed` is called once, when the body cannot be taken any further. */
  constructor(options: IntakeOptions, failed: (error: unknown) => void) {
    this.maxBytes = options.maxBytes
    this.#done = take(this.#raw, options)
    this.#done.catch(failed)
  }

  /** False when the other side is to wait until `drained` calls back. */
  push(piece: Uint8Array): boolean {
    return this.#raw.writable ? this.#raw.write(piece) : true
  }

  drained(resume: () => void): void {
    this.#raw.once('drain', resume)
  }

  /** Resolves when the last piece was taken. */
  end(): Promise<void> {
    this.#raw.end()
    return this.#done
  }

  abandon(): void {
    this.#raw.destroy()
  }
}

async function take(raw: PassThrough, options: IntakeOptions): Promise<void> {
  const { target, status, maxBytes, sink } = options
  const count = async (pieces: AsyncIterable<Uint8Array>): Promise<void> => {
    let total = 0
    for await (const piece of pieces) {
      total += piece.byteLength
      if (total > maxBytes) throw new FailureError(tooLargeFailure(target, maxBytes, status))
      await sink(piece)
    }
  }
  const decoder = decoderOf(options)
  try {
    await (decoder === null ? pipeline(raw, count) : pipeline(raw, decoder, count))
  } catch (error) {
    if (isFailureError(error) || !isOfZlib(error)) throw error
    const what = 'its body was cut off or not compressed as announced'
    throw new FailureError(unreadableFailure(target, what, status))
  }
}

function decoderOf({ coding, target, status }: IntakeOptions): Duplex | null {
  const name = coding?.trim().toLowerCase() ?? ''
  if (name === '' || name === 'identity') return null
  const create = Object.hasOwn(DECODERS, name) ? DECODERS[name] : undefined
  if (create !== undefined) return create()
  const what = 'its body came in a coding that is not supported'
  throw new FailureError(unreadableFailure(target, what, status))
}

function isOfZlib(error: unknown): boolean {
  if (!(error instanceof Error) || !('code' in error)) return false
  return typeof error.code === 'string' && /^(Z_|ERR__)/.test(error.code)
}
