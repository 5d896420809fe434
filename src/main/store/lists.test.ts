import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import fc from 'fast-check'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { listLedger } from './lists.ts'
import type { InstantPlace } from './lists.ts'
import { addSchedule, recordInstant, schedulesOf } from './schedules.ts'
import type { InstantRow } from './schedules.ts'
import { openStore } from './store.ts'
import type { Store } from './store.ts'
import { createWorkflow } from './workflows.ts'

let folder: string
let store: Store

beforeEach(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'steward-lists-'))
  store = openStore({ folder, now: () => 1_000 })
})
afterEach(async () => {
  await store.close()
  fs.rmSync(folder, { recursive: true, force: true })
})

let made = 0

/** An automation whose schedules were due at these instants. */
function automation(dueAts: readonly (readonly number[])[]): Promise<string> {
  return store.write(tx => {
    const workflowId = createWorkflow(store, tx, {
      name: `w${String(made++)}`,
      title: 'Title',
      chat: null,
      at: 0,
    })
    const schedule = { workflowId, spec: '{}', zone: 'UTC', catchUp: 'skip' as const, from: 0, nextDue: null }
    for (const _ of dueAts) addSchedule(store, tx, schedule)
    for (const [place, { id: scheduleId }] of schedulesOf(tx, workflowId).entries()) {
      for (const dueAt of dueAts[place] ?? [])
        recordInstant(tx, { scheduleId, dueAt, fate: 'ran', reason: null, inboxId: null, at: dueAt })
    }
    return workflowId
  })
}

function pages(workflowId: string, size: number): InstantRow[] {
  const rows: InstantRow[] = []
  let before: InstantPlace | undefined
  for (;;) {
    const page = listLedger(store, workflowId, size, before)
    const last = page.at(-1)
    if (last === undefined) return rows
    rows.push(...page)
    before = { dueAt: last.due_at, scheduleId: last.schedule_id }
  }
}

it('R4 paging through the ledger shows every instant once, newest first, also those of one moment', async () => {
  const instants = fc.uniqueArray(fc.integer({ min: 0, max: 6 }), { maxLength: 7 })
  await fc.assert(
    fc.asyncProperty(
      fc.array(instants, { minLength: 1, maxLength: 4 }),
      fc.integer({ min: 1, max: 4 }),
      async (dueAts, size) => {
        const shown = pages(await automation(dueAts), size)
        expect(new Set(shown.map(row => `${row.schedule_id} ${String(row.due_at)}`)).size).toBe(shown.length)
        expect(shown.map(row => row.due_at)).toEqual(dueAts.flat().sort((a, b) => b - a))
      },
    ),
    { numRuns: 60 },
  )
})
