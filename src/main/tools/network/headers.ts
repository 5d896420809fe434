/** Which headers a caller may set, what they may contain, and how an answer's are read. */
import { FailureError } from '../../../domain/failure.ts'

const MAX_HEADERS = 64
const MAX_HEADER_BYTES = 16_384
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9a-z]+$/i
const VALUE = /^[\t\x20-\x7e\x80-\xff]*$/

/**
 * Whose they are: the connection's (framing), the credential's (only the host attaches one), the client's
 * (decoding), or a way to make a read act as a write behind the back of policy.
 */
const RESERVED = new Set([
  'host',
  'authorization',
  'cookie',
  'cookie2',
  'connection',
  'keep-alive',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'http2-settings',
  'content-length',
  'expect',
  'accept-encoding',
  'x-http-method',
  'x-http-method-override',
  'x-method-override',
])

/** Sent on to another origin when a redirect leads there; anything else may be a secret of the first. */
const PORTABLE = new Set([
  'accept',
  'accept-language',
  'user-agent',
  'range',
  'if-none-match',
  'if-modified-since',
])

export type Headers = Readonly<Record<string, string>>

/** What is wrong with a header, or null: for input schemas. */
export function headerProblem(name: string, value: string): string | null {
  const lower = name.toLowerCase()
  if (!TOKEN.test(name)) return 'has a name that is not a header name'
  if (RESERVED.has(lower) || lower.startsWith('proxy-')) return 'may not be set by a script'
  if (!VALUE.test(value)) return 'has a value with a line break or a character that headers cannot carry'
  return null
}

/** Lower-case names; refuses what no caller may set. */
export function checkedHeaders(headers: Headers): Record<string, string> {
  const checked: Record<string, string> = Object.create(null) as Record<string, string>
  const entries = Object.entries(headers)
  if (entries.length > MAX_HEADERS) refuse(`More than ${MAX_HEADERS} headers were given`)
  let size = 0
  for (const [name, value] of entries) {
    const problem = headerProblem(name, value)
    if (problem !== null) refuse(`The header ${JSON.stringify(name.slice(0, 80))} ${problem}`)
    if (name.toLowerCase() in checked) refuse(`The header ${JSON.stringify(name)} was given twice`)
    checked[name.toLowerCase()] = value
    size += name.length + value.length
  }
  if (size > MAX_HEADER_BYTES) refuse(`The headers are longer than ${MAX_HEADER_BYTES} bytes`)
  return checked
}

export function portableHeaders(headers: Headers): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => PORTABLE.has(name)))
}

/** An answer's headers: lower-case names, repeated ones joined, no prototype. */
export function answerHeaders(
  parsed: Readonly<Record<string, string | string[] | undefined>>,
): Record<string, string> {
  const headers = Object.create(null) as Record<string, string>
  for (const name of Object.keys(parsed)) {
    const value = parsed[name]
    if (value !== undefined)
      headers[name.toLowerCase()] = typeof value === 'string' ? value : value.join(', ')
  }
  return headers
}

function refuse(message: string): never {
  throw new FailureError({
    kind: 'invalid-input',
    path: 'headers',
    message: `${message}. Nothing was sent.`,
    detail: { sent: 'no' },
  })
}
