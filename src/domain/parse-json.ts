/**
 * JSON as others write it. A number here is a double, and numbers of others need not be: a whole one beyond 2^53 would
 * be rounded, so that two ids become one, and one without an end would become null. Such numbers stay as they were
 * written, as text.
 */
import type { Json } from './json.ts'

/** Nothing shorter can be beyond what a double holds. */
const MAY_HOLD_LARGE = /\d{16}|\d[eE]\+?\d{3}/
const NEXT = /"|-?\d[\d.eE+-]*/g
const NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?([eE][+-]?\d+)?$/

/** Throws SyntaxError as JSON.parse does. */
export function parseJson(text: string): Json {
  const value = JSON.parse(text) as Json
  if (!MAY_HOLD_LARGE.test(text)) return value
  const exact = withLargeAsText(text)
  return exact === text ? value : (JSON.parse(exact) as Json)
}

/** `text` is JSON: what stands outside of quotes and looks like a number is one. */
function withLargeAsText(text: string): string {
  const parts: string[] = []
  let kept = 0
  NEXT.lastIndex = 0
  for (let found = NEXT.exec(text); found !== null; found = NEXT.exec(text)) {
    const [token] = found
    if (token === '"') NEXT.lastIndex = afterString(text, found.index)
    else if (isTooLarge(token)) {
      parts.push(text.slice(kept, found.index), '"', token, '"')
      kept = found.index + token.length
    }
  }
  parts.push(text.slice(kept))
  return parts.join('')
}

function afterString(text: string, start: number): number {
  let end = text.indexOf('"', start + 1)
  while (end !== -1 && isEscaped(text, end)) end = text.indexOf('"', end + 1)
  return end === -1 ? text.length : end + 1
}

function isEscaped(text: string, at: number): boolean {
  let before = at
  while (text[before - 1] === '\\') before--
  return (at - before) % 2 === 1
}

function isTooLarge(token: string): boolean {
  const [, exponent] = NUMBER.exec(token) ?? []
  const value = Number(token)
  return exponent === undefined ? Math.abs(value) > Number.MAX_SAFE_INTEGER : !Number.isFinite(value)
}
