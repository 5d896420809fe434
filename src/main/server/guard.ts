/**
 * The rules every request meets before a route does (Local API): this machine by its exact name, no foreign page, the
 * token, JSON only, limited size. There is no CORS header anywhere: no page of another origin may read an answer.
 */
import { timingSafeEqual } from 'node:crypto'
import type { MiddlewareHandler } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import { SECURITY_HEADERS } from './headers.ts'
import { RequestProblem } from './problem.ts'

export interface Guard {
  token: string
  /** Where this server listens; known once it does. */
  port: () => number
}

export const LARGEST_BODY = 1_048_576

const TOO_LARGE = `The body is larger than ${String(LARGEST_BODY)} bytes. Nothing was changed. Send less, or put large content into a file.`
/** What answers without the token. */
export const OPEN_PATHS: ReadonlySet<string> = new Set(['/health'])

export function guardRequests({ token, port }: Guard): MiddlewareHandler {
  const expected = Buffer.from(`Bearer ${token}`)
  const countBody = bodyLimit({
    maxSize: LARGEST_BODY,
    onError: () => {
      throw new RequestProblem(413, TOO_LARGE)
    },
  })
  return async (c, next) => {
    for (const [name, value] of SECURITY_HEADERS) c.header(name, value)
    const hosts = hostsAt(port())
    const header = (name: string) => c.req.header(name)
    checkHost(header('host'), hosts)
    checkOrigin(header('origin'), header('sec-fetch-site'), hosts)
    if (!OPEN_PATHS.has(c.req.path)) checkToken(header('authorization'), expected)
    const length = header('content-length')
    const chunked = header('transfer-encoding') !== undefined
    if (!chunked && (length === undefined || length === '0')) return next()
    if (!isJson(header('content-type'))) {
      throw new RequestProblem(
        415,
        'Bodies are taken as application/json only. Nothing was changed. Send JSON, with that content type.',
      )
    }
    if (Number(length ?? 0) > LARGEST_BODY) throw new RequestProblem(413, TOO_LARGE)
    // Node holds a body to the length it announced; only one without has to be counted.
    return chunked ? countBody(c, next) : next()
  }
}

function hostsAt(port: number): readonly string[] {
  return [`127.0.0.1:${String(port)}`, `localhost:${String(port)}`, `[::1]:${String(port)}`]
}

/** A name that leads here without being ours is a page that re-bound its name to this machine. */
function checkHost(host: string | undefined, hosts: readonly string[]): void {
  if (host !== undefined && hosts.includes(host.toLowerCase())) return
  throw new RequestProblem(403, 'The request named another host than this machine. Nothing was changed.')
}

function checkOrigin(origin: string | undefined, site: string | undefined, hosts: readonly string[]): void {
  const ownOrigin = origin === undefined || hosts.some(host => origin === `http://${host}`)
  const ownSite = site === undefined || site === 'same-origin' || site === 'none'
  if (ownOrigin && ownSite) return
  throw new RequestProblem(403, 'The request came from a page of another site. Nothing was changed.')
}

function checkToken(authorization: string | undefined, expected: Buffer): void {
  const given = Buffer.from(authorization ?? '')
  if (given.length === expected.length && timingSafeEqual(given, expected)) return
  throw new RequestProblem(
    401,
    'The request showed no valid token. Nothing was changed. The token is in the file “token” of the data folder.',
  )
}

function isJson(contentType: string | undefined): boolean {
  return /^application\/json\s*(;\s*charset=utf-8\s*)?$/i.test(contentType ?? '')
}
