/** A schedule as it is stored, and whether a trigger of a contract can become one. */
import { z } from 'zod'
import type { Trigger } from '../../../domain/contract.ts'
import { fail, isFailureError, type Failure } from '../../../domain/failure.ts'
import { declarationOf } from '../../../domain/triggers/list.ts'
import { parseCron } from './cron.ts'

/** The column `schedules.spec`, as JSON. */
export const scheduleSpecSchema = z.discriminatedUnion('kind', [
  /** Due at `anchor` and every `everyMs` after it; `anchor` is UTC milliseconds, usually the activation. */
  z.strictObject({ kind: z.literal('interval'), everyMs: z.int().min(1), anchor: z.int() }),
  z.strictObject({ kind: z.literal('cron'), expression: z.string() }),
  /** A local time without offset, `2026-03-29T08:00`. */
  z.strictObject({ kind: z.literal('once'), local: z.string() }),
])

export type ScheduleSpec = z.output<typeof scheduleSpecSchema>

/** The schedule of a trigger; null for triggers that time does not start. */
export function specOf(trigger: Trigger, anchor: number): ScheduleSpec | null {
  return declarationOf(trigger).plan?.(trigger, anchor) ?? null
}

/** The trigger's own zone, or else the contract's. */
export function zoneOf(trigger: Trigger, contractZone: string): string {
  return 'zone' in trigger && trigger.zone !== undefined ? trigger.zone : contractZone
}

/** What is wrong with a trigger beyond its shape: not understood, an unknown zone, or never due. Null: nothing. */
export function validateTrigger(trigger: Trigger): Failure | null {
  try {
    if ('zone' in trigger && trigger.zone !== undefined) requireZone(trigger.zone)
    if (trigger.kind === 'cron') requirePossible(trigger.expression)
    if (trigger.kind === 'once') parseLocal(trigger.local)
    return null
  } catch (error) {
    if (isFailureError(error)) return error.failure
    throw error
  }
}

/** A local time as `wall` milliseconds (see `zone.ts`). */
export function parseLocal(local: string): number {
  const shaped = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d+)?)?$/.test(local)
  const wall = shaped ? Date.parse(`${local}Z`) : Number.NaN
  if (!Number.isNaN(wall) && new Date(wall).toISOString().startsWith(local.slice(0, 16))) return wall
  return fail({
    kind: 'invalid-input',
    path: 'local',
    message:
      `"${local}" was not understood as a local time. Nothing was changed. ` +
      'Write date and time without an offset, such as "2026-03-29T08:00", and name the place in the zone.',
  })
}

function requireZone(zone: string): void {
  try {
    new Intl.DateTimeFormat('en', { timeZone: zone })
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    fail({
      kind: 'invalid-input',
      path: 'zone',
      message: `"${zone}" is not a known time zone. Nothing was changed. Use a name such as "Europe/Berlin".`,
    })
  }
}

/** Four centuries are the calendar's period, so a fixed start makes the answer the same on every day. */
function requirePossible(expression: string): void {
  if (parseCron(expression).nextWall(Date.UTC(2000, 0)) !== null) return
  fail({
    kind: 'invalid-input',
    path: 'expression',
    message:
      `No date ever matches the cron expression "${expression}". Nothing was changed. ` +
      'Check its day of month and month.',
  })
}
