/** The schemas of what is answered about runs, their steps and items, and rehearsals. */
import { z } from 'zod'
import type { RehearsalReport } from '../../engine/rehearse/report.ts'
import type { RunComparison } from '../../engine/views/compare.ts'
import type { EntryView } from '../../engine/views/replay.ts'
import type { ItemView, RunOutcome, RunSummary, RunView, StepView } from '../../engine/views/runs.ts'
import type { UndoStepView, UndoView, UndoableView } from '../../engine/views/undo.ts'
import {
  automationName,
  codedError,
  count,
  failure,
  json,
  maybe,
  pageOf,
  shape,
  text,
  time,
} from './shape.ts'

const runState = z.enum(['running', 'waiting', 'succeeded', 'failed', 'cancelled', 'declined'])
const itemState = z.enum(['open', 'waiting', 'done', 'aside', 'declined'])
const stepEffect = z.enum(['read', 'write', 'local', 'model'])
const stepState = z.enum(['begun', 'unsent', 'unknown', 'done', 'dropped'])

const summary = {
  id: text,
  automation: automationName,
  state: runState,
  version: text,
  attempt: count,
  cancelling: z.boolean(),
  waitingItems: count,
  cpuMs: count,
  createdAt: time,
  startedAt: maybe(time),
  endedAt: maybe(time),
}

const said = maybe(text).describe('What the script says its result is, where it says so')

const wait = z.object({
  stepId: text,
  kind: z.enum(['sleep', 'signal', 'ask', 'approval', 'unknown', 'retry', 'defer', 'fix']),
  name: maybe(text),
  until: maybe(time),
  tries: count,
  actionId: maybe(text),
  itemId: maybe(text),
})

const effect = z.object({
  stepId: text,
  tool: text,
  sentence: text,
  state: z.enum(['done', 'failed', 'unknown', 'at-work', 'undone']),
  item: maybe(text),
  at: time,
})

const item = shape<ItemView>()(
  z.object({ id: text, name: text, key: text, state: itemState, error: maybe(codedError), updatedAt: time }),
)

const step = shape<StepView>()(
  z.object({
    id: text,
    position: count,
    tool: text,
    effect: stepEffect,
    state: stepState,
    ok: maybe(z.boolean()),
    sentence: text,
    scope: maybe(text),
    input: json,
    output: json,
    error: maybe(codedError),
    tries: count,
    costMicros: count,
    begunAt: time,
    endedAt: maybe(time),
    ms: maybe(z.number()),
  }),
)

const entry = shape<EntryView>()(
  z.object({
    position: count,
    at: time,
    attempt: count,
    kind: z.enum(['call', 'begin', 'unsent', 'unknown', 'again', 'end', 'drop']),
    stepId: text,
    tool: text,
    effect: stepEffect,
    scope: maybe(text),
    sentence: text,
    turn: maybe(count),
    ok: maybe(z.boolean()),
    output: json,
    error: maybe(codedError),
  }),
)

const runSummary = shape<RunSummary>()(z.object(summary))

const runView = shape<RunView>()(
  z.object({
    ...summary,
    title: text,
    event: maybe(z.object({ id: text, type: text, payload: json })),
    result: json,
    summary: said,
    failure: maybe(failure),
    recorded: z.boolean().describe('False once its journal was old enough to go'),
    effects: z.array(effect),
    waits: z.array(wait),
    items: z.object({ counts: z.partialRecord(itemState, count), first: z.array(item) }),
    steps: z.array(step).describe('The first ones'),
    nextSteps: maybe(text).describe('The cursor of the steps after those'),
  }),
)

const runOutcome = shape<RunOutcome>()(
  z.object({ ...summary, result: json, summary: said, failure: maybe(failure), waits: z.array(wait) }),
)

