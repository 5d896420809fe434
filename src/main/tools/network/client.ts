/**
 * The one guarded HTTP client: every request of every tool leaves through it. Each hop is resolved once, every
 * address checked, the connection pinned to what was checked, redirects judged again; time, size, decompressed size
 * and redirects are capped (corpus 66–73). Owns its connections, the hosts' health and the watch over connectivity.
 * It does not own policy (`mayVisit`, `allowHost` are asked) or retries, and keeps no credential.
 * J4: every failure says whether the request can have reached the other side. R5: hosts are left alone as they ask.
 */
import { lookup } from 'node:dns/promises'
import { breakerEventOf } from '../../../domain/breaker.ts'
import { FailureError, isFailureError, type Failure } from '../../../domain/failure.ts'
import type { Credential } from '../../connections/credential.ts'
import { isLoopback, type Address } from './address.ts'
import { ACCEPTED_ENCODINGS, decodeBody, textOf, type Decoded } from './body.ts'
import { addressed, credentialOf, hiding } from './carried.ts'
import { Connectivity, type ConnectivityOptions } from './connectivity.ts'
import { Deadline } from './deadline.ts'
import { exchange, TransportError, type Answer, type AnswerHead } from './exchange.ts'
import {
  errorFailure,
  mayMeanOffline,
  offlineFailure,
  parseRetryAfter,
  reasonOf,
  statusFailure,
  tooLargeFailure,
  unreadableFailure,
} from './failures.ts'
import { checkedHeaders, portableHeaders } from './headers.ts'
import { HostHealth, type HostEvent } from './hosts.ts'
import { Lanes } from './lanes.ts'
import { Intake } from './intake.ts'
import { Pools } from './pools.ts'
import type { HttpAnswer, HttpRequest, Method } from './message.ts'
import { maskText } from './redact.ts'
import { isMoved, isRedirect, nextTarget } from './redirect.ts'
import { parseTarget, refusal, type RefusedPort, type Target } from './target.ts'

export type { HttpAnswer, HttpRequest, Method }

export interface HttpClientOptions extends ConnectivityOptions {
  now: () => number
  /** Where Steward itself listens: never reached by a tool, whoever names it. */
  refusedPorts?: () => readonly RefusedPort[]
  /** Every address of a name, in the order to try them. */
  resolve?: (hostname: string) => Promise<readonly Address[]>
  userAgent?: string
}

export interface HttpClient {
  request(request: HttpRequest): Promise<HttpAnswer>
  readonly hosts: HostHealth
  readonly connectivity: Connectivity
  close(): Promise<void>
}

const TIMEOUT_MS = 30_000
const LONGEST_TIMEOUT_MS = 600_000
const MAX_BYTES = 8_388_608
const MAX_REDIRECTS = 10
const EXCERPT = 500
/** Requests with the credential of one connection. */
const AT_ONCE_AS_ONE = 4

/** A caller that waits for less says nothing about the host: its impatience must not close it to the others. */
const FAIR_TIMEOUT_MS = 5_000

export function createHttpClient(options: HttpClientOptions): HttpClient {
  return new GuardedClient(options)
}

/** One request through all its hops. */
interface Journey {
  request: HttpRequest
  method: Method
  headers: Record<string, string>
  target: Target
  credential: Credential | null
  /** False once another origin was visited: a credential that was left behind is not taken up again. */
  carries: boolean
  redirects: string[]
  deadline: Deadline
  maxBytes: number
  begunAt: number
  resolveMs: number
}

class GuardedClient implements HttpClient {
  readonly hosts: HostHealth
  readonly connectivity: Connectivity
  readonly #pools = new Pools()
  readonly #now: () => number
  readonly #refusedPorts: () => readonly RefusedPort[]
  readonly #lanes = new Lanes(AT_ONCE_AS_ONE)
  readonly #resolve: (hostname: string) => Promise<readonly Address[]>
  readonly #userAgent: string

