/**
 * Bodies that were fetched lately, with the validators of their servers: a conditional request is answered from
 * here when the server says that nothing changed, so the result is the same as if it had sent it again.
 * Owns those bodies, within a budget of memory; they are lost with the process. Nothing is given out unless the
 * server has confirmed it in answer to a request that was allowed on its own.
 */
import type { HttpAnswer } from '../network/client.ts'

export interface Validators {
  etag: string | null
  lastModified: string | null
}

const MAX_BYTES = 16_777_216
const MAX_ENTRY_BYTES = 2_097_152
const LONGEST_VALIDATOR = 1_024

export function validatorsOf(headers: Readonly<Record<string, string>>): Validators | null {
  const etag = usable(headers['etag'])
  const lastModified = usable(headers['last-modified'])
  return etag === null && lastModified === null ? null : { etag, lastModified }
}

export function conditionsOf(validators: Validators | null): Record<string, string> {
  const { etag = null, lastModified = null } = validators ?? {}
  return {
    ...(etag === null ? {} : { 'if-none-match': etag }),
    ...(lastModified === null ? {} : { 'if-modified-since': lastModified }),
  }
}

/** Only what a request header can carry back. */
function usable(value: string | undefined): string | null {
  return value !== undefined && value.length <= LONGEST_VALIDATOR && /^[\x21-\x7e][\x20-\x7e]*$/.test(value)
    ? value
    : null
}

export class Remembered {
  readonly #answers = new Map<string, HttpAnswer>()
  #bytes = 0

  /** The answer whose validators may be sent along, if it would fit what is asked for now. */
  find(key: string, maxBytes: number): HttpAnswer | null {
    const answer = this.#answers.get(key)
    return answer !== undefined && answer.body.byteLength <= maxBytes ? answer : null
  }

  keep(key: string, answer: HttpAnswer): void {
    this.forget(key)
    if (!isKeepable(answer)) return
    this.#answers.set(key, answer)
    this.#bytes += answer.body.byteLength
    for (const oldest of this.#answers.keys()) {
      if (this.#bytes <= MAX_BYTES) return
      this.forget(oldest)
    }
  }

  forget(key: string): void {
    this.#bytes -= this.#answers.get(key)?.body.byteLength ?? 0
    this.#answers.delete(key)
  }
}

function isKeepable({ status, headers, body }: HttpAnswer): boolean {
  if (status !== 200 || body.byteLength > MAX_ENTRY_BYTES || validatorsOf(headers) === null) return false
  return !/no-store/i.test(headers['cache-control'] ?? '') && headers['vary']?.trim() !== '*'
}
