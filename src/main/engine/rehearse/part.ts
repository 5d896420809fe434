/** One call of a script that is rehearsed, and what the files of this folder share about the rehearsal it is part of. */
import { idempotencyKeyOf, stepIdOf } from '../../../domain/identity.ts'
import type { Json } from '../../../domain/json.ts'
import type { Phase } from '../../../domain/policy.ts'
import type { Effect, LocalChange, ToolContext, ToolDeclaration } from '../../../domain/tool.ts'
import type { GuestCall } from '../../../sandbox/protocol.ts'
import { validateInput } from '../../tools/validate.ts'
import type { Checked } from '../../tools/validate.ts'
import { policyInForce } from '../../store/policies.ts'
import { askerFor, contractCaps, newBill } from '../asking.ts'
import type { Asking, Bill } from '../asking.ts'
import type { EngineContext } from '../context.ts'
import { imaginerFor, rehearsedFinder } from '../drawing.ts'
import type { Imagined } from '../drawing.ts'
import { boundsFor, riskOf } from '../judged.ts'
import type { Rehearsal } from './rehearsal.ts'
import type { Purse } from '../run/purse.ts'
import { localView } from '../run/scope.ts'
import type { Scope } from '../run/scope.ts'

export interface Part {
  readonly guest: GuestCall
  readonly scope: Scope
  readonly tool: ToolDeclaration
  readonly stepId: string
  readonly checked: Checked
  readonly args: Json
  readonly effect: Effect
  readonly begunAt: number
  /** The same by the clock itself, for how long it took. */
  readonly startedAt: number
  /** What it stages of local state, until its outcome is delivered. */
  readonly changes: LocalChange[]
  /** What asking models for it cost. */
  readonly bill: Bill
}

/** A call that has an outcome: what its scopes have read is judged by these. */
export interface Seen {
  owner: string
  tool: string
  effect: Effect
  args: Json
}

export interface Playing {
  readonly context: EngineContext
  readonly rehearsal: Rehearsal
  /** Stands where a run has its id. */
  readonly name: string
  /** Whose state, items and grants are looked at. Without an automation: the rehearsal's own name, which has none. */
  readonly workflowId: string
  readonly abort: AbortSignal
  readonly phase: Phase
  readonly seen: Seen[]
  scopeOf(owner: string): Scope | undefined
  /** First-time subjects that the person would have been asked about by now. */
  readonly granted: Set<string>
  readonly calls: number
  /** Changes of the outside that would have been made so far. */
  actions: number
  /** Of all its calls that ask models. */
  readonly purse: Purse
  /** Of all its calls that would have had pictures drawn. */
  readonly imagined: Imagined
  /** UTC ms; ahead of the clock by all that was slept through. */
  now(): number
  sleepUntil(at: number): void
}

export function partOf(playing: Playing, guest: GuestCall, scope: Scope, tool: ToolDeclaration): Part {
  const raw = JSON.parse(guest.args) as Json
  const checked = validateInput(tool, raw)
  const args = checked.ok ? checked.value : raw
  const { argHash, occurrence } = guest
  const step = { owner: scope.owner, tool: guest.tool, argHash, occurrence, generation: 0 }
  return {
    guest,
    scope,
    tool,
    stepId: guest.recorded ?? stepIdOf(step),
    checked,
    args,
    // Arguments that do not fit have no effect worth the name: the call is answered with `invalid-input`.
    effect: !checked.ok ? 'local' : typeof tool.effect === 'function' ? tool.effect(args) : tool.effect,
    begunAt: playing.now(),
    startedAt: playing.context.clock.now(),
    changes: [],
    bill: newBill(),
  }
}

export function contextOf(playing: Playing, part: Part, signal: AbortSignal): ToolContext {
  const { context, rehearsal, workflowId, name } = playing
  return {
    workflowId,
    runId: name,
    stepId: part.stepId,
    idempotencyKey: idempotencyKeyOf(workflowId, `${name} ${part.scope.owner}`, {
      tool: part.guest.tool,
      argHash: part.guest.argHash,
      occurrence: part.guest.occurrence,
      generation: 0,
    }),
    ...boundsFor(rehearsal.contract, policyInForce(context.store), {
      ...part,
      risk: riskOf(part.tool, part.args),
    }),
    now: () => playing.now(),
    signal,
    local: localView(context.store, workflowId, part.scope),
    stage: change => {
      part.changes.push(change)
    },
    begunAt: part.begunAt,
    evidence: null,
    picture: rehearsedFinder(context, workflowId),
    ...(part.effect === 'model' ? modelsFor(playing, part, signal) : {}),
  }
}

/**
 * Questions are asked live, as reads are: a preview that invented answers would show another run. They are paid for as
 * making things is, and find the room that a run would find now (P2). What nobody will decide by is not paid for:
 * pictures are imagined.
 */
function modelsFor(
  playing: Playing,
  { tool, bill }: Part,
  signal: AbortSignal,
): Required<Pick<ToolContext, 'ask' | 'draw'>> {
  const { context, rehearsal, name, purse, imagined } = playing
  const { contract, workflowId = null, taskId = null } = rehearsal
  const run = { runId: name, workflowId: playing.workflowId, isRehearsed: true }
  const asking: Asking = {
    context,
    of: { purpose: 'build', workflowId, taskId, runId: name, stepId: null, tool: tool.name },
    caps: contractCaps(contract, run, playing.now()),
    bill,
    settles: 'at-once',
    signal,
  }
  const ask = askerFor(asking)
  const imagine = imaginerFor(asking, imagined)
  return {
    ask: question => purse.hold(() => purse.ask(() => ask(question), signal)),
    draw: (wish, examine) => purse.hold(() => purse.ask(() => imagine(wish, examine), signal)),
  }
}
