/** Addresses of webhooks (R6): their secrets sealed at rest, each bound to its row. */
import { z } from 'zod'
import { triggerSchema } from '../../domain/triggers/list.ts'
import type { WebhookSpec } from '../../domain/triggers/webhook.ts'
import type { Row } from './schema.ts'
import { insertion, query, statement } from './statement.ts'
import type { Store } from './store.ts'
import type { Reader, Tx } from './tx.ts'

export type WebhookRow = Row<'webhooks'>

const secretsSchema = z.strictObject({
  /** Stands in the address. */
  address: z.string(),
  /** Signs; as senders are given it. */
  signing: z.string(),
})
export type WebhookSecrets = z.output<typeof secretsSchema>

const insert = insertion('webhooks', [
  'id',
  'workflow_id',
  'name',
  'spec',
  'sealed_secrets',
  'created_at',
  'changed_at',
])
const respell = statement((p: { id: string; spec: string }) =>
  query.updateTable('webhooks').set({ spec: p.spec }).where('id', '=', p.id),
)
const reseal = statement((p: { id: string; sealed_secrets: Uint8Array; at: number }) =>
  query
    .updateTable('webhooks')
    .set({ sealed_secrets: p.sealed_secrets, changed_at: p.at })
    .where('id', '=', p.id),
)
const count = statement((p: { id: string; at: number }) =>
  query
    .updateTable('webhooks')
    .set(({ eb }) => ({ taken: eb('taken', '+', 1), last_at: p.at }))
    .where('id', '=', p.id),
)
const remove = statement((p: { id: string }) => query.deleteFrom('webhooks').where('id', '=', p.id))
const byId = statement((p: { id: string }) => query.selectFrom('webhooks').selectAll().where('id', '=', p.id))
const ofWorkflow = statement((p: { workflowId: string }) =>
  query.selectFrom('webhooks').selectAll().where('workflow_id', '=', p.workflowId).orderBy('name'),
)

export function addWebhook(
  store: Store,
  tx: Tx,
  hook: { workflowId: string; spec: WebhookSpec; secrets: WebhookSecrets; at: number },
): string {
  const id = store.ids.next('hook')
  tx.run(insert, {
    id,
    workflow_id: hook.workflowId,
    name: hook.spec.name,
    spec: JSON.stringify(hook.spec),
    sealed_secrets: store.seal(hook.secrets, placeOf(id)),
    created_at: hook.at,
    changed_at: hook.at,
  })
  return id
}

/** A new version of the contract keeps the address. */
export function respellWebhook(tx: Tx, id: string, spec: WebhookSpec): void {
  tx.run(respell, { id, spec: JSON.stringify(spec) })
}

/** The address as it was leads nowhere any more. */
export function renewWebhook(store: Store, tx: Tx, id: string, secrets: WebhookSecrets, at: number): void {
  tx.run(reseal, { id, sealed_secrets: store.seal(secrets, placeOf(id)), at })
}

export function countDelivery(tx: Tx, id: string, at: number): void {
  tx.run(count, { id, at })
}

export function removeWebhook(tx: Tx, id: string): void {
  tx.run(remove, { id })
}

export function webhookById(reader: Reader, id: string): WebhookRow | undefined {
  return reader.get(byId, { id })
}

export function webhooksOf(reader: Reader, workflowId: string): WebhookRow[] {
  return reader.all(ofWorkflow, { workflowId })
}

export function secretsOf(store: Store, row: WebhookRow): WebhookSecrets {
  return secretsSchema.parse(store.open(row.sealed_secrets, placeOf(row.id)))
}

export function specOfWebhook(row: Pick<WebhookRow, 'spec'>): WebhookSpec {
  const spec = triggerSchema.parse(JSON.parse(row.spec))
  if (spec.kind !== 'webhook') throw new Error('a webhook was kept as something else')
  return spec
}

function placeOf(id: string): string {
  return `webhook:${id}`
}
