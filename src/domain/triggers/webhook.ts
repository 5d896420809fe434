/** Something posted to an address of the automation's own (R6). */
import { z } from 'zod'
import { visibleText } from '../approval.ts'
import { name } from '../contract-fields.ts'
import { defineTrigger } from './trigger.ts'

const schema = z.strictObject({
  kind: z.literal('webhook'),
  /** Where there are several: each has its own address. */
  name: name.default('hook'),
  /**
   * signed: webhook-id, webhook-timestamp and webhook-signature over all three (Standard Webhooks), within five
   * minutes · hub: X-Hub-Signature-256 over the body · address: whoever knows the address.
   */
  verify: z
    .enum(['signed', 'hub', 'address'], {
      error:
        'is “signed” (Standard Webhooks), “hub” (X-Hub-Signature-256) or “address” (whoever knows the address)',
    })
    .default('signed'),
  /** With `hub`: the connection of kind webhook whose secret signs, instead of the one that comes with the address. */
  connection: name.optional(),
  mostPerMinute: z
    .int()
    .min(1)
    .max(1_000_000, { error: 'is more than 1000000: nobody could look after so many' })
    .default(600),
})

const payload = z.strictObject({
  trigger: z.literal('webhook'),
  hook: z.string(),
  delivery: z.string().describe('What the sender calls this delivery, or a hash of what it says.'),
  receivedAt: z.int().describe('UTC ms.'),
  type: z.string().describe('Content type, lower case; empty where none was given.'),
  body: z.string(),
  encoding: z.enum(['text', 'base64']).describe('base64: the body is no text.'),
  json: z
    .json()
    .describe(
      'The body as JSON; null where it is none. Whole numbers beyond 2^53 come as text, so that none is rounded.',
    ),
  headers: z.record(z.string(), z.string()).describe('Lower-case names, without credentials and signatures.'),
  query: z.record(z.string(), z.string()),
})
export type WebhookPayload = z.output<typeof payload>
export type WebhookSpec = z.output<typeof schema>

const WHO_DE: Readonly<Record<WebhookSpec['verify'], string>> = {
  signed: 'unterschrieben mit dem Geheimnis dieser Adresse',
  hub: 'unterschrieben mit X-Hub-Signature-256',
  address: 'von jedem, der die Adresse kennt',
}
const WHO: Readonly<Record<WebhookSpec['verify'], string>> = {
  signed: 'signed with the secret of that address',
  hub: 'signed by X-Hub-Signature-256',
  address: 'by anybody who knows the address',
}

export const webhook = defineTrigger({
  kind: 'webhook',
  title: 'When something is posted to its address',
  doc: 'An address of its own with a secret in it, on this machine; to be reached from elsewhere it takes a tunnel of yours. Any content type, up to one megabyte. A delivery is confirmed (202) once it is on the disk, and counts once, by webhook-id, X-GitHub-Delivery or Idempotency-Key, and without one of them by its query and body within five minutes. Where only the body is signed (hub), the same body counts once within five minutes, whatever it is called; after that a repetition cannot be told from a second delivery that says the same, so prefer signed where a repetition would do harm.',
  schema,
  examples: [
    { kind: 'webhook' },
    { kind: 'webhook', name: 'pushes', verify: 'hub' },
    { kind: 'webhook', name: 'doorbell', verify: 'address', mostPerMinute: 10 },
  ],
  payload,
  key: ({ delivery }) => delivery,
  identity: ({ name: hook }) => `webhook ${hook}`,
  describe: ({ name: hook, verify, connection, mostPerMinute }, _, language) => {
    const secret = connection === undefined ? null : visibleText(connection)
    if (language === 'de') {
      const who = secret === null ? WHO_DE[verify] : `unterschrieben mit dem Geheimnis von „${secret}“`
      return `Wenn etwas an seine Adresse „${hook}“ geschickt wird, ${who}, höchstens ${mostPerMinute} in der Minute`
    }
    const who = secret === null ? WHO[verify] : `signed with the secret of “${secret}”`
    return `When something is posted to its address “${hook}”, ${who}, at most ${mostPerMinute} a minute`
  },
})
