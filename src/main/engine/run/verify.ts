/** *Done when* (O1): typed checks and the script's own `verify`, after the script, read-only, under the same policy. */
import fs from 'node:fs'
import type { Failure } from '../../../domain/failure.ts'
import { isJsonObject } from '../../../domain/json.ts'
import type { Json } from '../../../domain/json.ts'
import { missingOutcome } from '../../../domain/outcome.ts'
import type { OutcomeFacts } from '../../../domain/outcome.ts'
import type { FromWorker } from '../../../sandbox/protocol.ts'
import { itemsOfRun } from '../../store/items.ts'
import type { ActiveRun } from './call.ts'

type Verified = Extract<FromWorker, { kind: 'verified' }>

export interface Verdict {
  ok: boolean
  evidence: string
}

/** The first postcondition that does not hold, as a Failure with its evidence; null when all hold. */
export function verifyOutcome(run: ActiveRun, result: Json, verdict: Verdict | null): Failure | null {
  if (run.contract.done.length === 0) return null
  return missingOutcome(run.contract.done, factsOf(run, result, verdict))
}

function factsOf(run: ActiveRun, result: Json, verify: Verdict | null): OutcomeFacts {
  return {
    result,
    effects: run.journal.effects(),
    items: itemFacts(run),
    file: path => {
      const stat = fs.statSync(path, { throwIfNoEntry: false })
      return { exists: stat !== undefined, size: stat?.size ?? 0 }
    },
    verify,
  }
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
