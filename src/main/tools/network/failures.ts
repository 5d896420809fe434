/**
 * Every way a request can fail, made into a Failure where it is known: from the error of the socket, the time that
 * ran out, the status of the answer. Each says whether the request can have reached the other side (J4).
 */
import type { Failure } from '../../../domain/failure.ts'
import { isJsonObject, type JsonObject } from '../../../domain/json.ts'
import { maskKeys } from './redact.ts'
import type { Target } from './target.ts'

/** 'no' only when not one byte of the request was written; whatever is in doubt is 'maybe'. */
export type Sent = 'no' | 'maybe'

export type Reason =
  'dns' | 'refused' | 'unreachable' | 'timeout' | 'tls' | 'reset' | 'offline' | 'cancelled' | 'answer'

const MAX_RETRY_AFTER_MS = 7 * 86_400_000

export function sentOf(failure: Failure): Sent {
  return isJsonObject(failure.detail) && failure.detail['sent'] === 'no' ? 'no' : 'maybe'
}

/** The status that was seen before the failure, where one was. */
export function statusOf(failure: Failure): number | null {
  const status = isJsonObject(failure.detail) ? failure.detail['status'] : undefined
  return typeof status === 'number' ? status : null
}

export function reasonOf(failure: Failure): Reason | null {
  const reason = isJsonObject(failure.detail) ? failure.detail['reason'] : undefined
  return typeof reason === 'string' ? (reason as Reason) : null
}

/** The same failure, saying which status had been seen when it happened. */
export function withStatus(failure: Failure, status: number): Failure {
  return { ...failure, detail: { ...detailOf(failure), sent: 'maybe', status } }
}

function detailOf(failure: Failure): JsonObject {
  return isJsonObject(failure.detail) ? failure.detail : {}
}

const DNS_CODES = new Set([
  'ENOTFOUND',
  'EAI_AGAIN',
  'EAI_NODATA',
  'EAI_NONAME',
  'EAI_FAIL',
  'ESERVFAIL',
  'ETIMEOUT',
  'ENODATA',
])
const UNREACHABLE_CODES = new Set(['ENETUNREACH', 'EHOSTUNREACH', 'ENETDOWN', 'EHOSTDOWN', 'EADDRNOTAVAIL'])
const TIMEOUT_CODES = new Set(['UND_ERR_CONNECT_TIMEOUT', 'ETIMEDOUT'])
const OFFLINE_CODES = new Set(['ENOTFOUND', 'EAI_AGAIN', ...UNREACHABLE_CODES])

/** Errors that a machine without any network would see; whether it has one is looked up. */
export function mayMeanOffline(error: unknown): boolean {
  return OFFLINE_CODES.has(codeOf(error))
}

/** What the socket, the resolver or the parser said, as a Failure. */
export function errorFailure(error: unknown, target: Target, sent: Sent): Failure {
  const code = codeOf(error)
  const detail = { sent, code, host: target.host }
  if (UNREADABLE_CODES.has(code)) {
    const message = `${target.host} sent an answer that is not valid HTTP. ${aftermath(sent)}`
    return { kind: 'bad-response', host: target.host, message, detail: { ...detail, reason: 'answer' } }
  }
  const reason = reasonOfCode(code, sent)
  const message = `${sentenceOf(reason, target)} ${aftermath(sent)}`
  return { kind: 'network', host: target.host, message, detail: { ...detail, reason } }
}

/** Not HTTP, or contradicting itself: a head too long, two lengths, more or less than was announced. */
const UNREADABLE_CODES = new Set(['HPE', 'UND_ERR_HEADERS_OVERFLOW', 'UND_ERR_RES_CONTENT_LENGTH_MISMATCH'])

function reasonOfCode(code: string, sent: Sent): Reason {
  if (DNS_CODES.has(code)) return 'dns'
  if (code === 'ECONNREFUSED') return 'refused'
  if (UNREACHABLE_CODES.has(code)) return 'unreachable'
  if (TIMEOUT_CODES.has(code)) return 'timeout'
  return sent === 'no' && isTls(code) ? 'tls' : 'reset'
}

function isTls(code: string): boolean {
  return /^(ERR_TLS|ERR_SSL|ERR_OSSL|CERT_|UNABLE_TO_|SELF_SIGNED|DEPTH_ZERO|EPROTO|HOSTNAME_MISMATCH)/.test(
    code,
  )
}

