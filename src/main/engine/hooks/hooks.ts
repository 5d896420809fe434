/**
 * Webhooks (R6): who may post, whether it is really them, and whether it came before. A delivery is confirmed once its
 * event is on the disk (J1). Whoever does not know the secrets learns nothing from a refusal; why it was refused is
 * kept for the person whose address it is. Owns the pace of each address, why it last refused and how many bodies are
 * being received; all are bounded, and lost with the process. The rows are the store's, HTTP is the server's.
 */
import { randomBytes } from 'node:crypto'
import type { Contract } from '../../../domain/contract.ts'
import { draftAction } from '../../../domain/action-draft.ts'
import { fail, isFailureError } from '../../../domain/failure.ts'
import type { Failure } from '../../../domain/failure.ts'
import { webhook } from '../../../domain/triggers/webhook.ts'
import type { WebhookPayload, WebhookSpec } from '../../../domain/triggers/webhook.ts'
import { openActionFor, raiseAction } from '../../store/actions.ts'
import { eventByKey } from '../../store/inbox.ts'
import type { NewEvent } from '../../store/inbox.ts'
import type { Tx } from '../../store/tx.ts'
import {
  addWebhook,
  countDelivery,
  removeWebhook,
  renewWebhook,
  respellWebhook,
  secretsOf,
  specOfWebhook,
  webhookById,
  webhooksOf,
} from '../../store/webhooks.ts'
import type { WebhookRow, WebhookSecrets } from '../../store/webhooks.ts'
import { workflowById } from '../../store/workflows.ts'
import type { Workflow } from '../../store/workflows.ts'
import type { EngineContext } from '../context.ts'
import type { Accepted } from '../events.ts'
import { burstOf, take } from './pace.ts'
import type { Paced } from './pace.ts'
import { payloadOf } from './payload.ts'
import type { Received } from './payload.ts'
import { Repeats } from './repeats.ts'
import { isSameText, verifyDelivery, WINDOW_MS } from './verify.ts'
import type { Ids, Verdict } from './verify.ts'

/** Whether this is the HMAC-SHA-256 of the body under its connection's secret; throws `not-connected` without one. */
export type SignatureCheck = (connection: string, body: Uint8Array, signature: string) => boolean

/** Takes an event in, on the disk when it resolves; `also` is in its transaction. */
export type TakeIn = (
  workflow: Workflow,
  event: NewEvent,
  also: (tx: Tx, accepted: Accepted) => void,
) => Promise<Accepted>

export type Refusal =
  /** Nobody's address, another secret in it, or a wrong signature: which of them is not said. */
  | { is: 'refused' }
  /** Signed with the secret, but not now. */
  | { is: 'stale'; reason: string }
  | { is: 'busy'; retryAfterS: number; reason: string }

export type Taken = { is: 'taken'; eventId: string; duplicate: boolean } | Refusal

/** Who may post has been asked; the body is still to be read. */
export interface Admitted {
  is: 'admitted'
  deliver(received: Received): Promise<Taken>
  /** Always called, once. */
  leave(): void
}

export interface HookAddress {
  name: string
  verify: WebhookSpec['verify']
  connection: string | null
  /** Below the address of this Steward. */
  path: string
  /** What the sender signs with; null where nothing is signed, or with the secret of a connection. */
  secret: string | null
  /** Deliveries taken in so far, and when the last one came. */
  taken: number
  lastAt: number | null
  /** The last one that was not signed as it has to be, or said the same as one before it, since Steward started. */
  refused: { at: number; reason: string } | null
}

const REPEATED =
  'It had the same body as one that was taken in within the five minutes before it, and the signature covers nothing else: it counted as that one.'

interface Delivery {
  workflow: Workflow
  row: WebhookRow
  spec: WebhookSpec
  received: Received
  at: number
}

/** Bodies being received at once, of all addresses. */
const MOST_RECEIVING = 64
const FULL_RETRY_S = 30
/** Addresses of which it is known why they last refused. */
const MOST_REFUSALS = 1_000

export class Hooks {
  readonly #context: EngineContext
  readonly #takeIn: TakeIn
  readonly #isSigned: SignatureCheck
  readonly #repeats = new Repeats()
  readonly #paces = new Map<string, Paced>()
  readonly #refusals = new Map<string, { at: number; reason: string }>()
  #receiving = 0

