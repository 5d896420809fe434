/**
 * Plays one call of a rehearsal: reads for real, simulates writes, passes waits at once. Owns no state. What a run
 * would deal with beneath the script (J9) is not shown to the script here either: it ends the call's scope.
 */
import { failureOf, isFailureError } from '../../../domain/failure.ts'
import type { Failure } from '../../../domain/failure.ts'
import { isJsonObject } from '../../../domain/json.ts'
import type { Json } from '../../../domain/json.ts'
import { classify } from '../../../domain/respond.ts'
import { dollars } from '../../../domain/spending.ts'
import type { Outcome, WaitRequest } from '../../../domain/tool.ts'
import { validateOutput } from '../../tools/validate.ts'
import { keepLearnt, noteOf, saidOf } from '../asking.ts'
import type { Rehearsed } from './rehearsal.ts'
import { DEFAULT_TIMEOUT_MS, thrown } from '../run/call.ts'
import { sentenceOf } from '../views/common.ts'
import { countActions, judgePart } from './judge.ts'
import type { Judgement } from './judge.ts'
import { contextOf } from './part.ts'
import type { Part, Playing } from './part.ts'
import { conditional } from './sentence.ts'

export type Played =
  | { is: 'delivered'; outcome: Outcome; step: Rehearsed }
  /** A run would try again later, or wait for a person. */
  | { is: 'waiting'; failure: Failure; step: Rehearsed }
  /** Nothing the script may see or catch. */
  | { is: 'failed'; failure: Failure; step: Rehearsed }

interface Performed {
  outcome: Outcome
  assumed: string | null
}

const UNJUDGED: Judgement = { refused: null, asked: null, deferred: null }

export async function play(playing: Playing, part: Part): Promise<Played> {
  if (!part.checked.ok) return end(playing, part, UNJUDGED, plain(thrown(part.checked.failure)))
  const judgement = judgePart(playing, part)
  if (judgement.refused !== null) {
    const { clause, reason } = judgement.refused
    return end(playing, part, judgement, plain(thrown({ kind: 'not-permitted', clause, message: reason })))
  }
  return end(playing, part, judgement, await perform(playing, part))
}

async function perform(playing: Playing, part: Part): Promise<Performed> {
  if (part.tool.wait !== undefined) return passWait(playing, part)
  // Counted before anything is awaited, as in a run: two at once cannot both take the last place of a quota.
  if (part.effect === 'write') countActions(playing, part)
  try {
    return { outcome: await callTool(playing, part), assumed: begunBefore(part) }
  } catch (error) {
    if (!isFailureError(error)) logBug(playing, part, error)
    return plain(thrown(timedOut(error, part) ?? failureOf(error)))
  }
}

async function callTool(playing: Playing, part: Part): Promise<Outcome> {
  const { tool, args } = part
  const signal = AbortSignal.any([playing.abort, AbortSignal.timeout(timeoutOf(part))])
  const context = contextOf(playing, part, signal)
  if (part.effect === 'write' && tool.simulate === undefined) {
    // What it looks at before it acts can already fail.
    await tool.prepare?.(args, context)
    return { ok: true, value: tool.assume?.(args) ?? null }
  }
  const simulate = part.effect === 'write' ? tool.simulate : undefined
  const checked = validateOutput(tool, await (simulate ?? tool.run)(args, context))
  if (!checked.ok) return thrown(checked.failure)
  await keep(playing, part)
  return { ok: true, value: checked.value }
}

/** What a model answered is paid for: a run that asks it the same is given it. */
async function keep({ context }: Playing, { bill }: Part): Promise<void> {
  const { store, clock } = context
  if (bill.learnt.length === 0) return
  await store.write(tx => {
    keepLearnt(store, tx, bill, clock.now())
  })
}

function plain(outcome: Outcome): Performed {
  return { outcome, assumed: null }
}

/** Half done by an earlier run (J4): a run finds out first, which may end in a question. */
function begunBefore(part: Part): string | null {
  if (part.effect !== 'write' || part.guest.recorded === null) return null
  return 'An earlier run had begun it and nobody saw its end: a run would first find out whether it was done.'
}

