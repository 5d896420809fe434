/**
 * The intent contract: what a person confirmed, typed, and enforced by the host. Its clauses read
 * *When · Reads · Changes · Never · Asks you first · Done when · Budget*; a script has no power beyond it.
 * Unknown keys are refused, so a misspelt limit can never be a missing limit.
 */
import { z } from 'zod'
import { count, hostPattern, name, root, timeOfDay, zone } from './contract-fields.ts'
import { triggerSchema } from './triggers/list.ts'

const micros = z.int().min(0).max(1_000_000_000_000)

const approval = z.enum(['always', 'first-time', 'above', 'never'])

/** What may be changed: one tool, the exact places it may touch, and whether the user is asked before. */
const change = z.strictObject({
  tool: z
    .string()
    .regex(/^[a-z][a-zA-Z]*\.[a-z][a-zA-Z]*$/, { error: 'is the name of a tool, such as files.move' }),
  hosts: z.array(hostPattern).optional(),
  methods: z.array(z.enum(['POST', 'PUT', 'PATCH', 'DELETE'])).optional(),
  paths: z.array(root).optional(),
  /** Exact addresses, or `@example.com` for every address of a domain. */
  recipients: z.array(z.string().min(1)).optional(),
  accounts: z.array(z.string().min(1)).optional(),
  approval,
  /** With approval `above`: asked when one call changes more things than this. */
  above: count.optional(),
  /** Declares that these hosts honour an Idempotency-Key for this long, so an unknown write may be repeated. */
  honoursKeyForMs: z
    .int()
    .min(1_000)
    .max(90 * 86_400_000)
    .optional(),
})

const check = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('file-exists'), path: root, notEmpty: z.boolean().optional() }),
  z.strictObject({ kind: z.literal('result-has'), field: z.string().min(1) }),
  z.strictObject({ kind: z.literal('effects-at-least'), tool: z.string(), count }),
  z.strictObject({ kind: z.literal('effects-at-most'), tool: z.string(), count }),
  z.strictObject({ kind: z.literal('items-settled'), each: z.string(), maxSetAside: count }),
  z.strictObject({ kind: z.literal('script-verifies') }),
])

const timeWindow = z.strictObject({
  /** Local times in the contract's zone, `HH:MM`. A window may pass midnight. */
  from: timeOfDay,
  to: timeOfDay,
  days: z.array(z.int().min(1).max(7)).min(1).optional(),
})

/** Limits that are left out follow those that are given: a smaller day makes the hour and the run smaller too. */
const budget = z
  .strictObject({
    actionsPerRun: count.optional(),
    actionsPerHour: count.optional(),
    actionsPerDay: count.optional(),
    callsPerRun: count.default(10_000),
    costPerRunMicros: micros.optional(),
    costPerDayMicros: micros.optional(),
  })
  .prefault({})
  .transform(given => {
    const actionsPerDay =
      given.actionsPerDay ?? Math.max(2_000, given.actionsPerHour ?? 0, given.actionsPerRun ?? 0)
    return {
      actionsPerRun: given.actionsPerRun ?? Math.min(100, actionsPerDay),
      actionsPerHour: given.actionsPerHour ?? Math.min(500, actionsPerDay),
      actionsPerDay,
      callsPerRun: given.callsPerRun,
      costPerRunMicros: given.costPerRunMicros ?? given.costPerDayMicros ?? 0,
      costPerDayMicros: given.costPerDayMicros ?? given.costPerRunMicros ?? 0,
    }
  })

export const contractSchema = z.strictObject({
  schema: z.literal(1),
  title: z.string().min(1).max(120),
  promise: z.string().min(1).max(400),
  zone,
  when: z.array(triggerSchema).max(20),
  catchUp: z.enum(['skip', 'once', 'all']).default('once'),
  /** The tool modules the script may import. A module that is not listed does not load. */
  uses: z.array(
    z.string().regex(/^tools\/[a-z][a-z0-9]*(\.[a-z][a-z0-9]*)?$/, {
      error: 'is a module of tools, such as tools/http',
    }),
  ),
  reads: z.strictObject({
    hosts: z.array(hostPattern).default([]),
    paths: z.array(root).default([]),
    accounts: z.array(z.string()).default([]),
  }),
  changes: z.array(change).default([]),
  never: z
    .strictObject({
      hosts: z.array(hostPattern).default([]),
      paths: z.array(root).default([]),
      recipients: z.array(z.string()).default([]),
      tools: z.array(z.string()).default([]),
    })
    .prefault({}),
  /** Writes happen only inside these; outside they are deferred to the next. Empty: at any time. */
  windows: z.array(timeWindow).default([]),
  /**
   * Where what was read may go. `from` is a host or root; `to` are hosts, roots, recipients, or `models`. No entry
   * for a source: anywhere the contract allows.
   */
  flows: z.array(z.strictObject({ from: z.string(), to: z.array(z.string()) })).default([]),
  /** May a scope that has read outside content still perform writes? `ask` turns every such write into a question. */
  outsideContent: z.enum(['allow', 'ask', 'deny']).default('allow'),
  models: z.boolean().default(false),
  notifies: z.boolean().default(true),
  /** What it tells and asks comes through in quiet hours too. */
  urgent: z.boolean().default(false),
  publishes: z.array(name).default([]),
  /** The names of `each` and what their key means, in words: they outlive script versions (J7). */
  items: z.record(z.string(), z.string()).default({}),
  done: z.array(check).default([]),
  budget,
  limits: z
    .strictObject({
      cpuMs: z.int().min(10).max(120_000).default(10_000),
      wallMs: z.int().min(100).max(86_400_000).default(1_800_000),
      memoryMb: z.int().min(17).max(128).default(64),
      bytesPerCall: z.int().min(1_024).max(33_554_432).default(8_388_608),
    })
    .prefault({}),
  queue: z
    .strictObject({
      concurrency: z.int().min(1).max(16).default(1),
      capacity: z.int().min(1).max(100_000).default(10_000),
    })
    .prefault({}),
  approvalExpiresMs: z
    .int()
    .min(60_000)
    .max(90 * 86_400_000)
    .default(7 * 86_400_000),
  /** An event whose chain of causes is longer than this stops with an action (R1). */
  maxCauseDepth: z.int().min(1).max(64).default(8),
})

export type { Trigger } from './triggers/list.ts'
export type Contract = z.output<typeof contractSchema>
export type ContractInput = z.input<typeof contractSchema>
export type Check = Contract['done'][number]
export type ChangeClause = Contract['changes'][number]
