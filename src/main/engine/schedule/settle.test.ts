import { describe, expect, test } from 'vitest'
import { GRACE_MS, ROWS_PER_STEP, settle, type LedgerRow, type SettleInput } from './settle.ts'

const HOUR = 3_600_000
const T0 = Date.UTC(2026, 2, 2, 9)

/** An hourly schedule, activated at 09:00, looked at some hours later. */
function hourly(changes: Partial<SettleInput>): SettleInput {
  return {
    spec: { kind: 'interval', everyMs: HOUR, anchor: T0 },
    zone: 'UTC',
    catchUp: 'once',
    settledTo: T0,
    now: T0 + HOUR,
    off: null,
    graceMs: GRACE_MS,
    pending: false,
    owed: 0,
    ...changes,
  }
}

const fates = (rows: readonly LedgerRow[]): string[] =>
  rows.map(row => `${(row.dueAt - T0) / HOUR}h ${row.fate} → ${served(row.servedBy)}`)
const served = (by: LedgerRow['servedBy']): string =>
  typeof by === 'number' ? `${(by - T0) / HOUR}h` : String(by)

describe('one step of the ledger', () => {
  test('R4 the activation itself and all before it never fire', () => {
    const settled = settle(hourly({ now: T0 }))
    expect(settled).toMatchObject({ rows: [], fire: [], settledTo: T0, nextDue: T0 + HOUR, more: false })
  })

  test('R4 an instant within the grace ran, one noticed later did not', () => {
    expect(settle(hourly({ now: T0 + HOUR + GRACE_MS })).rows).toMatchObject([{ fate: 'ran', reason: null }])
    expect(settle(hourly({ now: T0 + HOUR + GRACE_MS + 1 })).rows).toMatchObject([{ fate: 'caught-up' }])
  })

  test('R4 skip: all that was missed is skipped with the reason, and what is on time runs', () => {
    const settled = settle(
      hourly({ catchUp: 'skip', now: T0 + 3 * HOUR, off: { from: T0 + 90 * 60_000, to: T0 + 3 * HOUR } }),
    )
    expect(fates(settled.rows)).toEqual(['1h skipped → null', '2h skipped → null', '3h ran → 3h'])
    expect(settled.rows.map(row => row.reason)).toEqual([
      'This time was noticed late: the clock was moved or the computer was busy. This automation skips what it missed.',
      'Steward was off or the computer was asleep. This automation skips what it missed.',
      null,
    ])
    expect(settled.fire).toEqual([{ dueAt: T0 + 3 * HOUR, kind: 'ran', merged: 0 }])
  })

  test('R4 once: all that was missed merges into its latest, which is fired once', () => {
    const settled = settle(hourly({ now: T0 + 3.5 * HOUR, off: { from: T0, to: T0 + 3.5 * HOUR } }))
    expect(fates(settled.rows)).toEqual(['1h merged → 3h', '2h merged → 3h', '3h caught-up → 3h'])
    expect(settled.fire).toEqual([{ dueAt: T0 + 3 * HOUR, kind: 'caught-up', merged: 2 }])
    expect(settled).toMatchObject({ settledTo: T0 + 3.5 * HOUR, nextDue: T0 + 4 * HOUR, owed: 0 })
  })

  test('R4 all: each missed instant has a run of its own, also while one waits', () => {
    const settled = settle(hourly({ catchUp: 'all', now: T0 + 3 * HOUR, pending: true }))
    expect(fates(settled.rows)).toEqual(['1h caught-up → 1h', '2h caught-up → 2h', '3h ran → 3h'])
    expect(settled.fire.map(event => event.merged)).toEqual([0, 0, 0])
  })

  test('R3 R4 ticks coalesce into the event that still waits, and into the one just fired', () => {
    const waiting = settle(hourly({ pending: true }))
    expect(fates(waiting.rows)).toEqual(['1h merged → waiting'])
    expect(waiting.rows[0]?.reason).toBe('An earlier run had not started yet; it served this time too.')
    expect(waiting.fire).toEqual([])
    const burst = settle(hourly({ spec: { kind: 'interval', everyMs: 1_000, anchor: T0 }, now: T0 + 3_000 }))
    expect(burst.rows.map(row => row.fate)).toEqual(['ran', 'merged', 'merged'])
    expect(burst.fire).toEqual([{ dueAt: T0 + 1_000, kind: 'ran', merged: 2 }])
    const afterSleep = settle(hourly({ now: T0 + 2 * HOUR }))
    expect(fates(afterSleep.rows)).toEqual(['1h caught-up → 1h', '2h merged → 1h'])
    expect(afterSleep.fire).toEqual([{ dueAt: T0 + HOUR, kind: 'caught-up', merged: 1 }])
  })

  test('R4 a clock that jumped back settles nothing twice and never lowers what is settled', () => {
    const back = settle(hourly({ settledTo: T0 + 5 * HOUR, now: T0 + 2 * HOUR }))
    expect(back).toMatchObject({ rows: [], fire: [], settledTo: T0 + 5 * HOUR, nextDue: T0 + 6 * HOUR })
  })

  test('R4 a schedule that is spent has no next instant', () => {
    const spec = { kind: 'once', local: '2026-03-02T10:00' } as const
    expect(settle(hourly({ spec }))).toMatchObject({ rows: [{ fate: 'ran' }], nextDue: null })
  })

  test('R4 a catch-up promised to merged instants is kept when the policy becomes skip before it was fired', () => {
    const late = settle(hourly({ catchUp: 'skip', owed: 7, now: T0 + 2.5 * HOUR }))
    expect(fates(late.rows)).toEqual(['1h caught-up → 1h', '2h skipped → null'])
    expect(late.fire).toEqual([{ dueAt: T0 + HOUR, kind: 'caught-up', merged: 7 }])
    const onTime = settle(hourly({ catchUp: 'skip', owed: 7 }))
    expect(onTime).toMatchObject({ fire: [{ kind: 'ran', merged: 7 }], owed: 0 })
    const nothingDue = settle(hourly({ catchUp: 'skip', owed: 7, now: T0 }))
    expect(nothingDue).toMatchObject({ fire: [], owed: 7 })
  })
})

