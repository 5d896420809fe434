/** *Done when* (O1): typed checks and the script's own `verify`, after the script, read-only, under the same policy. */
import type { Failure } from '../../../domain/failure.ts'
import { isJsonObject } from '../../../domain/json.ts'
import type { Json } from '../../../domain/json.ts'
import { missingOutcome } from '../../../domain/outcome.ts'
import type { OutcomeFacts } from '../../../domain/outcome.ts'
import type { FromWorker } from '../../../sandbox/protocol.ts'
import { itemsOfRun } from '../../store/items.ts'
import { lookAtFiles } from '../done-files.ts'
import type { ActiveRun } from './call.ts'

type Verified = Extract<FromWorker, { kind: 'verified' }>

export interface Verdict {
  ok: boolean
  evidence: string
}

/** The first postcondition that does not hold, as a Failure with its evidence; null when all hold. */
export async function verifyOutcome(
  run: ActiveRun,
  result: Json,
  verify: Verdict | null,
): Promise<Failure | null> {
  const { context, contract, journal, row, abort: signal } = run
  const file = await lookAtFiles(context, { owner: row.workflow_id, contract, signal })
  return missingOutcome(contract.done, {
    result,
    effects: journal.effects(),
    items: itemFacts(run),
    file,
    verify,
  })
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

function itemFacts(run: ActiveRun): OutcomeFacts['items'] {
  const facts: Record<
    string,
    { done: number; aside: number; waiting: number; declined: number; total: number }
  > = {}
  for (const item of itemsOfRun(run.context.store, run.row.id)) {
    const entry = (facts[item.name] ??= { done: 0, aside: 0, waiting: 0, declined: 0, total: 0 })
    entry.total++
    if (item.state !== 'open') entry[item.state]++
  }
  return facts
}
