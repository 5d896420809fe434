import { errors } from 'undici'
import { describe, expect, it } from 'vitest'
import {
  errorFailure,
  mayMeanOffline,
  parseRetryAfter,
  reasonOf,
  sentOf,
  statusFailure,
  statusOf,
} from './failures.ts'
import { parseTarget } from './target.ts'

const NOW = Date.UTC(2026, 0, 1)
const target = parseTarget('https://example.com/orders?token=abc')
const coded = (code: string): Error => Object.assign(new Error(code), { code })
const answered = (status: number, retryAfter?: string) =>
  statusFailure(
    target,
    'GET',
    { status, headers: retryAfter === undefined ? {} : { 'retry-after': retryAfter }, excerpt: '' },
    NOW,
  )

describe('Retry-After', () => {
  it.each([
    ['0', 0],
    ['120', 120_000],
    [' 5 ', 5_000],
    ['Thu, 01 Jan 2026 00:01:00 GMT', 60_000],
    ['Thursday, 01-Jan-26 00:00:30 GMT', 30_000],
    ['Wed, 31 Dec 2025 23:00:00 GMT', 0],
    ['9999999999', 7 * 86_400_000],
    ['Thu, 01 Jan 2099 00:00:00 GMT', 7 * 86_400_000],
    ['soon', null],
    ['-1', null],
    ['2026', 2_026_000],
    ['', null],
    [undefined, null],
  ])('reads %j as %j ms', (value, ms) => {
    expect(parseRetryAfter(value, NOW)).toBe(ms)
  })
})

describe('statuses', () => {
  it('R5 keeps what the host said about coming back', () => {
    expect(answered(429, '7')).toMatchObject({
      kind: 'rate-limited',
      retryAfterMs: 7_000,
      host: 'example.com',
    })
    expect(answered(503, '9')).toMatchObject({ kind: 'unavailable', status: 503, retryAfterMs: 9_000 })
    expect(answered(429)).toMatchObject({ kind: 'rate-limited', retryAfterMs: null })
  })

  it('tells the moment from the request', () => {
    const kinds = [400, 401, 404, 408, 409, 422, 425, 500, 501, 502, 504, 505, 520].map(
      status => answered(status).kind,
    )
    const [no, later] = ['rejected', 'unavailable']
    expect(kinds).toEqual([no, no, no, later, no, no, later, later, no, later, later, no, later])
  })

  it('never puts the query into a message', () => {
    expect(answered(404).message).toBe('GET example.com/orders was answered with 404.')
  })
})

describe('errors of the transport', () => {
  it.each([
    ['ENOTFOUND', 'dns'],
    ['EAI_AGAIN', 'dns'],
    ['ECONNREFUSED', 'refused'],
    ['EHOSTUNREACH', 'unreachable'],
    ['UND_ERR_CONNECT_TIMEOUT', 'timeout'],
    ['CERT_HAS_EXPIRED', 'tls'],
    ['ERR_TLS_CERT_ALTNAME_INVALID', 'tls'],
    ['ECONNRESET', 'reset'],
  ])('%s before a byte was written is network, %s', (code, reason) => {
    const failure = errorFailure(coded(code), target, 'no')
    expect([failure.kind, reasonOf(failure), sentOf(failure)]).toEqual(['network', reason, 'no'])
    expect(failure.message).toMatch(/Nothing was sent\.$/)
  })

  it('J4 says that the request may have arrived once a byte may have left', () => {
    const failure = errorFailure(coded('ECONNRESET'), target, 'maybe')
    expect([sentOf(failure), statusOf(failure)]).toEqual(['maybe', null])
    expect(failure.message).toMatch(/may have arrived\.$/)
  })

  it('J4 takes a failure that says nothing about it for one that may have arrived', () => {
    expect(sentOf({ kind: 'network', host: 'example.com', message: 'x' })).toBe('maybe')
  })

  it('finds the cause inside the errors of several attempts', () => {
    const failure = errorFailure(
      new AggregateError([coded('ECONNREFUSED'), coded('ENETUNREACH')]),
      target,
      'no',
    )
    expect(reasonOf(failure)).toBe('refused')
    expect(mayMeanOffline(coded('ENETUNREACH'))).toBe(true)
    expect(mayMeanOffline(coded('ECONNREFUSED'))).toBe(false)
  })

  it('calls an answer that is not HTTP a bad response', () => {
    expect(errorFailure(new errors.HTTPParserError('x'), target, 'maybe').kind).toBe('bad-response')
  })
})