function sentenceOf(reason: Reason, target: Target): string {
  switch (reason) {
    case 'dns':
      return `The name ${target.hostname} was not found.`
    case 'refused':
      return `${target.host} refused the connection.`
    case 'unreachable':
      return `${target.host} could not be reached.`
    case 'timeout':
      return `${target.host} did not accept the connection in time.`
    case 'tls':
      return `${target.host} did not prove its identity: its certificate was not accepted.`
    case 'offline':
    case 'cancelled':
    case 'answer':
    case 'reset':
      return `The connection to ${target.host} broke.`
  }
}

function aftermath(sent: Sent): string {
  return sent === 'no' ? 'Nothing was sent.' : 'The request may have arrived.'
}

export function timeoutFailure(target: Target, afterMs: number, sent: Sent): Failure {
  return {
    kind: 'timeout',
    host: target.host,
    afterMs,
    message: `${target.host} did not finish its answer within ${afterMs} ms. ${aftermath(sent)}`,
    detail: { sent, reason: 'timeout', host: target.host },
  }
}

export function cancelledFailure(target: Target, sent: Sent): Failure {
  return {
    kind: 'network',
    host: target.host,
    message: `The request to ${target.host} was cancelled. ${aftermath(sent)}`,
    detail: { sent, reason: 'cancelled', host: target.host },
  }
}

export function offlineFailure(): Failure {
  return {
    kind: 'offline',
    message: 'This machine had no network. Nothing was sent; it goes on when the network is back.',
    detail: { sent: 'no', reason: 'offline' },
  }
}

export function tooLargeFailure(target: Target, allowed: number, status: number): Failure {
  return {
    kind: 'script-limit',
    limit: 'bytes-in',
    allowed,
    message: `The answer of ${target.host} was larger than ${allowed} bytes. Reading stopped there.`,
    detail: { sent: 'maybe', status, reason: 'answer', host: target.host },
  }
}

export function unreadableFailure(target: Target, what: string, status: number): Failure {
  return {
    kind: 'bad-response',
    host: target.host,
    message: `${target.host} answered ${status}; ${what}.`,
    detail: { sent: 'maybe', status, reason: 'answer', host: target.host },
  }
}

export interface Answered {
  status: number
  headers: Readonly<Record<string, string>>
  /** A short, masked excerpt of the body for the maintainer; '' where there is none. */
  excerpt: string
}

/** What a status that was not asked for means. */
export function statusFailure(target: Target, method: string, answered: Answered, now: number): Failure {
  const { status } = answered
  const host = target.host
  const retryAfterMs = parseRetryAfter(answered.headers['retry-after'], now)
  const detail = {
    sent: 'maybe',
    status,
    reason: 'answer',
    host,
    ...(answered.excerpt === '' ? {} : { answer: answered.excerpt }),
  }
  const asked = `${method} ${host}${maskKeys(target.url.pathname)}`
  if (status === 429) {
    return {
      kind: 'rate-limited',
      host,
      retryAfterMs,
      message: `${host} answered 429: too many requests.`,
      detail,
    }
  }
  if (isTransient(status)) {
    return {
      kind: 'unavailable',
      host,
      status,
      retryAfterMs,
      message: `${asked} was answered with ${status}.`,
      detail,
    }
  }
  return { kind: 'rejected', host, status, message: `${asked} was answered with ${status}.`, detail }
}

/** Statuses that speak of the moment, not of the request. */
export function isTransient(status: number): boolean {
  return status === 408 || status === 425 || (status >= 500 && status !== 501 && status !== 505)
}

/** Seconds or an HTTP date (RFC 9110, 10.2.3), as ms from now; null when absent or unreadable. */
export function parseRetryAfter(value: string | undefined, now: number): number | null {
  if (value === undefined) return null
  const text = value.trim()
  if (/^\d{1,10}$/.test(text)) return Math.min(Number(text) * 1000, MAX_RETRY_AFTER_MS)
  if (!/^[A-Z][a-z]{2,8},? /.test(text)) return null
  const at = Date.parse(text)
  return Number.isNaN(at) ? null : Math.min(Math.max(at - now, 0), MAX_RETRY_AFTER_MS)
}

function codeOf(error: unknown): string {
  if (typeof error !== 'object' || error === null) return ''
  const code = ownCodeOf(error)
  if (code !== '') return code
  const inner =
    error instanceof AggregateError ? (error.errors as unknown[])[0] : 'cause' in error ? error.cause : null
  return inner === null || inner === undefined || inner === error ? '' : codeOf(inner)
}

function ownCodeOf(error: object): string {
  // By its name: the library is loaded only with the first request.
  if (error instanceof Error && error.name === 'HTTPParserError') return 'HPE'
  return 'code' in error && typeof error.code === 'string' ? error.code : ''
}
