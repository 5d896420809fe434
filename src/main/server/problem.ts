/** Errors as clients get them (RFC 9457): what happened, what was and was not changed, the next step; never a leak. */
import { isFailureError } from '../../domain/failure.ts'
import type { Failure } from '../../domain/failure.ts'
import type { Log } from '../store/log-file.ts'
import { SECURITY_HEADERS } from './headers.ts'

export interface Problem {
  type: string
  title: string
  status: number
  detail: string
  /** Present where the error is one of the engine's failures. */
  failure?: Failure
}

/** An error of the request itself. */
export class RequestProblem extends Error {
  readonly status: number

  constructor(status: number, detail: string) {
    super(detail)
    this.status = status
  }
}

export function notFound(what: string, list: string): never {
  throw new RequestProblem(404, `There is no ${what}. Nothing was changed. List them with: ${list}`)
}

const TITLES: Readonly<Record<number, string>> = {
  400: 'The request could not be read',
  401: 'The token is missing or wrong',
  403: 'The request was refused',
  404: 'Not found',
  409: 'This is not possible now',
  412: 'It was changed meanwhile',
  413: 'The request is too large',
  415: 'The content type is not accepted',
  422: 'The content was refused',
  428: 'The request must say what it changes',
  429: 'Too much at once',
  500: 'Something went wrong inside Steward',
  503: 'Not available now',
  507: 'The disk is full',
}

export function problem(status: number, detail: string, failure?: Failure): Problem {
  return {
    type: `urn:steward:problem:${failure?.kind ?? String(status)}`,
    title: TITLES[status] ?? 'The request failed',
    status,
    detail,
    ...(failure === undefined ? {} : { failure }),
  }
}

export function respond(body: Problem): Response {
  return new Response(JSON.stringify(body), {
    status: body.status,
    headers: [...SECURITY_HEADERS, ['content-type', 'application/problem+json']],
  })
}

/** Whatever a route threw. What nobody foresaw is logged by name and place, and told without either. */
export function problemOf(thrown: unknown, log: Log): Problem {
  if (thrown instanceof RequestProblem) return problem(thrown.status, thrown.message)
  if (isFailureError(thrown)) return problem(statusOf(thrown.failure), thrown.failure.message, thrown.failure)
  logBug(thrown, log)
  return problem(500, 'An internal error stopped this request. Its cause is in the log of the data folder.')
}

function statusOf(failure: Failure): number {
  switch (failure.kind) {
    case 'invalid-input':
      if (failure.path === 'cursor') return 400
      // What is asked for exists (a missing one is 404 before), so it is its state that does not allow it.
      return ['id', 'workflow', 'turn'].includes(failure.path ?? '') ? 409 : 422
    case 'script-error':
    case 'not-permitted':
      return 422
    case 'approval-expired':
      return 409
    case 'disk-full':
      return 507
    case 'vault-locked':
      return 503
    default:
      return 500
  }
}

function logBug(thrown: unknown, log: Log): void {
  log('error', 'a request failed unexpectedly', { error: thrown })
}