  constructor(context: EngineContext, takeIn: TakeIn, isSigned: SignatureCheck) {
    this.#context = context
    this.#takeIn = takeIn
    this.#isSigned = isSigned
  }

  /** Before anything of the body is read. */
  admit(id: string, secret: string): Admitted | Refusal {
    const { store, clock } = this.#context
    const row = webhookById(store, id)
    const address = row === undefined ? '' : secretsOf(store, row).address
    if (!isSameText(secret, address) || row === undefined) return { is: 'refused' }
    const workflow = workflowById(store, row.workflow_id)
    if (workflow === undefined || !(workflow.state === 'active' || workflow.state === 'paused'))
      return { is: 'refused' }
    if (this.#receiving >= MOST_RECEIVING)
      return { is: 'busy', retryAfterS: 1, reason: 'Too many deliveries were being received at once.' }
    const spec = specOfWebhook(row)
    const { paced, waitMs } = take(this.#paces.get(id), spec.mostPerMinute, clock.now())
    this.#keepPace(id, paced)
    if (waitMs > 0) {
      const reason = `This address takes ${spec.mostPerMinute} deliveries a minute, ${burstOf(spec.mostPerMinute)} of them at once.`
      return { is: 'busy', retryAfterS: Math.ceil(waitMs / 1_000), reason }
    }
    this.#receiving++
    return {
      is: 'admitted',
      deliver: received => this.#deliver({ workflow, row, spec, received, at: clock.now() }),
      leave: () => {
        this.#receiving--
      },
    }
  }

  /** With their secrets: for the person whose they are. */
  addresses(workflowId: string): HookAddress[] {
    const { store } = this.#context
    return webhooksOf(store, workflowId).map(row => this.#addressOf(row, secretsOf(store, row)))
  }

  /** A new address and a new secret; the old ones are worth nothing from now on. */
  async renew(workflowId: string, name: string): Promise<HookAddress> {
    const { store, clock } = this.#context
    const row = webhooksOf(store, workflowId).find(each => each.name === name)
    if (row === undefined)
      fail({
        kind: 'invalid-input',
        path: 'name',
        message: `There is no webhook “${name.slice(0, 64)}”. Nothing was changed.`,
      })
    const secrets = newSecrets()
    await store.write(
      tx => {
        renewWebhook(store, tx, row.id, secrets, clock.now())
        store.audit.append(tx, clock.now(), {
          kind: 'webhook-renewed',
          workflowId,
          runId: null,
          body: { webhook: row.id, name },
        })
      },
      { durable: true },
    )
    this.#refusals.delete(row.id)
    return this.#addressOf(row, secrets)
  }

  async #deliver(delivery: Delivery): Promise<Taken> {
    const { row, at } = delivery
    const verdict = await this.#verified(delivery)
    if (!verdict.ok) {
      this.#keepRefusal(row.id, { at, reason: verdict.reason })
      return verdict.proven ? { is: 'stale', reason: verdict.reason } : { is: 'refused' }
    }
    const { ids, said } = verdict
    if (said === undefined) return this.#takeOnce(delivery, ids)
    return this.#repeats.once(`${row.id} ${said}`, at, {
      take: () => this.#takeOnce(delivery, ids),
      onRepeat: () => {
        this.#keepRefusal(row.id, { at, reason: REPEATED })
      },
    })
  }

