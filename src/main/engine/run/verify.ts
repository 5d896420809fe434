/** *Done when* (O1): typed checks and the script's own `verify`, after the script, read-only, under the same policy. */
import { isJsonObject } from '../../../domain/json.ts'
import type { Json } from '../../../domain/json.ts'
import type { ItemCounts, OutcomeFacts } from '../../../domain/outcome.ts'
import type { FromWorker } from '../../../sandbox/protocol.ts'
import { itemsOfRun } from '../../store/items.ts'
import type { Reader } from '../../store/tx.ts'
import { openChecksOf } from '../../store/runs.ts'
import { waitsOfRun } from '../../store/waits.ts'
import { lookAtFiles } from '../done-files.ts'
import type { ActiveRun } from './call.ts'
import type { Ending } from './finish.ts'

type Verified = Extract<FromWorker, { kind: 'verified' }>

export interface Verdict {
  ok: boolean
  evidence: string
}

/** What was seen of the outside after the script. */
export type Looks = Pick<OutcomeFacts, 'file' | 'verify'>

export const NO_LOOKS: Looks = { file: () => undefined, verify: null }

/** Nobody could look. */
export function unseen(ending: Ending | null): Looks {
  const why = ending?.is === 'failed' ? ending.failure.message : 'The script could not be asked again.'
  return { ...NO_LOOKS, verify: { ok: false, evidence: why } }
}

/** Whether the script's own `verify` is asked; `again` where items have ended since. */
export function hasToVerify({ contract, row }: ActiveRun, again: boolean): boolean {
  const open = again ? openChecksOf(row) : null
  return contract.done.some(
    ({ kind }, place) => kind === 'script-verifies' && (open === null || open.includes(place)),
  )
}

export async function lookAtOutcome(run: ActiveRun, verify: Verdict | null): Promise<Looks> {
  const { context, contract, row, abort: signal } = run
  return { file: await lookAtFiles(context, { owner: row.workflow_id, contract, signal }), verify }
}

/** `verify` holds when it returns true, or an object whose `ok` is true; it may say why not. */
export function verdictOf(verified: Verified): Verdict | null {
  if (!verified.exists) return null
  const end = verified.end
  if (end?.is !== 'returned') {
    return { ok: false, evidence: end === null ? 'verify did not answer.' : end.failure.message }
  }
  const value = JSON.parse(end.value) as Json
  if (!isJsonObject(value))
    return { ok: value === true, evidence: `verify returned ${JSON.stringify(value)}.` }
  const evidence = typeof value['evidence'] === 'string' ? value['evidence'] : 'verify gave no evidence.'
  return { ok: value['ok'] === true, evidence }
}

/** What became of the items of a run, by the names of their `each`. One that waits may still be called open. */
export function itemCounts(reader: Reader, runId: string): Record<string, ItemCounts> {
  const waits = new Set(waitsOfRun(reader, runId).map(wait => wait.item_id))
  const counts: Record<string, ItemCounts> = {}
  for (const item of itemsOfRun(reader, runId)) {
    const entry = (counts[item.name] ??= { done: 0, aside: 0, waiting: 0, declined: 0, total: 0 })
    entry.total++
    if (item.state !== 'open') entry[item.state]++
    else if (waits.has(item.id)) entry.waiting++
  }
  return counts
}
