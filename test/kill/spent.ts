/** What a model costs the person: its price, the cap they set and raise, what was known of it when a core died. */
import type Database from 'better-sqlite3'
import type { Life } from './life.ts'
import type { Ask } from './model-server.ts'
import type { Outside } from './outside.ts'

/** What was known of models when a core died. */
export interface SpentAtDeath {
  /** How much the model had been asked. */
  asks: number
  /** Steps that were on record. */
  recorded: string[]
  /** Costs whose end was not known. */
  reserved: string[]
}

/** A cap of the person that had no room, and what the model had counted until then. */
export interface Raise {
  cap: number
  counted: number
}

/** A token costs a micro-dollar, in whole ones for a million. */
const PRICE = 1_000_000
export const FIRST_CAP = 30_000
export const RAISED_BY = 30_000
const MODEL = 'local-one'

/** Connects the model outside, and says what it costs. */
export async function connectModel(life: Life, outside: Outside): Promise<void> {
  const settings = { maker: 'compatible', url: `http://${outside.model}/v1`, model: MODEL }
  await life.post('/connections', { name: 'model', kind: 'model', auth: 'none', settings })
  await life.post('/models/prices', { model: MODEL, input: PRICE, output: PRICE })
}

/** Sets a cap that it will meet. */
export function capModel(life: Life): Promise<void> {
  return life.set({ spending: { perMonthMicros: FIRST_CAP } })
}

/** As a person does who wants it to go on. */
export async function raiseCap(life: Life, outside: Outside, raises: Raise[]): Promise<void> {
  const counted = sumOf(await outside.asks())
  const { spending } = await life.get<{ spending: { perMonthMicros: number } }>('/settings')
  const cap = spending.perMonthMicros
  raises.push({ cap, counted })
  await life.set({ spending: { perMonthMicros: cap + RAISED_BY } })
}

export function spentAtDeath(db: Database.Database, asks: readonly Ask[]): SpentAtDeath {
  const recorded = db.prepare(`SELECT step_id FROM script_run_steps WHERE effect = 'model' AND kind = 'call'`)
  return { asks: asks.length, recorded: recorded.pluck().all() as string[], reserved: reservedIn(db) }
}

export function reservedIn(db: Database.Database): string[] {
  // It died while its tables were being made.
  if (db.prepare(`SELECT 1 FROM pragma_table_info('costs') WHERE name = 'state'`).get() === undefined)
    return []
  return db.prepare(`SELECT id FROM costs WHERE state = 'reserved'`).pluck().all() as string[]
}

export function sumOf(all: readonly { micros: number }[]): number {
  return all.reduce((sum, { micros }) => sum + micros, 0)
}
