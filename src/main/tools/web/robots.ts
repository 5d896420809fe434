/**
 * What a site asks of programs in its robots.txt (RFC 9309), kept for an hour.
 * Owns that memory and the fetching; does not own the decision to ask a site at all. No file means no rules; a file
 * that cannot be had for now (5xx, no connection) means that nothing is read for now.
 */
import { FailureError, isFailureError } from '../../../domain/failure.ts'
import type { Asker, Compute } from '../compute/pool.ts'
import type { HttpClient } from '../network/client.ts'
import type { Target } from '../network/target.ts'
import { decodeText } from './charset.ts'
import { judgeRobots, type RobotsVerdict } from './robots-rules.ts'

const KEEP_MS = 3_600_000
const MAX_ORIGINS = 500
const MAX_BYTES = 512_000
/** Where file and address are longer than this together, matching could take long and is not done on the core's loop. */
const INLINE = 2_000_000
const TIMEOUT_MS = 10_000

export interface RobotsAsker extends Asker {
  allowHost: (host: string) => boolean
}

interface Known {
  at: number
  text: Promise<string | null>
}

export class Robots {
  readonly #client: HttpClient
  readonly #compute: Compute
  readonly #known = new Map<string, Known>()

  constructor(client: HttpClient, compute: Compute) {
    this.#client = client
    this.#compute = compute
  }

  /** Fails where the site does not want the address to be read by programs; otherwise the distance it asks for. */
  async check(target: Target, asker: RobotsAsker): Promise<{ gapMs: number }> {
    const text = await this.#rules(target, asker)
    if (text === null) return { gapMs: 0 }
    const input = { text, url: target.url.href, origin: target.url.origin }
    const verdict =
      text.length * target.url.href.length <= INLINE
        ? judgeRobots(input)
        : await this.#compute.run('web.robots', input, asker)
    if (!verdict.allowed) refuse(target, verdict)
    return { gapMs: verdict.gapMs }
  }

  /** Kept apart by whether the contract names the host: what one may not reach must not fail the other. */
  #rules(target: Target, { allowHost }: RobotsAsker): Promise<string | null> {
    const key = `${target.url.origin} ${allowHost(target.host) ? 'named' : ''}`
    const known = this.#known.get(key)
    const now = performance.now()
    if (known !== undefined && now - known.at < KEEP_MS) return known.text
    const text = this.#fetch(target, allowHost)
    this.#known.delete(key)
    this.#known.set(key, { at: now, text })
    text.catch(() => this.#known.get(key)?.text === text && this.#known.delete(key))
    const [oldest] = this.#known.keys()
    if (this.#known.size > MAX_ORIGINS && oldest !== undefined) this.#known.delete(oldest)
    return text
  }

  async #fetch(target: Target, allowHost: (host: string) => boolean): Promise<string | null> {
    const pieces: Uint8Array[] = []
    let length = 0
    try {
      const answer = await this.#client.request({
        url: `${target.url.origin}/robots.txt`,
        headers: { accept: 'text/plain, */*;q=0.1' },
        allowHost,
        mayVisit: () => false,
        maxRedirects: 5,
        accept: () => true,
        timeoutMs: TIMEOUT_MS,
        maxBytes: 16 * MAX_BYTES,
        sink: piece => {
          if (length < MAX_BYTES) pieces.push(Buffer.from(piece))
          length += piece.byteLength
          return Promise.resolve()
        },
      })
      if (answer.status === 429 || answer.status >= 500)
        throw new FailureError(outOfReach(target, answer.status))
      if (answer.status >= 300) return null
      return decodeText(Buffer.concat(pieces).subarray(0, MAX_BYTES), answer.headers['content-type']).text
    } catch (error) {
      if (isFailureError(error) && leavesNoRules(error)) return null
      throw error
    }
  }
}

/** A file that leads elsewhere, goes in circles or is no text says nothing about this host. */
function leavesNoRules({ failure }: FailureError): boolean {
  if (failure.kind === 'not-permitted') return failure.clause === 'reads.hosts'
  return failure.kind === 'bad-response' || failure.kind === 'script-limit'
}

function outOfReach(target: Target, status: number): FailureError['failure'] {
  return {
    kind: 'unavailable',
    host: target.host,
    status,
    retryAfterMs: null,
    message: `${target.host} answered ${status} when asked for its robots.txt, so it is not known what it lets programs read. Nothing else was asked.`,
    detail: { sent: 'no', host: target.host, status },
  }
}

function refuse(target: Target, { line }: RobotsVerdict): never {
  const where = line === null ? 'robots.txt' : `robots.txt, line ${line}`
  throw new FailureError({
    kind: 'not-permitted',
    clause: 'robots.txt',
    message: `${target.host} asks programs not to read this address (${where}). It was not read. Where the owner agrees, name the host in the contract and set robots to ignore.`,
    detail: { sent: 'no', host: target.host },
  })
}
