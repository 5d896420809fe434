/** Runs as clients see them: effects first, then what it waits for, its items, and its steps in order. */
import { z } from 'zod'
import type { Failure } from '../../../domain/failure.ts'
import { lowestId } from '../../../domain/ids.ts'
import { isJsonObject } from '../../../domain/json.ts'
import type { Json } from '../../../domain/json.ts'
import type { Effect } from '../../../domain/tool.ts'
import { eventById, payloadOf } from '../../store/inbox.ts'
import { itemById, itemError } from '../../store/items.ts'
import type { ItemRow, ItemState } from '../../store/items.ts'
import { countItems, listEffects, listItems, listItemsOfWorkflow, listRuns } from '../../store/lists.ts'
import type { RunListed } from '../../store/lists.ts'
import { listSteps, stepOf } from '../../store/list-steps.ts'
import type { ListedStep } from '../../store/list-steps.ts'
import { failureOfRun, resultOf, runById } from '../../store/runs.ts'
import type { RunRow, RunState } from '../../store/runs.ts'
import { takenBack } from '../../store/undos.ts'
import { detailOf, waitsOfRun } from '../../store/waits.ts'
import type { WaitKind } from '../../store/waits.ts'
import { contractOf, scriptOf } from '../../store/workflows.ts'
import { saidOf } from '../asking.ts'
import {
  automationName,
  cursorText,
  excerptOf,
  pageOf,
  placeIn,
  sentenceOf,
  shownInput,
  shownOutput,
} from './common.ts'
import type { AutomationName, Excerpt, Page, PageRequest, ViewSource } from './common.ts'
import { versionText } from './versions.ts'

export interface RunSummary {
  id: string
  automation: AutomationName
  state: RunState
  version: string
  attempt: number
  cancelling: boolean
  waitingItems: number
  cpuMs: number
  createdAt: number
  startedAt: number | null
  endedAt: number | null
}

export interface EffectView {
  stepId: string
  tool: string
  sentence: string
  /** done · failed · unknown (nobody saw its end) · at work · undone (done, and taken back since) */
  state: 'done' | 'failed' | 'unknown' | 'at-work' | 'undone'
  item: string | null
  at: number
}

export interface WaitView {
  stepId: string
  kind: WaitKind
  /** Of the signal, the question's tool or the failure that made it wait. */
  name: string | null
  until: number | null
  tries: number
  actionId: string | null
  itemId: string | null
}

export interface ItemView {
  id: string
  name: string
  key: string
  state: ItemState
  error: { code: string; message: string } | null
  updatedAt: number
}

export interface StepView {
  id: string
  position: number
  tool: string
  effect: Effect
  state: ListedStep['state']
  ok: boolean | null
  sentence: string
  /** The item it belongs to: name and key; `verify` for the checks of *Done when*; null for the run itself. */
  scope: string | null
  input: Json | Excerpt
  output: Json | Excerpt
  error: { code: string; message: string } | null
  tries: number
  costMicros: number
  begunAt: number
  endedAt: number | null
  ms: number | null
}

export interface RunView extends RunSummary {
  title: string
  event: { id: string; type: string; payload: Json | Excerpt } | null
  result: Json | Excerpt
  /** What the script says its result is, where it says so. */
  summary: string | null
  failure: Failure | null
  /** False once retention has taken its journal. */
  recorded: boolean
  effects: EffectView[]
  waits: WaitView[]
  items: { counts: Partial<Record<ItemState, number>>; first: ItemView[] }
  steps: StepView[]
  nextSteps: string | null
}

const EFFECT_ENTRIES = 2_000
const STEPS_SHOWN = 100
const ITEMS_SHOWN = 100

export function runSummary(source: ViewSource, run: RunListed | RunRow): RunSummary {
  const script = scriptOf(source.store, run.script_id)
  return {
    id: run.id,
    automation: automationName(source, run.workflow_id),
    state: run.state,
    version: versionText(script),
    attempt: run.attempt,
    cancelling: run.cancelling === 1,
    waitingItems: run.waiting_items,
    cpuMs: run.cpu_ms,
    createdAt: run.created_at,
    startedAt: run.started_at,
    endedAt: run.ended_at,
  }
}

