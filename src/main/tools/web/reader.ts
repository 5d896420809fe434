/**
 * How the tools for web pages and feeds read an address: by the guarded client, at a polite pace, as robots.txt
 * allows, conditionally where an earlier answer is known, and only content of the kind that is wanted.
 * Owns the memory of hosts and answers that this takes; does not own connections, policy or the journal.
 */
import { fail } from '../../../domain/failure.ts'
import type { Json } from '../../../domain/json.ts'
import type { ToolContext } from '../../../domain/tool.ts'
import type { Compute } from '../compute/pool.ts'
import type { HttpAnswer, HttpClient, HttpRequest } from '../network/client.ts'
import { mayVisit, namesHost } from '../network/contract-hosts.ts'
import type { Target } from '../network/target.ts'
import { parseTarget } from '../network/target.ts'
import { Pace, type PaceOptions } from './pace.ts'
import { conditionsOf, Remembered, validatorsOf, type Validators } from './remembered.ts'
import { Robots } from './robots.ts'

/** respect: as the site asks · ignore: only for hosts that the contract names exactly · none: not a page for people. */
export type RobotsChoice = 'respect' | 'ignore' | 'none'

export interface Wanted {
  /** As the end of a sentence: "a web page". */
  what: string
  /** For the Accept header. */
  accept: string
  /** Whether content of this type may be it; not asked where the server names no type. */
  fits: (type: string) => boolean
}

export interface WebRequest {
  tool: string
  url: string
  wanted: Wanted
  robots: RobotsChoice
  timeoutMs: number
  maxBytes?: number | undefined
  /** What is known of the last answer elsewhere: then an unchanged one is told, and its body not given again. */
  known?: Validators | null
}

export interface WebAnswer {
  is: 'content'
  url: string
  type: string | undefined
  body: Uint8Array
  validators: Validators | null
}

export type Read = WebAnswer | { is: 'unchanged'; url: string }

export interface WebReaderOptions extends PaceOptions {
  client: HttpClient
  compute: Compute
}

export class WebReader {
  readonly client: HttpClient
  readonly compute: Compute
  readonly #pace: Pace
  readonly #robots: Robots
  readonly #remembered = new Remembered()

  constructor(options: WebReaderOptions) {
    this.client = options.client
    this.compute = options.compute
    this.#pace = new Pace(options)
    this.#robots = new Robots(options.client, options.compute)
  }

  /** The content of an address, whole. */
  async content(request: Omit<WebRequest, 'known'>, context: ToolContext): Promise<WebAnswer> {
    const key = `${request.wanted.accept} ${request.url}`
    const earlier = this.#remembered.find(key, bytesOf(request, context))
    const known = earlier === null ? null : validatorsOf(earlier.headers)
    const answer = await this.client.request(this.requestFor({ ...request, known }, context))
    if (answer.status !== 304) {
      this.#remembered.keep(key, answer)
      return contentOf(answer)
    }
    if (earlier?.url === answer.url) return contentOf(earlier)
    // Confirmed for another address than the one the body came from: asked anew, without conditions.
    this.#remembered.forget(key)
    return contentOf(await this.client.request(this.requestFor(request, context)))
  }

  /** The content of an address, or that it is what the caller knows already. Whoever knows nothing is given it anew. */
  async contentIfChanged(request: WebRequest, context: ToolContext): Promise<Read> {
    const answer = await this.client.request(this.requestFor(request, context))
    return answer.status === 304 ? { is: 'unchanged', url: answer.url } : contentOf(answer)
  }

  requestFor(request: WebRequest, context: ToolContext): HttpRequest {
    const { contract, signal } = context
    const { tool, wanted, known = null, robots } = request
    refuseIgnoring(request, context)
    return {
      url: request.url,
      headers: { accept: wanted.accept, ...conditionsOf(known) },
      allowHost: host => namesHost(contract, host),
      mayVisit: host => mayVisit(context, tool, host),
      accept: status => (status >= 200 && status < 300) || (status === 304 && known !== null),
      timeoutMs: request.timeoutMs,
      maxBytes: bytesOf(request, context),
      beforeHop: target => this.#beforeHop(target, robots, context),
      onHead: head => refuseType(head, wanted),
      signal,
    }
  }

  /** For requests that are no reading of pages: the pace alone. */
  paced({ signal }: ToolContext): (target: Target) => Promise<void> {
    return target => this.#pace.turn(target, 0, signal)
  }

  async #beforeHop(target: Target, robots: RobotsChoice, context: ToolContext): Promise<void> {
    const { contract, runId, signal } = context
    const allowHost = (host: string): boolean => namesHost(contract, host)
    const { gapMs } =
      robots === 'respect'
        ? await this.#robots.check(target, { owner: runId, signal, allowHost })
        : { gapMs: 0 }
    await this.#pace.turn(target, gapMs, signal)
  }
}

function bytesOf({ maxBytes }: { maxBytes?: number | undefined }, { contract }: ToolContext): number {
  return Math.min(maxBytes ?? Infinity, contract.limits.bytesPerCall)
}

function contentOf({ url, headers, body }: HttpAnswer): WebAnswer {
  return { is: 'content', url, type: headers['content-type'], body, validators: validatorsOf(headers) }
}

/** To leave a site's wish aside takes a contract that speaks of this very site. */
function refuseIgnoring({ robots, url }: WebRequest, { contract }: ToolContext): void {
  const { host } = parseTarget(url)
  if (robots !== 'ignore' || namesHost(contract, host)) return
  fail({
    kind: 'not-permitted',
    clause: 'reads.hosts',
    message: `The robots.txt of ${host} can be left aside only where the contract names that host itself. Nothing was sent.`,
    detail: { sent: 'no', host },
  })
}

function refuseType(
  { status, headers, target }: Parameters<NonNullable<HttpRequest['onHead']>>[0],
  wanted: Wanted,
): void {
  const type = typeName(headers['content-type'])
  if (status === 304 || type === '' || wanted.fits(type)) return
  const detail: Json = { sent: 'maybe', status, reason: 'answer', host: target.host, type }
  fail({
    kind: 'bad-response',
    host: target.host,
    message: `${target.host} sent ${type} where ${wanted.what} was expected. Its content was not read.`,
    detail,
  })
}

/** Lower case, without parameters; '' where there is none or none that is one. */
export function typeName(contentType: string | undefined): string {
  return (
    /^\s*([\w.+-]+\/[\w.+-]+)/
      .exec(contentType ?? '')?.[1]
      ?.toLowerCase()
      .slice(0, 100) ?? ''
  )
}