describe('a long absence of a schedule due every second', () => {
  const LENGTH = 25_000
  const absence = hourly({
    spec: { kind: 'interval', everyMs: 1_000, anchor: T0 },
    now: T0 + LENGTH * 1_000 + GRACE_MS + 500,
    off: { from: T0, to: T0 + 30_000_000 },
  })

  function settleAll(catchUp: SettleInput['catchUp']) {
    const rows: LedgerRow[] = []
    const fire: { kind: string; dueAt: number; merged: number }[] = []
    let [settledTo, owed, steps, pending] = [absence.settledTo, 0, 0, false]
    for (let more = true; more; steps++) {
      const step = settle({ ...absence, catchUp, settledTo, owed, pending })
      expect(step.rows.length).toBeLessThanOrEqual(ROWS_PER_STEP)
      rows.push(...step.rows)
      fire.push(...step.fire)
      pending ||= step.fire.length > 0
      ;({ settledTo, owed, more } = step)
    }
    return { rows, fire, steps }
  }

  test.each(['skip', 'once', 'all'] as const)(
    'R4 %s: every instant has exactly one row, in bounded steps',
    catchUp => {
      const { rows, steps } = settleAll(catchUp)
      const expected = Array.from({ length: LENGTH + 60 }, (_, turn) => T0 + (turn + 1) * 1_000)
      expect(rows.map(row => row.dueAt)).toEqual(expected)
      expect(steps).toBe(Math.ceil(expected.length / ROWS_PER_STEP))
    },
  )

  test('R4 once: one run for all of it, which says how many it serves', () => {
    const { rows, fire } = settleAll('once')
    expect(fire).toEqual([{ kind: 'caught-up', dueAt: T0 + LENGTH * 1_000, merged: LENGTH - 1 }])
    expect(rows.slice(LENGTH).map(row => row.servedBy)).toEqual(Array.from({ length: 60 }, () => 'waiting'))
  })
})
