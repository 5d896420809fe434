/**
 * Whether a delivery is who it says it is, and which one (R6). Pure: headers, body and secret in, an answer out.
 * `signed` follows Standard Webhooks (standardwebhooks.com, 1.0): id, time and body are signed together, so neither
 * can be changed by whoever repeats a delivery. `hub` follows GitHub's X-Hub-Signature-256, which signs the body alone:
 * who has recorded a delivery can send it again in another name, so that its body counts once within a window. After
 * it, a repetition cannot be told from a second delivery that says the same.
 */
import { createHash, createHmac, timingSafeEqual } from 'node:crypto'
import type { WebhookSpec } from '../../../domain/triggers/webhook.ts'

/** How old a signature, or a repetition without an id, may be. */
export const WINDOW_MS = 5 * 60_000

const LONGEST_ID = 200
const MOST_SIGNATURES = 8

export type Headers = Readonly<Record<string, string>>

export interface Delivery {
  headers: Headers
  query: Readonly<Record<string, string>>
  body: Uint8Array
  now: number
}

export type Ids = readonly [string, ...string[]]

export type Verdict =
  /**
   * `ids`: under any of them it came before. The first is the one it is known by from now on.
   * `said`: what was signed, where that is not its id: whatever says the same within the window is a repetition.
   */
  | { ok: true; ids: Ids; said?: string }
  /** In words, for whoever sets the sender up. `proven`: it was signed with the secret, and came too late. */
  | { ok: false; reason: string; proven: boolean }

/** `isSigned`: whether this is the hexadecimal HMAC-SHA-256 of the body under the hook's secret. */
export function verifyDelivery(
  verify: WebhookSpec['verify'],
  signing: string,
  delivery: Delivery,
  isSigned: (body: Uint8Array, signature: string) => boolean = hubSigned(signing),
): Verdict {
  switch (verify) {
    case 'signed':
      return standard(signing, delivery)
    case 'hub': {
      const signature = /^sha256=([0-9a-f]{64})$/i.exec(delivery.headers['x-hub-signature-256'] ?? '')?.[1]
      if (signature === undefined) return refuse('It carried no X-Hub-Signature-256 of the form sha256=….')
      if (!isSigned(delivery.body, signature))
        return refuse('Its X-Hub-Signature-256 is not that of this body under this secret.')
      // Its query is nobody's word, and neither is its id.
      return { ok: true, ids: idsOf({ ...delivery, query: {} }), said: hashOf('', delivery.body) }
    }
    case 'address':
      return { ok: true, ids: idsOf(delivery) }
  }
}

function standard(signing: string, { headers, body, now }: Delivery): Verdict {
  const id = headers['webhook-id'] ?? ''
  const timestamp = headers['webhook-timestamp'] ?? ''
  const signatures = (headers['webhook-signature'] ?? '').split(' ').slice(0, MOST_SIGNATURES)
  if (!isId(id) || id.includes('.'))
    return refuse('It carried no webhook-id of 1 to 200 characters without a dot.')
  if (!/^\d{1,12}$/.test(timestamp)) return refuse('It carried no webhook-timestamp in seconds.')
  const content = Buffer.concat([Buffer.from(`${id}.${timestamp}.`), body])
  const expected = createHmac('sha256', keyOf(signing)).update(content).digest()
  const isRight = signatures.filter(text => isSame(text, expected)).length > 0
  if (!isRight) return refuse('No webhook-signature v1,… is that of this delivery under this secret.')
  const lateMs = now - Number(timestamp) * 1_000
  if (Math.abs(lateMs) <= WINDOW_MS) return { ok: true, ids: [`id:${id}`] }
  const reason = `It was signed ${Math.round(Math.abs(lateMs) / 1_000)} s ${lateMs > 0 ? 'ago' : 'ahead'}; five minutes are accepted. Set the clocks, or send it anew.`
  return { ok: false, reason, proven: true }
}

function refuse(reason: string): Verdict {
  return { ok: false, reason, proven: false }
}

function isSame(text: string, expected: Buffer): boolean {
  const given = Buffer.from(/^v1,([A-Za-z0-9+/]{43}=)$/.exec(text)?.[1] ?? '', 'base64')
  return given.length === expected.length && timingSafeEqual(given, expected)
}

/** `whsec_` and base64, as senders of this kind take it. */
function keyOf(signing: string): Buffer {
  return Buffer.from(signing.replace(/^whsec_/, ''), 'base64')
}

function hubSigned(signing: string) {
  return (body: Uint8Array, signature: string): boolean => {
    const expected = createHmac('sha256', signing).update(body).digest()
    const given = Buffer.from(signature, 'hex')
    return given.length === expected.length && timingSafeEqual(given, expected)
  }
}

/** What the sender calls it; without that, what it says (query and body) within a window, or the one before. */
function idsOf({ headers, query, body, now }: Delivery): Ids {
  for (const name of ['webhook-id', 'x-github-delivery', 'idempotency-key']) {
    const id = headers[name] ?? ''
    if (isId(id)) return [`id:${id}`]
  }
  const hash = hashOf(JSON.stringify(Object.entries(query).toSorted()), body)
  const window = Math.floor(now / WINDOW_MS)
  return [`body:${hash}:${window}`, `body:${hash}:${window - 1}`]
}

function isId(text: string): boolean {
  return text.length > 0 && text.length <= LONGEST_ID && /^[\x21-\x7e]+$/.test(text)
}

/** Whether two texts are the same, in time that does not tell where they differ. */
export function isSameText(given: string, expected: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest()
  return timingSafeEqual(digest(given), digest(expected))
}

function hashOf(asked: string, body: Uint8Array): string {
  return createHash('sha256').update(`${asked}\n`).update(body).digest('hex')
}