export interface RunsRequest extends PageRequest {
  workflowId?: string | undefined
  state?: RunState | undefined
  /** Begun at this time or later, and before that one: UTC milliseconds. */
  since?: number | undefined
  until?: number | undefined
}

export function runsPage(source: ViewSource, filter: RunsRequest): Page<RunSummary> {
  const { limit, workflowId, state, since, until } = filter
  const [place] = placeIn(filter, 'runs', z.string()) ?? []
  const before = place ?? (until === undefined ? undefined : lowestId('run', until))
  const rows = listRuns(source.store, {
    limit: limit + 1,
    ...(workflowId === undefined ? {} : { workflowId }),
    ...(state === undefined ? {} : { state }),
    ...(before === undefined ? {} : { before }),
  })
  const from = since === undefined ? '' : lowestId('run', since)
  return pageOf(
    rows.filter(row => row.id >= from),
    limit,
    row => runSummary(source, row),
    row => cursorText('runs', row.id),
  )
}

/** What a caller that waited for a run is told: how it ended, without its history. */
export interface RunOutcome extends RunSummary {
  result: Json
  summary: string | null
  failure: Failure | null
  waits: WaitView[]
}

export function runOutcome(source: ViewSource, run: RunRow): RunOutcome {
  const result = resultOf(source.store, run)
  return {
    ...runSummary(source, run),
    result,
    summary: summaryOf(result),
    failure: failureOfRun(source.store, run),
    waits: waitsView(source, run.id),
  }
}

function summaryOf(result: Json): string | null {
  const summary = isJsonObject(result) ? result['summary'] : undefined
  return typeof summary === 'string' ? summary : null
}

export function runView(source: ViewSource, run: RunRow): RunView {
  const { store } = source
  const steps = stepsPage(source, run.id, { limit: STEPS_SHOWN })
  const event = eventById(store, run.inbox_id)
  const result = shownOutput(resultOf(store, run))
  return {
    ...runSummary(source, run),
    title: contractOf(store, run.intent_id).title,
    event:
      event === undefined
        ? null
        : { id: event.id, type: event.type, payload: excerptOf(shownOutput(payloadOf(store, event))) },
    result: excerptOf(result),
    summary: summaryOf(result),
    failure: failureOfRun(store, run),
    recorded: !(run.state === 'failed' && run.sealed_failure === null),
    effects: effectsOf(source, run.id),
    waits: waitsView(source, run.id),
    items: {
      counts: countItems(store, run.id),
      first: listItems(store, run.id, ITEMS_SHOWN).map(item => itemView(source, item)),
    },
    steps: steps.items,
    nextSteps: steps.next,
  }
}

export function stepsPage(source: ViewSource, runId: string, page: PageRequest): Page<StepView> {
  const [after = 0] = placeIn(page, 'steps', z.int()) ?? []
  const scopes = new Map<string, string | null>()
  return pageOf(
    listSteps(source.store, runId, after, page.limit + 1),
    page.limit,
    step => stepView(source, step, scopeOf(source, step.owner, runId, scopes), excerptOf),
    step => cursorText('steps', step.position),
  )
}

export function itemsOfRunPage(
  source: ViewSource,
  runId: string,
  filter: PageRequest & { state?: ItemState | undefined },
): Page<ItemView> {
  const [after] = placeIn(filter, 'items', z.string()) ?? []
  const { limit, state } = filter
  return pageOf(
    listItems(source.store, runId, limit + 1, {
      ...(after === undefined ? {} : { after }),
      ...(state === undefined ? {} : { state }),
    }),
    limit,
    item => itemView(source, item),
    item => cursorText('items', item.id),
  )
}