const compared = z.object({ id: text, sentence: text, state: stepState, ok: maybe(z.boolean()) })
const comparison = shape<RunComparison>()(
  z.object({
    run: z.object(summary),
    other: z.object(summary),
    same: z.object({ version: z.boolean(), event: z.boolean(), result: z.boolean(), steps: count }),
    differences: z.array(
      z.object({
        is: z.enum(['only-in-run', 'only-in-other', 'other-input', 'other-outcome']),
        tool: text,
        scope: maybe(text),
        run: maybe(compared),
        other: maybe(compared),
      }),
    ),
    isWhole: z.boolean().describe('False where only the first steps of each were compared'),
  }),
)

const clause = z.object({ clause: text, reason: text, text })
const report = shape<RehearsalReport>()(
  z.object({
    id: text,
    state: z.enum(['running', 'returned', 'failed', 'stopped']),
    automation: maybe(automationName),
    title: text,
    script: z.object({ hash: text, version: maybe(text) }),
    startedAt: time,
    ms: z.number(),
    cpuMs: z.number(),
    counts: z.object({ reads: count, changes: count, asks: count, refused: count }),
    steps: z.array(
      z.object({
        tool: text,
        effect: stepEffect,
        kind: z.enum(['read', 'change', 'keep', 'wait', 'look']),
        sentence: text,
        ok: z.boolean(),
        error: maybe(codedError),
        isKept: z.boolean(),
        scope: maybe(text),
        input: json,
        payload: maybe(text),
        refused: maybe(clause),
        wouldAsk: maybe(clause),
        wouldWait: maybe(clause.extend({ until: time })),
        assumed: maybe(text),
        ms: z.number(),
      }),
    ),
    stepsLeftOut: count,
    items: z.array(
      z.object({
        name: text,
        key: text,
        scope: text,
        state: itemState,
        message: maybe(text),
      }),
    ),
    itemsLeftOut: count,
    checks: z.array(
      z.object({
        kind: text,
        text,
        verdict: z.enum(['holds', 'does-not-hold', 'cannot-be-judged']),
        evidence: maybe(text),
      }),
    ),
    result: json,
    failure: maybe(failure),
  }),
)

const undoSaid = { stepId: text, tool: text, sentence: text, item: maybe(text) }
const undoable = shape<UndoableView>()(
  z.object({
    ...undoSaid,
    undo: z.enum(['yes', 'no', 'undone', 'under-way']),
    because: maybe(text).describe('Why it cannot be taken back'),
    at: time,
  }),
)
const undoState = z.enum(['planned', 'begun', 'undone', 'refused', 'unclear', 'impossible'])
const undo = shape<UndoView>()(
  z.object({
    id: text,
    runId: text,
    automation: automationName,
    state: z.enum(['going', 'ended']),
    counts: z.partialRecord(undoState, count),
    createdAt: time,
    endedAt: maybe(time),
  }),
)
const undoStep = shape<UndoStepView>()(
  z.object({ ...undoSaid, state: undoState, reason: maybe(text).describe('Why it stands'), at: time }),
)

const eventState = z.enum(['new', 'claimed', 'done', 'refused'])

export const runAnswers = {
  RunSummary: runSummary,
  RunPage: pageOf(runSummary),
  Run: runView,
  Step: step,
  StepPage: pageOf(step),
  Item: item,
  ItemPage: pageOf(item),
  ItemRerun: z.object({ id: text, name: text, key: text, state: z.literal('open') }),
  ReplayPage: pageOf(entry),
  RunComparison: comparison,
  UndoablePage: pageOf(undoable),
  Undo: undo,
  UndoPage: pageOf(undo),
  UndoStepPage: pageOf(undoStep),
  Signalled: z.object({ duplicate: z.boolean() }),
  TakenEvent: z.object({
    eventId: text,
    duplicate: z.boolean(),
    runId: maybe(text),
    settled: z.boolean(),
    run: maybe(runOutcome),
  }),
  Event: z.object({
    id: text,
    state: eventState,
    reason: maybe(text),
    settled: z.boolean(),
    run: maybe(runOutcome),
  }),
  Rehearsal: report,
}
