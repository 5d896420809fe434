/** The schemas of what is answered about automations, their versions and schedules, and the gallery. */
import { z } from 'zod'
import type { ScriptCheck } from '../../engine/check-script.ts'
import type { DraftContract } from '../../engine/draft-contract.ts'
import type { GalleryEntry, GallerySummary } from '../../engine/gallery.ts'
import type { AutomationSummary, AutomationView, InstantView } from '../../engine/views/automations.ts'
import type {
  ContractView,
  ScheduleView,
  VersionChanges,
  VersionSummary,
  VersionView,
} from '../../engine/views/versions.ts'
import type { HookAddress } from '../../engine/hooks/hooks.ts'
import type { WatchView } from '../../engine/views/silence.ts'
import { runAnswers } from './runs.ts'
import { absence, automationName, count, listOf, maybe, pageOf, shape, text, texts, time } from './shape.ts'

const state = z.enum(['active', 'paused', 'archived', 'deleted'])
const contract = z
  .object({ schema: z.literal(1), title: text, promise: text, zone: text })
  .catchall(z.unknown())
  .describe('What a person confirmed: its clauses are in the chapter on permissions')
const trigger = z.object({ kind: text }).catchall(z.unknown())
const contractText = z.array(z.object({ heading: text, lines: texts }))

const summary = {
  id: text,
  name: text,
  title: text,
  promise: text,
  state,
  pauseReason: maybe(text),
  version: text,
  when: texts.describe('When it runs, in words'),
  nextDue: maybe(time),
  nextLook: maybe(time),
  lastRun: maybe(runAnswers.RunSummary),
  waitingEvents: count.describe('Counted up to 100'),
  needsYou: count,
}
const automationSummary = shape<AutomationSummary>()(z.object(summary))

const watch = shape<WatchView>()(
  z.object({
    when: text,
    baseline: maybe(count),
    lookedAt: maybe(time),
    saw: maybe(count),
    foundAt: maybe(time),
    found: count,
    nextLook: time,
    failing: maybe(z.object({ since: time, times: count, message: text })),
  }),
)

const automation = shape<AutomationView>()(
  z.object({
    ...summary,
    lastRuns: z.array(runAnswers.RunSummary),
    watches: z.array(watch),
    absence: maybe(absence),
    contract,
    contractText,
    script: z.object({
      id: text,
      version: text,
      hash: text,
      note: text,
      source: text,
      createdAt: time,
    }),
    createdAt: time,
    updatedAt: time,
  }),
)

const instant = shape<InstantView>()(
  z.object({
    dueAt: time,
    fate: z.enum(['ran', 'caught-up', 'merged', 'skipped']),
    reason: maybe(text),
    eventId: maybe(text),
    at: time,
  }),
)

const webhook = shape<HookAddress>()(
  z.object({
    name: text,
    verify: z.enum(['signed', 'hub', 'address']),
    connection: maybe(text),
    path: text.describe('Below the address of this Steward'),
    secret: maybe(text).describe('What the sender signs with'),
    taken: count,
    lastAt: maybe(time),
    refused: maybe(z.object({ at: time, reason: text })),
  }),
)

const version = {
  version: text,
  scriptId: text,
  hash: text,
  note: text,
  intentId: text,
  intent: count,
  toolApi: count,
  isDeployed: z.boolean(),
  createdAt: time,
}
const versionSummary = shape<VersionSummary>()(z.object(version))

const gallerySummary = { id: text, title: text, promise: text, icon: text, version: count }
const slot = z.object({
  name: text,
  label: text,
  question: text,
  kind: text,
  takes: text,
  example: text,
  default: maybe(text),
  required: z.boolean(),
  choices: z.array(z.object({ value: text, label: text })).readonly(),
})

const position = z.object({ line: count, column: count })
const scriptCheck = shape<ScriptCheck>()(
  z.object({
    ok: z.boolean(),
    problems: z.array(
      z.object({
        severity: z.enum(['error', 'warning']),
        rule: text,
        message: text,
        position: maybe(position),
      }),
    ),
    imports: texts,
    exports: z.object({ run: z.boolean(), verify: z.boolean() }),
    each: z.array(z.object({ name: maybe(text), key: maybe(text) })),
  }),
)

export const automationAnswers = {
  AutomationSummary: automationSummary,
  AutomationPage: pageOf(automationSummary),
  Automation: automation,
  InstalledAutomation: automationSummary.extend({ created: z.boolean() }),
  DeletedAutomation: z.object({ id: text, name: text, state: z.literal('deleted') }),
  AutomationSettings: z.object({ id: text, name: text }),
  LedgerPage: pageOf(instant),
  Webhook: webhook,
  WebhookList: listOf(webhook),
  Version: shape<VersionView>()(z.object({ ...version, source: text, contract, contractText })),
  VersionPage: pageOf(versionSummary),
  VersionChanges: shape<VersionChanges>()(
    z.object({
      version: text,
      earlier: maybe(text),
      changes: z.array(
        z.object({
          clause: text,
          heading: text,
          effect: z.enum(['widened', 'narrowed', 'changed']),
          before: maybe(text),
          after: maybe(text),
        }),
      ),
    }),
  ),
  Contract: shape<ContractView>()(
    z.object({
      automation: automationName,
      intentId: text,
      intent: count,
      version: text,
      contract,
      contractText,
      createdAt: time,
    }),
  ),
  Schedule: shape<ScheduleView>()(
    z.object({
      automation: automationName,
      intentId: text,
      zone: text,
      catchUp: z.enum(['skip', 'once', 'all']),
      when: z.array(trigger),
      words: texts,
      nextDue: maybe(time),
    }),
  ),
  GalleryList: listOf(shape<GallerySummary>()(z.object(gallerySummary))),
  GalleryEntry: shape<GalleryEntry>()(z.object({ ...gallerySummary, slots: z.array(slot).readonly() })),
  ScriptCheck: scriptCheck,
  ContractDraft: shape<DraftContract>()(
    z.object({ contract: z.object({}).catchall(z.unknown()), assumptions: texts }),
  ),
}
