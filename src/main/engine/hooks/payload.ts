/** A delivery as a script is given it: whatever it was, as data, without what proves who sent it. */
import type { Json } from '../../../domain/json.ts'
import { parseJson } from '../../../domain/parse-json.ts'
import type { WebhookPayload } from '../../../domain/triggers/webhook.ts'
import type { Headers } from './verify.ts'

export interface Received {
  /** Lower-case names. */
  headers: Headers
  query: Readonly<Record<string, string>>
  body: Uint8Array
}

const MOST_HEADERS = 100
const LONGEST_HEADER = 4_096
const HIDDEN = /^(authorization|cookie|proxy-.*|connection|keep-alive|te|trailer|transfer-encoding|upgrade)$/
const PROOF = /signature|secret|token|api-?key/

export function payloadOf(hook: string, id: string, received: Received, at: number): WebhookPayload {
  const { headers, query, body } = received
  const text = textOf(body)
  return {
    trigger: 'webhook',
    hook,
    delivery: id,
    receivedAt: at,
    type: (headers['content-type'] ?? '').toLowerCase().slice(0, LONGEST_HEADER),
    body: text ?? Buffer.from(body).toString('base64'),
    encoding: text === null ? 'base64' : 'text',
    json: text === null ? null : jsonOf(text),
    headers: shown(headers),
    query: Object.fromEntries(Object.entries(query).slice(0, MOST_HEADERS)),
  }
}

function shown(headers: Headers): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers)
      .filter(([name]) => !HIDDEN.test(name) && !PROOF.test(name))
      .slice(0, MOST_HEADERS)
      .map(([name, value]) => [name, value.slice(0, LONGEST_HEADER).toWellFormed()]),
  )
}

function textOf(body: Uint8Array): string | null {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(body)
  } catch (error) {
    if (error instanceof TypeError) return null
    throw error
  }
}

/** Nothing that people write is nested more deeply; what is could not be written down again. */
const DEEPEST = 200

function jsonOf(text: string): Json {
  try {
    const value = parseJson(text)
    return isDeeper(value, DEEPEST) ? null : value
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof RangeError) return null
    throw error
  }
}

function isDeeper(value: Json, than: number): boolean {
  if (value === null || typeof value !== 'object') return false
  return than === 0 || Object.values(value).some(member => isDeeper(member, than - 1))
}
