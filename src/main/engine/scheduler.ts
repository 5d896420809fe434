/**
 * Fires schedules: settles every due instant into the ledger and its events into the inbox in one transaction (R4).
 * Owns one timer and the knowledge since when the core was off or asleep. Does not own what is due: `schedule/`.
 */
import { hasPendingFrom } from '../store/inbox.ts'
import { duePayload, dueKey } from '../../domain/triggers/due.ts'
import { recordAbsence } from '../store/absences.ts'
import { advanceSchedule, dueSchedules, recordInstant, soonestDue } from '../store/schedules.ts'
import type { ScheduleRow } from '../store/schedules.ts'
import { putSetting, setting } from '../store/settings.ts'
import type { Tx } from '../store/tx.ts'
import { workflowById } from '../store/workflows.ts'
import type { EngineContext } from './context.ts'
import { acceptFor } from './events.ts'
import type { Accepted } from './events.ts'
import { raiseFull } from './events.ts'
import { GRACE_MS, settle } from './schedule/settle.ts'
import type { Settled } from './schedule/settle.ts'
import { scheduleSpecSchema } from './schedule/spec.ts'

/** How often the core writes down that it is awake: a longer silence was time off. */
const SEEN_EVERY_MS = 60_000

export class Scheduler {
  readonly #context: EngineContext
  #cancel: (() => void) | null = null
  #cancelSeen: (() => void) | null = null
  #offSince: number | null = null
  #settling = false
  #stopped = false

  constructor(context: EngineContext) {
    this.#context = context
  }

  start(): void {
    const last = setting(this.#context.store, 'last-seen')
    this.#offSince = last === undefined || last === '' ? null : Number(last)
    if (this.#offSince !== null) this.#account(this.#offSince, 'off')
    this.#seen()
    this.arm()
  }

  stop(): void {
    this.#stopped = true
    this.#cancel?.()
    this.#cancelSeen?.()
  }

  /** Settles what is due and sets the timer for the next. */
  arm(): void {
    if (this.#stopped) return
    if (this.#settling) return
    this.#cancel?.()
    const next = soonestDue(this.#context.store)
    if (next === null) return
    if (next > this.#context.clock.now()) {
      this.#cancel = this.#context.clock.wakeAt(next, () => {
        this.arm()
      })
      return
    }
    this.#settling = true
    this.#settleDue().then(
      () => {
        this.#settling = false
        this.#context.pump()
        this.arm()
      },
      (error: unknown) => {
        this.#settling = false
        this.#context.log('error', 'schedules could not be settled', { error })
        this.#cancel = this.#context.clock.wakeAt(this.#context.clock.now() + SEEN_EVERY_MS, () => {
          this.arm()
        })
      },
    )
  }

  /** Each on its own: a schedule that cannot be settled keeps no other from it. */
  async #settleDue(): Promise<void> {
    const { store, clock } = this.#context
    const due = dueSchedules(store, clock.now())
    const ends = await Promise.allSettled(
      due.map(row =>
        store.write(
          tx => {
            this.#settleOne(tx, row)
          },
          { durable: true },
        ),
      ),
    )
    const refused = ends.find(end => end.status === 'rejected')
    if (refused !== undefined) throw refused.reason
  }

  #settleOne(tx: Tx, row: ScheduleRow): void {
    const now = this.#context.clock.now()
    const paused = workflowById(tx, row.workflow_id)?.state !== 'active'
    const found = settle({
      spec: scheduleSpecSchema.parse(JSON.parse(row.spec)),
      zone: row.zone,
      catchUp: row.catch_up,
      settledTo: row.settled_to,
      now,
      offSince: this.#offSince,
      graceMs: GRACE_MS,
      pending: hasPendingFrom(tx, row.workflow_id, row.id),
      owed: row.owed,
    })
    const settled = paused ? skipped(found) : found
    const events = this.#fire(tx, row, settled, now)
    for (const { dueAt, fate, reason, servedBy } of settled.rows) {
      const event = typeof servedBy === 'number' ? events.get(servedBy) : undefined
      const end = event?.is === 'full' ? { fate: 'skipped' as const, reason: event.reason } : { fate, reason }
      const inboxId = event === undefined || event.is === 'full' ? null : event.row.id
      recordInstant(tx, { scheduleId: row.id, dueAt, ...end, inboxId, at: now })
    }
    advanceSchedule(tx, row.id, settled)
    tx.afterCommit.push(() => {
      for (const { dueAt } of settled.fire) this.#context.observer.noticed(now - dueAt)
    })
  }

  #fire(tx: Tx, row: ScheduleRow, settled: Settled, now: number): Map<number, Accepted> {
    const events = new Map<number, Accepted>()
    const workflow = workflowById(tx, row.workflow_id)
    if (workflow === undefined) return events
    for (const { dueAt, kind, merged } of settled.fire) {
      const payload = duePayload.parse({ dueAt, kind, merged })
      const accepted = acceptFor(this.#context, tx, workflow, {
        sourceType: 'schedule',
        sourceId: row.id,
        target: { type: 'workflow', id: row.workflow_id },
        type: 'schedule',
        dedupeKey: `${row.id}:${dueKey(payload)}`,
        payload,
        causes: [],
        at: now,
      })
      // It should have run and does not: a person is told (O3).
      if (accepted.is === 'full')
        raiseFull(this.#context, tx, workflow, {
          what: 'a time that was due',
          reason: accepted.reason,
          at: now,
        })
      events.set(dueAt, accepted)
    }
    return events
  }

  /** Puts an absence on record; false where there was none worth telling (O3). */
  #account(from: number, why: 'off' | 'asleep'): boolean {
    const { store, clock, log } = this.#context
    const to = clock.now()
    if (to - from <= 2 * SEEN_EVERY_MS) return false
    store
      .write(tx => {
        recordAbsence(tx, { from, to, why })
      })
      .catch((error: unknown) => {
        log('warn', 'an absence could not be noted', { error })
      })
    return true
  }

  #seen(): void {
    const { store, clock } = this.#context
    const now = clock.now()
    store
      .write(tx => {
        putSetting(tx, 'last-seen', String(now))
      })
      .catch((error: unknown) => {
        this.#context.log('warn', 'the time could not be noted', { error })
      })
    this.#cancelSeen = clock.wakeAt(now + SEEN_EVERY_MS, () => {
      // A look that came much too late means the computer slept.
      if (this.#account(now, 'asleep')) this.#offSince = now
      if (!this.#stopped) this.#seen()
    })
  }
}

/** What was due while an automation was paused is accounted for, and not made up for. */
function skipped(settled: Settled): Settled {
  const rows = settled.rows.map(row => ({
    ...row,
    fate: 'skipped' as const,
    reason: 'The automation was paused.',
    servedBy: null,
  }))
  return { ...settled, rows, fire: [], owed: 0 }
}