  constructor(options: HttpClientOptions) {
    this.#now = options.now
    this.#refusedPorts = options.refusedPorts ?? (() => [])
    this.#resolve = options.resolve ?? resolveByOs
    this.#userAgent = options.userAgent ?? 'Steward'
    this.hosts = new HostHealth(options.now)
    this.connectivity = new Connectivity({
      ...options,
      onChange: online => {
        if (online) this.hosts.forgetBreakers()
        options.onChange?.(online)
      },
    })
  }

  async request(request: HttpRequest): Promise<HttpAnswer> {
    const journey = this.#journey(request)
    const { credential } = journey
    if (credential === null) return this.#travel(journey)
    return hiding(credential, () => this.#travelAs(credential.connection, journey))
  }

  /** In its turn among those that carry the same credential. */
  async #travelAs(connection: string, journey: Journey): Promise<HttpAnswer> {
    const { entered, leave } = this.#lanes.enter(connection)
    try {
      await journey.deadline.bound(entered, journey.target, 'no')
      return await this.#travel(journey)
    } finally {
      journey.deadline.release()
      leave()
    }
  }

  async #travel(journey: Journey): Promise<HttpAnswer> {
    try {
      for (;;) {
        const { beforeHop } = journey.request
        if (beforeHop !== undefined)
          await journey.deadline.bound(beforeHop(journey.target), journey.target, 'no')
        const answer = await this.#hop(journey)
        const next = redirectOf(journey, answer)
        if (next === null) return await this.#finish(journey, answer)
        follow(journey, next)
      }
    } finally {
      journey.deadline.release()
    }
  }

  async close(): Promise<void> {
    this.connectivity.close()
    await this.#pools.close()
  }

  #journey(request: HttpRequest): Journey {
    const method = request.method ?? 'GET'
    const headers = checkedHeaders(request.headers ?? {})
    headers['user-agent'] ??= this.#userAgent
    headers['accept'] ??= '*/*'
    headers['accept-encoding'] = encodingsFor(request)
    const target = parseTarget(request.url)
    const credential = credentialOf(request, target)
    credential?.checkPlace(target.url)
    const timeoutMs = Math.min(Math.max(request.timeoutMs ?? TIMEOUT_MS, 1), LONGEST_TIMEOUT_MS)
    return {
      request,
      method,
      headers,
      target,
      credential,
      carries: true,
      redirects: [],
      deadline: new Deadline(timeoutMs, request.signal),
      maxBytes: request.maxBytes ?? MAX_BYTES,
      begunAt: performance.now(),
      resolveMs: 0,
    }
  }

  /** One request to one host, its outcome recorded in the host's health. */
  async #hop(journey: Journey): Promise<Answer> {
    const { target, request } = journey
    if (!this.connectivity.online && !isThisMachine(target) && this.connectivity.look()) {
      throw new FailureError(offlineFailure())
    }
    const account = accountOf(journey)
    const held =
      request.despiteHealth === true
        ? null
        : (this.hosts.admit(target.host) ?? this.#heldBack(target, account))
    if (held !== null) throw new FailureError(held)
    let event: HostEvent | null = null
    try {
      const answer = await this.#send(journey, await this.#addresses(journey))
      event = this.#eventOf(answer)
      return answer
    } catch (error) {
      const failure = this.#judge(error, target)
      event = eventOfFailure(failure)
      throw new FailureError(failure)
    } finally {
      if (event !== null) this.#record(target.host, account, event)
    }
  }

  /** An account that has asked too often, of a host that others may go on asking. */
  #heldBack(target: Target, account: string | null): Failure | null {
    return account === null ? null : this.hosts.admit(target.host, account)
  }

  #record(host: string, account: string | null, event: HostEvent): void {
    const isItsOwn = account !== null && event.is === 'rate-limited'
    this.hosts.record(host, isItsOwn ? { is: 'answered' } : event)
    if (isItsOwn) this.hosts.record(account, event)
  }

  /** Resolved once, all checked: what is connected to is what was judged. */
  async #addresses(journey: Journey): Promise<readonly Address[]> {
    const { target, request } = journey
    const addresses = target.literal === null ? await this.#look(journey) : [target.literal]
    const refused = refusal(target, addresses, request.allowHost(target.host), this.#refusedPorts())
    if (refused !== null) throw new FailureError(refused)
    return addresses
  }

  async #look(journey: Journey): Promise<readonly Address[]> {
    const { target, deadline } = journey
    const begun = performance.now()
    try {
      const addresses = await deadline.bound(this.#resolve(target.hostname), target, 'no')
      if (addresses.length === 0) throw Object.assign(new Error('no address'), { code: 'ENOTFOUND' })
      return addresses
    } catch (error) {
      throw isFailureError(error) ? error : new TransportError(error, 'no')
    } finally {
      journey.resolveMs += performance.now() - begun
    }
  }

  async #send(journey: Journey, addresses: readonly Address[]): Promise<Answer> {
    const { target, method, headers, deadline, request } = journey
    await this.#pools.ready()
    const entry = this.#pools.for(target, addresses)
    const credential = journey.carries ? journey.credential : null
    const outgoing = {
      target: addressed(target, credential),
      method,
      headers: { ...headers, ...credential?.headersFor(target.url) },
      body: request.body ?? null,
      // What is not for the sink (a redirect, an error) is held in memory after all.
      maxBytes: request.sink === undefined ? journey.maxBytes : MAX_BYTES,
      deadline,
      meet: (head: AnswerHead, failed: (error: unknown) => void) => intakeFor(journey, head, failed),
    }
    const wasWarm = entry.warm
    entry.active += 1
    try {
      const answer = await exchange(entry.pool, outgoing).catch((error: unknown) => {
        // A kept connection that the other side had just closed says nothing about the host; a read may ask again.
        const stale = wasWarm && isRead(method) && error instanceof TransportError && error.sent === 'maybe'
        if (stale) return exchange(entry.pool, outgoing)
        throw error
      })
      entry.warm = true
      return answer
    } finally {
      entry.active -= 1
    }
  }

  #eventOf(answer: Answer): HostEvent {
    if (answer.status === 429) {
      return { is: 'rate-limited', retryAfterMs: parseRetryAfter(answer.headers['retry-after'], this.#now()) }
    }
    return { is: answer.status >= 502 && answer.status <= 504 ? 'failed' : 'answered' }
  }

  #judge(error: unknown, target: Target): Failure {
    if (isFailureError(error)) return error.failure
    if (!(error instanceof TransportError)) throw error
    const mayBeOffline = error.sent === 'no' && mayMeanOffline(error.cause) && !isThisMachine(target)
    if (mayBeOffline && this.connectivity.look()) return offlineFailure()
    return errorFailure(error.cause, target, error.sent)
  }

  async #finish(journey: Journey, answer: Answer): Promise<HttpAnswer> {
    const { target, request, method, deadline, maxBytes } = journey
    const { status, headers } = answer
    const coding = headers['content-encoding']
    const decoded: Decoded =
      coding === undefined
        ? { is: 'decoded', body: answer.body }
        : await deadline.bound(decodeBody(answer.body, coding, maxBytes), target, 'maybe')
    if (!isAccepted(request, method, status)) {
      const excerpt =
        decoded.is === 'decoded' ? excerptOf(journey, decoded.body, headers['content-type']) : ''
      throw new FailureError(statusFailure(target, method, { status, headers, excerpt }, this.#now()))
    }
    if (decoded.is === 'too-large') throw new FailureError(tooLargeFailure(target, maxBytes, status))
    if (decoded.is === 'unreadable') throw new FailureError(unreadableFailure(target, decoded.what, status))
    const timing = {
      resolveMs: journey.resolveMs,
      firstByteMs: answer.firstByteAt - journey.begunAt,
      totalMs: performance.now() - journey.begunAt,
    }
    return { status, headers, url: target.url.href, body: decoded.body, redirects: journey.redirects, timing }
  }
}

