/** A run's journal as it was written, entry by entry: what a replay of it would be told, in order. Nothing is executed. */
import { z } from 'zod'
import type { Json } from '../../../domain/json.ts'
import type { Effect } from '../../../domain/tool.ts'
import { foldSteps } from '../../store/journal.ts'
import type { Step } from '../../store/journal.ts'
import { listEntries, stepOf } from '../../store/list-steps.ts'
import type { EntryRow } from '../../store/list-steps.ts'
import { cursorText, excerptOf, pageOf, placeIn, sentenceOf, shownOutput } from './common.ts'
import type { Excerpt, Page, PageRequest, ViewSource } from './common.ts'
import { scopeOf } from './runs.ts'

export interface EntryView {
  position: number
  at: number
  attempt: number
  kind: EntryRow['kind']
  stepId: string
  tool: string
  effect: Effect
  /** The item it belongs to; `verify` for the checks of *Done when*; null for the run itself. */
  scope: string | null
  sentence: string
  /** Its place in the order in which the script was told of outcomes; null where it was told of none. */
  turn: number | null
  ok: boolean | null
  output: Json | Excerpt
  error: { code: string; message: string } | null
}

export function replayPage(source: ViewSource, runId: string, page: PageRequest): Page<EntryView> {
  const [after = 0] = placeIn(page, 'replay', z.int()) ?? []
  const inputs = new Map<string, Json>()
  const scopes = new Map<string, string | null>()
  return pageOf(
    listEntries(source.store, runId, after, page.limit + 1),
    page.limit,
    row => entryView(source, row, inputs, scopeOf(source, row.owner, runId, scopes)),
    row => cursorText('replay', row.position),
  )
}

function entryView(
  source: ViewSource,
  row: EntryRow,
  inputs: Map<string, Json>,
  scope: string | null,
): EntryView {
  const [part] = foldSteps(source.store, [row])
  if (part === undefined) throw new Error(`entry ${String(row.position)} of ${row.run_id} is no step's`)
  const { outcome } = part
  return {
    position: row.position,
    at: row.at,
    attempt: row.attempt,
    kind: row.kind,
    stepId: row.step_id,
    tool: row.tool,
    effect: row.effect,
    scope,
    sentence: entrySentence(source, row, part, inputOf(source, row, part, inputs)),
    turn: row.turn,
    ok: outcome?.ok ?? null,
    output: outcome?.ok === true ? excerptOf(shownOutput(outcome.value)) : null,
    error: outcome?.ok === false ? { code: outcome.error.code, message: outcome.error.message } : null,
  }
}

/** Only the first entry of a step says what went in. */
function inputOf(source: ViewSource, row: EntryRow, part: Step, inputs: Map<string, Json>): Json {
  const known = inputs.get(row.step_id)
  if (known !== undefined) return known
  const isFirst = row.kind === 'call' || row.kind === 'begin'
  const input = isFirst ? part.args : (stepOf(source.store, row.run_id, row.step_id)?.args ?? null)
  inputs.set(row.step_id, input)
  return input
}

const AROUND: Readonly<Record<EntryRow['kind'], (sentence: string) => string>> = {
  call: sentence => sentence,
  end: sentence => sentence,
  begin: sentence => `Noted before it was done: ${sentence}`,
  unsent: sentence => `Was not sent: ${sentence}`,
  unknown: sentence => `Nobody saw its end: ${sentence}`,
  again: sentence => `Issued again under the same key: ${sentence}`,
  drop: sentence => `Taken back, to be tried again: ${sentence}`,
}

function entrySentence(source: ViewSource, row: EntryRow, part: Step, input: Json): string {
  const output = part.outcome?.ok === true ? part.outcome.value : undefined
  return AROUND[row.kind](sentenceOf(source.tools.get(row.tool), row.tool, input, output))
}
