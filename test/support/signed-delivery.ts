/** Deliveries as those who post them sign them. */
import { createHmac } from 'node:crypto'

/** Standard Webhooks: id, time and body together, under a secret `whsec_…`. */
export function signedHeaders(
  secret: string,
  body: string | Buffer,
  { id, atS }: { id: string; atS: number },
): Record<string, string> {
  const key = Buffer.from(secret.slice('whsec_'.length), 'base64')
  const signature = createHmac('sha256', key).update(`${id}.${atS}.`).update(body).digest('base64')
  return { 'webhook-id': id, 'webhook-timestamp': String(atS), 'webhook-signature': `v1,${signature}` }
}

/** As GitHub does: the body alone. */
export function hubHeaders(secret: string, body: string | Buffer, id?: string): Record<string, string> {
  const signature = createHmac('sha256', secret).update(body).digest('hex')
  return {
    'x-hub-signature-256': `sha256=${signature}`,
    ...(id === undefined ? {} : { 'x-github-delivery': id }),
  }
}
