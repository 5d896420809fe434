/** The schemas of what is answered about what needs a person, what they allowed, chats, connections and the vault. */
import { z } from 'zod'
import type { ProviderInfo } from '../../../domain/connection.ts'
import type { ActionView } from '../../engine/views/actions.ts'
import type { ChatEventView, ChatView } from '../../engine/views/chats.ts'
import { PLAN_STAGES, planSaidSchema } from '../../engine/views/conversations.ts'
import type { ConversationView } from '../../engine/views/conversations.ts'
import { STAGES } from '../../engine/views/set-ups.ts'
import type { ConnectionView, WantedConnection } from '../../engine/views/connections.ts'
import type { ApprovalView, GrantView } from '../../engine/views/grants.ts'
import type { NoteFoundView, NoteHeadView, NoteView } from '../../engine/views/notes.ts'
import type { PolicyPreview } from '../../engine/policy/preview.ts'
import type { PolicyVersionView, PolicyView } from '../../engine/views/policy.ts'
import type { VaultView } from '../routes-vault.ts'
import {
  automationName,
  count,
  json,
  listOf,
  maybe,
  pageOf,
  shape,
  text,
  texts,
  time,
  waiter,
} from './shape.ts'

const action = shape<ActionView>()(
  z.object({
    id: text,
    kind: text,
    state: z.enum(['open', 'resolved', 'closed']),
    automation: maybe(automationName),
    runId: maybe(text),
    itemId: maybe(text),
    cause: text,
    effect: text,
    detail: maybe(text),
    waiting: z.array(waiter),
    choices: z.array(z.object({ id: text, label: text, style: z.enum(['primary', 'plain', 'danger']) })),
    choice: maybe(text),
    expiresAt: maybe(time),
    createdAt: time,
    resolvedAt: maybe(time),
  }),
)

const approval = shape<ApprovalView>()(
  z.object({
    id: text,
    state: z.enum(['pending', 'granted', 'rejected', 'expired', 'used', 'void']),
    runId: text,
    automation: maybe(automationName),
    actionId: text,
    payloadHash: text,
    cause: maybe(text),
    payload: maybe(text),
    expiresAt: time,
    decidedAt: maybe(time),
  }),
)

const grant = shape<GrantView>()(
  z.object({
    id: text,
    automation: automationName,
    kind: text,
    subject: text,
    text,
    createdAt: time,
  }),
)

const policy = shape<PolicyView>()(
  z.object({
    version: count,
    hash: text,
    importedAt: time,
    source: text,
    rules: z.array(z.object({ name: text, lines: texts })),
    warnings: texts,
  }),
)
const policyVersion = shape<PolicyVersionView>()(
  z.object({ version: count, hash: text, at: time, removed: z.boolean() }),
)
const answered = z.enum(['allow', 'ask', 'deny'])
const policyPreview = shape<PolicyPreview>()(
  z.object({
    items: z.array(
      z.object({
        runId: text,
        stepId: text,
        automation: automationName,
        tool: text,
        sentence: text,
        at: time,
        was: answered,
        would: answered,
        clause: maybe(text),
        reason: maybe(text),
      }),
    ),
    runs: count,
    steps: count,
    would: z.object({ allow: count, ask: count, deny: count }),
    unjudged: count,
    next: maybe(text),
  }),
)

const chat = shape<ChatView>()(
  z.object({ id: text, title: text, automation: maybe(automationName), createdAt: time }),
)
const chatEvent = shape<ChatEventView>()(
  z.object({ id: text, kind: text, runId: maybe(text), at: time, body: json }),
)

const noteHead = {
  id: text,
  automation: automationName,
  title: text,
  tags: texts.readonly(),
  characters: count,
  outside: z.boolean().describe('Whether a run wrote in it that had read content from outside'),
  createdAt: time,
  updatedAt: time,
}

const conversation = shape<ConversationView>()(
  planSaidSchema.extend({
    chatId: text,
    taskId: maybe(text),
    stage: z.enum([...new Set([...STAGES, ...PLAN_STAGES])]),
    turn: count.describe('What an answer to this question may be held to'),
    automation: maybe(automationName),
    progress: maybe(z.object({ doing: text, since: time, steps: count, text })),
    costMicros: count.describe('Of the present plan'),
    chatCostMicros: count.describe('Of all plans of this chat'),
    at: time,
  }),
)

const auth = z.enum(['none', 'api-key', 'bearer', 'basic', 'hmac', 'oauth'])
const connection = shape<ConnectionView>()(
  z.object({
    name: text,
    kind: text,
    auth,
    origins: texts.readonly(),
    settings: z.record(text, text),
    state: z.enum(['unchecked', 'connected', 'refused', 'failing']),
    message: maybe(text),
    checkedAt: maybe(time),
    version: count,
    createdAt: time,
    updatedAt: time,
    usedBy: z.array(automationName),
    waiting: z.array(waiter),
  }),
)
const wanted = shape<WantedConnection>()(
  z.object({ name: text, usedBy: z.array(automationName), waiting: z.array(waiter) }),
)
const provider = shape<ProviderInfo>()(
  z.object({
    kind: text,
    title: text,
    purpose: text,
    slot: maybe(z.enum(['search', 'model'])),
    auth: z.array(auth).readonly(),
    fields: z
      .array(
        z.object({
          name: text,
          label: text,
          secret: z.boolean(),
          optional: z.boolean(),
          example: text.optional(),
          choices: texts.readonly().optional(),
        }),
      )
      .readonly(),
    takesHosts: z.boolean(),
  }),
)

export const peopleAnswers = {
  Action: action,
  ActionPage: pageOf(action),
  Approval: approval,
  ApprovalPage: pageOf(approval),
  Grant: grant,
  GrantPage: pageOf(grant),
  Policy: z.object({ policy: maybe(policy) }),
  PolicyVersionPage: pageOf(policyVersion),
  PolicyPreview: policyPreview,
  Chat: chat,
  ChatPage: pageOf(chat),
  ChatEventPage: pageOf(chatEvent),
  NotePage: pageOf(shape<NoteHeadView>()(z.object(noteHead))),
  NoteFoundPage: pageOf(shape<NoteFoundView>()(z.object({ ...noteHead, excerpt: text }))),
  Note: shape<NoteView>()(z.object({ ...noteHead, text })),
  Said: z.object({ id: text, chatId: text, turn: count }),
  Conversation: conversation,
  Connection: connection,
  Connections: z.object({ items: z.array(connection), wanted: z.array(wanted) }),
  RemovedConnection: z.object({ name: text, usedBy: z.array(automationName) }),
  ProviderList: listOf(provider),
  Vault: shape<VaultView>()(
    z.object({
      state: z.enum(['open', 'locked']),
      recordsOpen: z.boolean(),
      holder: z.enum(['file', 'passphrase', 'os']),
      rotations: count,
      message: text,
      waiting: z.array(waiter),
    }),
  ),
}