/** By name and key. */
export function itemsOfAutomationPage(
  source: ViewSource,
  workflowId: string,
  page: PageRequest,
): Page<ItemView> {
  const [name, key] = placeIn(page, 'items-by-key', z.string(), z.string()) ?? []
  const after = name === undefined || key === undefined ? undefined : { name, key }
  return pageOf(
    listItemsOfWorkflow(source.store, workflowId, page.limit + 1, after),
    page.limit,
    item => itemView(source, item),
    item => cursorText('items-by-key', item.name, item.key),
  )
}

/** One step with all of its input and output. */
export function stepDetail(source: ViewSource, runId: string, stepId: string): StepView | undefined {
  const step = stepOf(source.store, runId, stepId)
  if (step === undefined) return undefined
  return stepView(source, step, scopeOf(source, step.owner, runId, new Map()), value => value)
}

function effectsOf(source: ViewSource, runId: string): EffectView[] {
  const scopes = new Map<string, string | null>()
  return listEffects(source.store, runId, EFFECT_ENTRIES).flatMap(step => {
    const isUndone = takenBack(source.store, step.stepId) === 'undone'
    if (!isUndone && (step.state === 'dropped' || step.state === 'unsent')) return []
    const item = scopeOf(source, step.owner, runId, scopes)
    return {
      stepId: step.stepId,
      tool: step.tool,
      sentence: sentenceOf(source.tools.get(step.tool), step.tool, step.args, valueOf(step)),
      state: isUndone ? ('undone' as const) : effectState(step),
      item,
      at: step.at,
    }
  })
}

function effectState(step: ListedStep): EffectView['state'] {
  if (step.outcome !== null) return step.outcome.ok ? 'done' : 'failed'
  return step.state === 'unknown' ? 'unknown' : 'at-work'
}

function stepView(
  source: ViewSource,
  step: ListedStep,
  scope: string | null,
  shorten: (value: Json) => Json | Excerpt,
): StepView {
  const tool = source.tools.get(step.tool)
  const output = valueOf(step)
  const ended = step.outcome !== null
  const error = step.outcome?.ok === false ? step.outcome.error : null
  return {
    id: step.stepId,
    position: step.position,
    tool: step.tool,
    effect: step.effect,
    state: step.state,
    ok: step.outcome?.ok ?? null,
    sentence: saidOf(sentenceOf(tool, step.tool, step.args, output), step.evidence),
    scope,
    input: shorten(shownInput(tool, step.args)),
    output: shorten(shownOutput(output ?? null)),
    error: error === null ? null : { code: error.code, message: error.message },
    tries: step.tries,
    costMicros: step.costMicros,
    begunAt: step.begunAt,
    endedAt: ended ? step.at : null,
    ms: ended ? step.at - step.begunAt : null,
  }
}

function valueOf(step: ListedStep): Json | undefined {
  return step.outcome?.ok === true ? step.outcome.value : undefined
}

export function scopeOf(
  source: ViewSource,
  owner: string,
  runId: string,
  known: Map<string, string | null>,
): string | null {
  if (owner === runId) return null
  if (owner.startsWith(`${runId}/`)) return 'verify'
  const found = known.get(owner)
  if (found !== undefined) return found
  const item = itemById(source.store, owner)
  const scope = item === undefined ? null : `${item.name}: ${item.key}`
  known.set(owner, scope)
  return scope
}

export function waitsView(source: ViewSource, runId: string): WaitView[] {
  return waitsOfRun(source.store, runId).map(wait => ({
    stepId: wait.step_id,
    kind: wait.kind,
    name: wait.name,
    until: wait.wake_at,
    tries: detailOf(wait).tries,
    actionId: wait.action_id,
    itemId: wait.item_id,
  }))
}

function itemView(source: ViewSource, item: ItemRow): ItemView {
  const error = item.sealed_failure === null ? null : itemError(source.store, item)
  return {
    id: item.id,
    name: item.name,
    key: item.key,
    state: item.state,
    error: error === null ? null : { code: error.code, message: error.message },
    updatedAt: item.updated_at,
  }
}

export function existingRun(source: ViewSource, id: string): RunRow | undefined {
  return runById(source.store, id)
}