async function resolveByOs(hostname: string): Promise<readonly Address[]> {
  const found = await lookup(hostname, { all: true, order: 'verbatim' })
  return found.map(({ address, family }) => ({ address, family: family === 6 ? 6 : 4 }))
}

function isThisMachine(target: Target): boolean {
  if (target.literal !== null) return isLoopback(target.literal.address)
  return target.hostname === 'localhost' || target.hostname.endsWith('.localhost')
}

export function isRead(method: string): boolean {
  return method === 'GET' || method === 'HEAD' || method === 'OPTIONS'
}

function isAccepted(request: HttpRequest, method: Method, status: number): boolean {
  return request.accept?.(status) ?? (status < 400 && (isRead(method) || !isMoved(status)))
}

/** A file is wanted as it is, not packed once more for the way. */
function encodingsFor({ sink }: HttpRequest): string {
  return sink === undefined ? ACCEPTED_ENCODINGS : 'identity'
}

/** Shows an answer that will be given back to who asked, and sends its body where it belongs. */
function intakeFor(journey: Journey, head: AnswerHead, failed: (error: unknown) => void): Intake | null {
  const { request, method, target, maxBytes } = journey
  const { status, headers } = head
  if (!isAccepted(request, method, status) || leadsOn(journey, head)) return null
  request.onHead?.({ status, headers, target })
  if (request.sink === undefined) return null
  const coding = headers['content-encoding']
  return new Intake({ target, status, coding, maxBytes, sink: request.sink }, failed)
}