function passWait(playing: Playing, part: Part): Performed {
  const { zone } = playing.rehearsal.contract
  const args = isJsonObject(part.args) ? { zone, ...part.args } : part.args
  const request = part.tool.wait?.(args, playing.now())
  if (request === undefined) throw new Error(`${part.tool.name} is not a wait`)
  return { outcome: { ok: true, value: valueOf(playing, request) }, assumed: assumptionOf(request) }
}

function valueOf(playing: Playing, request: WaitRequest): Json {
  switch (request.kind) {
    case 'sleep':
      playing.sleepUntil(request.until)
      return { wokeAt: playing.now() }
    case 'signal':
      return { payload: null }
    case 'ask':
      return { answer: answerTo(request) }
  }
}

function answerTo(request: Extract<WaitRequest, { kind: 'ask' }>): string {
  return request.choices[0] ?? '(your answer)'
}

function assumptionOf(request: WaitRequest): string | null {
  if (request.kind === 'sleep') return null
  if (request.kind === 'signal') return 'It went on as if the signal had come, with nothing in it.'
  return `It went on as if you had answered “${answerTo(request)}”.`
}

function timeoutOf({ tool, args }: Part): number {
  const { timeoutMs } = tool
  return (typeof timeoutMs === 'function' ? timeoutMs(args) : timeoutMs) ?? DEFAULT_TIMEOUT_MS
}

function timedOut(error: unknown, part: Part): Failure | undefined {
  if (!(error instanceof Error) || error.name !== 'TimeoutError') return undefined
  const afterMs = timeoutOf(part)
  const message = `${part.tool.title} took longer than ${String(afterMs / 1000)} s.`
  return { kind: 'timeout', afterMs, message }
}

function end(playing: Playing, part: Part, judgement: Judgement, { outcome, assumed }: Performed): Played {
  const step: Rehearsed = {
    tool: part.tool.name,
    effect: part.effect,
    scope: part.guest.scope,
    args: part.args,
    outcome,
    sentence: describe(part, judgement, outcome),
    isWish: isWish(part),
    ...judgement,
    assumed,
    at: part.begunAt,
    ms: Math.max(0, playing.context.clock.now() - part.startedAt),
  }
  const failure = outcome.ok ? undefined : outcome.error.failure
  if (failure === undefined) return { is: 'delivered', outcome, step }
  switch (classify(failure)) {
    case 'retry':
      return { is: 'waiting', failure: { ...failure, step: part.stepId }, step }
    case 'repair':
      return { is: 'delivered', outcome, step }
    case 'action':
      if (failure.kind === 'not-permitted') return { is: 'delivered', outcome, step }
      return { is: 'waiting', failure: { ...failure, step: part.stepId }, step }
    case 'stop':
      return { is: 'failed', failure: { ...failure, step: part.stepId }, step }
  }
}

function isWish(part: Part): boolean {
  if (part.effect === 'write' || part.tool.wait !== undefined) return true
  return part.changes.length > 0 || part.bill.imagined !== null
}

function describe(part: Part, { refused }: Judgement, outcome: Outcome): string {
  const { tool, args } = part
  if (refused !== null) return `${tool.name} was refused: ${refused.reason}`
  if (!outcome.ok)
    return `${tool.name} ${part.effect === 'write' ? 'would have failed' : 'failed'}: ${outcome.error.message}`
  // Of an answer that nobody gave, nothing can be said.
  const isInvented =
    outcome.value === null || (isJsonObject(outcome.value) && outcome.value['simulated'] === true)
  const seen = part.effect === 'write' && isInvented ? undefined : outcome.value
  const said = sentenceOf(tool, tool.name, args, seen)
  return isWish(part) ? conditional(said) + costOf(part) : saidOf(said, noteOf(part.bill))
}

function costOf({ bill: { imagined } }: Part): string {
  return imagined === null ? '' : ` (about ${dollars(imagined)})`
}

function logBug(playing: Playing, part: Part, error: unknown): void {
  playing.context.log('error', 'a tool failed unexpectedly in a rehearsal', {
    tool: part.tool.name,
    error,
  })
}
