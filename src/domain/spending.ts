/** What a person lets models cost: caps that stop a call before it is made, and what is said where one does. */
import { z } from 'zod'
import type { Failure } from './failure.ts'
import type { CostCap, CostEntry, CostOf } from './model.ts'
import { DAY, dayStart, instantsOf, nextDay, wallTime } from './zone.ts'

const micros = z.int().min(0).max(1e12)

export const spendingSchema = z
  .object({
    perTaskMicros: micros.default(2_000_000),
    perDayMicros: micros.default(5_000_000),
    perMonthMicros: micros.default(50_000_000),
  })
  .prefault({})
export type Spending = z.output<typeof spendingSchema>

/** What a model costs, in micro-dollars for a million tokens. */
export interface Price {
  readonly input: number
  readonly cachedInput: number
  readonly output: number
}

export interface Reservation {
  readonly of: CostOf
  readonly connection: string
  readonly model: string
  /** The most the call can cost. */
  readonly micros: number
}

/** Where costs are recorded, and caps are held to. */
export interface CostLedger {
  /** Committed before the first byte of a call leaves. A cap that has no room for it: nothing is reserved. */
  reserve(reservation: Reservation, caps: readonly CostCap[]): Promise<{ id: string } | { over: Failure }>
  settle(entry: CostEntry): Promise<void>
  /** The call was never sent, or answered with an error that costs nothing. */
  drop(id: string): Promise<void>
  /** What a person says a model costs. */
  priceOf(model: string): Price | undefined
}

const PREFIX = 'spending.'

/** The caps of a person that a call for this counts against. Days and months are those of the zone. */
export function spendingCaps(spending: Spending, of: CostOf, now: number, zone: string): CostCap[] {
  const { taskId } = of
  return [...(taskId === null ? [] : [taskCap(spending, taskId)]), ...timedCaps(spending, now, zone)]
}

export function timedCaps({ perDayMicros, perMonthMicros }: Spending, now: number, zone: string): CostCap[] {
  const { since, until } = monthOf(now, zone)
  return [
    {
      name: `${PREFIX}perDay`,
      micros: perDayMicros,
      over: { since: dayStart(now, zone) },
      resetsAt: nextDay(now, zone),
    },
    { name: `${PREFIX}perMonth`, micros: perMonthMicros, over: { since }, resetsAt: until },
  ]
}

export function taskCap({ perTaskMicros }: Spending, taskId: string): CostCap {
  return { name: `${PREFIX}perTask`, micros: perTaskMicros, over: { taskId }, resetsAt: null }
}

/** The action that a cap of a person has; null for a cap of a contract, whose action is its step's. */
export function spendingCause({ name, over }: Pick<CostCap, 'name' | 'over'>): string | null {
  if (!name.startsWith(PREFIX)) return null
  return `budget-exceeded:${name}${'taskId' in over ? `:${over.taskId}` : ''}`
}

/** What spending cap an action is of; null for another action. */
export function cappedBy(causeKey: string): { cap: string; taskId: string | null } | null {
  const [, cap, taskId] = /^budget-exceeded:(spending\.[a-zA-Z]+)(?::(.+))?$/.exec(causeKey) ?? []
  return cap === undefined ? null : { cap, taskId: taskId ?? null }
}

export function isSpendingCap(name: string): boolean {
  return name.startsWith(PREFIX)
}

/** Said where a cap has no room for a call. */
export function overFailure(cap: CostCap, spent: number, asked: number): Failure {
  const resets = cap.resetsAt === null ? '' : ` It starts anew at ${utc(cap.resetsAt)}.`
  const raise = isSpendingCap(cap.name)
    ? ` Raise it with: steward models cap ${kebab(cap.name.slice(PREFIX.length))} DOLLARS`
    : ' Raise it in the contract.'
  return {
    kind: 'budget-exceeded',
    budget: cap.name,
    resetsAt: cap.resetsAt,
    message: `The cap ${cap.name} is ${dollars(cap.micros)}; ${dollars(spent)} of it are spent or reserved, and the next call to the model can cost ${dollars(asked)}. Nothing was sent.${resets}${raise}`,
    detail: { sent: 'no', spentMicros: spent, askedMicros: asked, capMicros: cap.micros },
  }
}

export function dollars(amount: number): string {
  const value = amount / 1e6
  return `$${value.toFixed(amount !== 0 && Math.abs(value) < 0.01 ? 6 : 2)}`
}

function kebab(name: string): string {
  return name.replace(/^per/, '').toLowerCase()
}

function utc(at: number): string {
  return `${new Date(at).toISOString().slice(0, 16).replace('T', ' ')} UTC`
}

function monthOf(now: number, zone: string): { since: number; until: number } {
  const wall = new Date(wallTime(now, zone))
  const first = (months: number) => {
    const midnight = Date.UTC(wall.getUTCFullYear(), wall.getUTCMonth() + months, 1)
    return instantsOf(midnight, zone)[0] ?? midnight - DAY
  }
  return { since: first(0), until: first(1) }
}