function leadsOn({ request, method }: Journey, { status, headers }: AnswerHead): boolean {
  const follows = request.followRedirects !== false && (method === 'GET' || method === 'HEAD')
  return follows && isRedirect(status) && headers['location'] !== undefined
}

/** Under which name it is kept how often the account of a credential that goes along may be used. */
function accountOf({ target, credential, carries }: Journey): string | null {
  return credential !== null && carries ? `${target.host} (${credential.connection})` : null
}

/** What a failure says about the host; nothing where the request was given up here. */
function eventOfFailure(failure: Failure): HostEvent | null {
  if (reasonOf(failure) === null || reasonOf(failure) === 'cancelled') return null
  if (failure.kind === 'script-limit') return { is: 'answered' }
  if (failure.kind === 'timeout' && failure.afterMs < FAIR_TIMEOUT_MS) return null
  switch (breakerEventOf(failure)) {
    case 'failure':
      return { is: 'failed' }
    case 'success':
      return { is: 'answered' }
    default:
      return null
  }
}

function redirectOf(journey: Journey, answer: Answer): Target | null {
  const { request, target, redirects } = journey
  const location = answer.headers['location']
  if (!leadsOn(journey, answer) || location === undefined) return null
  const maxRedirects = request.maxRedirects ?? MAX_REDIRECTS
  return nextTarget({ from: target, status: answer.status, location, visited: redirects, maxRedirects })
}

/** Another origin gets no header that could be a secret of the first. */
function follow(journey: Journey, next: Target): void {
  const { target, request } = journey
  if (next.host !== target.host && !request.mayVisit(next.host)) {
    const message = `${target.host} redirected to ${next.host}, which the contract does not name. Nothing was sent there.`
    const detail = { sent: 'maybe', host: next.host, redirectedBy: target.host }
    throw new FailureError({ kind: 'not-permitted', clause: 'reads.hosts', message, detail })
  }
  journey.redirects.push(target.url.href)
  if (next.url.origin !== target.url.origin) {
    journey.headers = { ...portableHeaders(journey.headers), 'accept-encoding': encodingsFor(request) }
    journey.carries = false
  }
  journey.target = next
}

function excerptOf({ credential }: Journey, answer: Uint8Array, contentType: string | undefined): string {
  if (!/^(text\/|application\/([\w.+-]*\+)?(json|xml)\b)/i.test(contentType ?? '')) return ''
  // Before it is cut: half a secret would not be known for one.
  const body = credential?.hideInBytes(answer) ?? answer
  return maskText(textOf(body.subarray(0, EXCERPT * 4), contentType).slice(0, EXCERPT))
}