  async #takeOnce({ workflow, row, spec, received, at }: Delivery, ids: Ids): Promise<Taken> {
    const { store } = this.#context
    const [known, ...others] = ids
    const payload: WebhookPayload = payloadOf(spec.name, known, received, at)
    const event: NewEvent = {
      sourceType: 'webhook',
      sourceId: row.id,
      target: { type: 'workflow', id: workflow.id },
      type: webhook.kind,
      dedupeKey: `${row.id}:${known}`,
      payload,
      causes: [],
      at,
    }
    for (const other of others) {
      const earlier = eventByKey(store, { ...event, dedupeKey: `${row.id}:${other}` })
      if (earlier !== undefined && at - earlier.created_at <= WINDOW_MS)
        return { is: 'taken', eventId: earlier.id, duplicate: true }
    }
    const accepted = await this.#takeIn(workflow, event, (tx, end) => {
      if (end.is === 'accepted') countDelivery(tx, row.id, at)
    })
    if (accepted.is === 'full') return { is: 'busy', retryAfterS: FULL_RETRY_S, reason: accepted.reason }
    return { is: 'taken', eventId: accepted.row.id, duplicate: accepted.is === 'duplicate' }
  }

  /** A secret that is not there is not the sender's fault: it may send it again, and the owner is told. */
  async #verified(delivery: Delivery): Promise<Verdict> {
    const { row, at } = delivery
    try {
      return this.#verify(delivery)
    } catch (error) {
      if (!isFailureError(error) || error.failure.kind !== 'not-connected') throw error
      this.#keepRefusal(row.id, { at, reason: error.failure.message })
      await this.#askToConnect(delivery, error.failure)
      throw error
    }
  }

  #verify({ row, spec, received, at }: Delivery): Verdict {
    const { signing } = secretsOf(this.#context.store, row)
    const { verify, connection } = spec
    const delivery = { ...received, now: at }
    if (connection === undefined) return verifyDelivery(verify, signing, delivery)
    return verifyDelivery(verify, signing, delivery, (body, signature) =>
      this.#isSigned(connection, body, signature),
    )
  }

  async #askToConnect({ workflow, at }: Delivery, failure: Failure): Promise<void> {
    const { store } = this.#context
    const { kind, causeKey, cause, choices } = draftAction(failure, { tries: 0 })
    if (openActionFor(store, causeKey) !== undefined) return
    const effect = `What is posted to “${workflow.name}” is not taken in until that is connected. Whoever posts is told to send it again later.`
    const about = { workflowId: workflow.id, runId: null, itemId: null, stepId: null }
    await store.write(
      tx => {
        raiseAction(store, tx, {
          kind,
          causeKey,
          ...about,
          choices,
          body: { cause, effect },
          expiresAt: null,
          at,
        })
      },
      { durable: true },
    )
  }

  #addressOf(row: WebhookRow, { address, signing }: WebhookSecrets): HookAddress {
    const { name, verify, connection = null } = specOfWebhook(row)
    return {
      name,
      verify,
      connection,
      path: `/hooks/${row.id}/${address}`,
      secret: verify === 'address' || connection !== null ? null : signing,
      taken: row.taken,
      lastAt: row.last_at,
      refused: this.#refusals.get(row.id) ?? null,
    }
  }

  #keepRefusal(id: string, refusal: { at: number; reason: string }): void {
    this.#refusals.delete(id)
    this.#refusals.set(id, refusal)
    const oldest = this.#refusals.size > MOST_REFUSALS ? this.#refusals.keys().next().value : undefined
    if (oldest !== undefined) this.#refusals.delete(oldest)
  }

  /** Whoever has been quiet for long has its burst back, and need not be remembered. */
  #keepPace(id: string, paced: Paced): void {
    this.#paces.delete(id)
    this.#paces.set(id, paced)
    for (const [other, { at }] of this.#paces) {
      if (paced.at - at < 10 * 60_000) return
      this.#paces.delete(other)
    }
  }
}

/** Addresses of the contract's webhooks: those that were there stay as they are, those it names no more are gone. */
export function putWebhooks(context: EngineContext, tx: Tx, workflowId: string, contract: Contract): void {
  const { store, clock } = context
  const before = new Map(webhooksOf(tx, workflowId).map(row => [row.name, row]))
  for (const spec of contract.when) {
    if (spec.kind !== 'webhook') continue
    const row = before.get(spec.name)
    before.delete(spec.name)
    if (row === undefined) addWebhook(store, tx, { workflowId, spec, secrets: newSecrets(), at: clock.now() })
    else respellWebhook(tx, row.id, spec)
  }
  for (const row of before.values()) removeWebhook(tx, row.id)
}

export function dropWebhooks(tx: Tx, workflowId: string): void {
  for (const row of webhooksOf(tx, workflowId)) removeWebhook(tx, row.id)
}

function newSecrets(): WebhookSecrets {
  return {
    address: randomBytes(32).toString('base64url'),
    signing: `whsec_${randomBytes(32).toString('base64')}`,
  }
}
