/** The secret with which somebody signs what they send here: kept, never sent, and there is nobody to ask. */
import { createHmac, timingSafeEqual } from 'node:crypto'
import type { Provider } from '../provider.ts'

export const LEAST_WEBHOOK_SECRET = 16

export const webhookProvider: Provider = {
  kind: 'webhook',
  title: 'Webhook secret',
  purpose: 'Proves that what arrives at a webhook was sent by whoever knows this secret.',
  slot: null,
  auth: ['hmac'],
  takesHosts: false,
  fields: [{ name: 'secret', label: 'Secret', secret: true, optional: false }],
  origins: () => [],
  problem: ({ secrets }) =>
    (secrets['secret'] ?? '').length < LEAST_WEBHOOK_SECRET
      ? `“secret” has at least ${LEAST_WEBHOOK_SECRET} characters`
      : null,
  attach: () => ({}),
}

export type HmacAlgorithm = 'sha256' | 'sha1' | 'sha512'

/** Whether `signature` (hexadecimal) is that of `body` under the secret; in time that does not tell where it differs. */
export function isSignedWith(
  secret: string,
  algorithm: HmacAlgorithm,
  body: Uint8Array,
  signature: string,
): boolean {
  const expected = createHmac(algorithm, secret).update(body).digest()
  const given = /^([0-9a-f]{2})+$/i.test(signature) ? Buffer.from(signature, 'hex') : Buffer.alloc(0)
  return given.length === expected.length && timingSafeEqual(given, expected)
}
