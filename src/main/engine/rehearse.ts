/**
 * A rehearsal (S6, O2): the very script, in the same sandbox with the same modules under the same contract; reads are
 * live, writes are simulated and noted as what they would do, local state is the rehearsal's own. Nothing is recorded
 * and nothing outside changes.
 */
import type { Contract } from '../../domain/contract.ts'
import { fail, failureOf } from '../../domain/failure.ts'
import type { Failure } from '../../domain/failure.ts'
import { isJsonObject } from '../../domain/json.ts'
import type { Json } from '../../domain/json.ts'
import { decide } from '../../domain/policy.ts'
import type { Phase } from '../../domain/policy.ts'
import type { LocalChange, Outcome, ToolContext, ToolDeclaration } from '../../domain/tool.ts'
import type { SandboxInstance } from '../../sandbox/pool.ts'
import type { FromWorker, GuestCall } from '../../sandbox/protocol.ts'
import { validateInput } from '../tools/validate.ts'
import { thrown } from './run/call.ts'
import type { EngineContext } from './context.ts'

export interface Rehearsal {
  contract: Contract
  source: string
  event: Json
  /** explore: the planner looks around · dry-run: what a confirmed version would do. */
  phase: Extract<Phase, 'explore' | 'dry-run'>
  signal?: AbortSignal
}

/** One step of a rehearsal, in order; for a write: what it would have done. */
export interface Rehearsed {
  tool: string
  effect: 'read' | 'write' | 'local' | 'model'
  args: Json
  outcome: Outcome
  /** In words: "Would have: Moved a.pdf to Receipts". */
  sentence: string
}

export interface RehearsalEnd {
  steps: Rehearsed[]
  result: Json
  failure: Failure | null
}

type Idle = Extract<FromWorker, { kind: 'idle' }>

export function rehearse(context: EngineContext, rehearsal: Rehearsal): Promise<RehearsalEnd> {
  return new Promise(resolve => {
    new Stage(context, rehearsal, resolve).begin()
  })
}

class Stage {
  readonly #context: EngineContext
  readonly #rehearsal: Rehearsal
  readonly #done: (end: RehearsalEnd) => void
  readonly #steps: Rehearsed[] = []
  readonly #state = new Map<string, Json>()
  readonly #settles = new Map<string, number>()
  readonly #name: string
  #instance: SandboxInstance | null = null

  constructor(context: EngineContext, rehearsal: Rehearsal, done: (end: RehearsalEnd) => void) {
    this.#context = context
    this.#rehearsal = rehearsal
    this.#done = done
    this.#name = context.store.ids.next('run')
  }

  begin(): void {
    const { contract, source, event, signal } = this.#rehearsal
    signal?.addEventListener('abort', () => {
      this.#end({
        kind: 'script-error',
        name: 'Stopped',
        message: 'The rehearsal was stopped. Nothing was changed.',
      })
    })
    this.#instance = this.#context.pool.start(
      {
        instance: this.#name,
        source,
        modules: this.#context.tools.modulesOf(contract.uses),
        input: JSON.stringify(event),
        seed: this.#name,
        startedAt: this.#context.clock.now(),
        recorded: [],
        demand: 'exact',
        limits: {
          cpuMs: contract.limits.cpuMs,
          memoryMb: contract.limits.memoryMb,
          calls: contract.budget.callsPerRun,
          bytesPerCall: contract.limits.bytesPerCall,
        },
      },
      {
        idle: message => {
          this.#onIdle(message)
        },
        verified: () => undefined,
        lost: reason => {
          if (reason.is === 'failure') this.#end(reason.failure)
          else
            this.#end({
              kind: 'internal',
              message: 'The rehearsal was interrupted. Nothing was changed. Start it again.',
            })
        },
      },
    )
  }

  #onIdle(message: Idle): void {
    if (this.#instance === null) return
    for (const call of message.calls) this.#take(call)
    for (const close of message.closes) this.#close(close.scope, close.outcome)
    if (message.end?.is === 'returned') this.#end(null, JSON.parse(message.end.value) as Json)
    if (message.end?.is === 'failed') this.#end(message.end.failure)
  }

  #take(call: GuestCall): void {
    const args = JSON.parse(call.args) as Json
    if (call.tool === 'flow.settle') this.#settles.set(itemScope(call.scope, args), call.callId)
    else if (call.tool === 'flow.open') this.#deliver(call.callId, { ok: true, value: { run: true } })
    else {
      this.#play(call, args).then(
        outcome => {
          this.#deliver(call.callId, outcome)
        },
        (error: unknown) => {
          this.#deliver(call.callId, thrown(failureOf(error)))
        },
      )
    }
  }

  async #play(call: GuestCall, raw: Json): Promise<Outcome> {
    const tool = this.#context.tools.get(call.tool)
    if (tool === undefined)
      return thrown({ kind: 'not-permitted', clause: 'uses', message: `There is no tool ${call.tool}.` })
    const checked = validateInput(tool, raw)
    if (!checked.ok) return thrown(checked.failure)
    const args = checked.value
    const effect = typeof tool.effect === 'function' ? tool.effect(args) : tool.effect
    const outcome = this.#refusal(tool, args, effect) ?? (await this.#perform(tool, args, effect))
    const did = tool.describe(args, outcome.ok ? outcome.value : undefined)
    this.#steps.push({
      tool: call.tool,
      effect,
      args,
      outcome,
      sentence: effect === 'write' ? `Would have: ${did}` : did,
    })
    return outcome
  }

  #refusal(tool: ToolDeclaration, args: Json, effect: Rehearsed['effect']): Outcome | null {
    const { contract, phase } = this.#rehearsal
    const decision = decide({
      contract,
      call: {
        tool: tool.name,
        module: `tools/${tool.name.slice(0, tool.name.lastIndexOf('.'))}`,
        effect,
        risk: typeof tool.risk === 'function' ? tool.risk(args) : tool.risk,
        touches: tool.touches(args),
        costMicros: 0,
        payloadHash: '',
      },
      usage: NOTHING_USED,
      now: this.#context.clock.now(),
      phase,
      tainted: false,
      approved: false,
      granted: () => false,
      sources: [],
    })
    if (decision.verdict === 'allow') return null
    return thrown({ kind: 'not-permitted', clause: decision.clause, message: decision.reason })
  }

  async #perform(tool: ToolDeclaration, args: Json, effect: Rehearsed['effect']): Promise<Outcome> {
    const context = this.#toolContext()
    try {
      if (tool.wait !== undefined)
        return { ok: true, value: { answer: null, payload: null, wokeAt: context.now() } }
      if (effect === 'write') return { ok: true, value: (await tool.simulate?.(args, context)) ?? null }
      if (effect === 'model')
        fail({ kind: 'not-permitted', clause: 'models', message: 'Models are not called in a rehearsal.' })
      return { ok: true, value: await tool.run(args, context) }
    } catch (error) {
      return thrown(failureOf(error))
    }
  }

  #toolContext(): ToolContext {
    const { clock } = this.#context
    const now = clock.now()
    return {
      workflowId: this.#name,
      runId: this.#name,
      stepId: this.#name,
      idempotencyKey: this.#name,
      contract: this.#rehearsal.contract,
      now: () => clock.now(),
      signal: this.#rehearsal.signal ?? new AbortController().signal,
      local: {
        get: key => this.#state.get(key),
        list: prefix =>
          [...this.#state]
            .filter(([key]) => key.startsWith(prefix))
            .sort(([a], [b]) => (a < b ? -1 : 1))
            .map(([key, value]) => ({ key, value })),
      },
      stage: change => {
        this.#stage(change)
      },
      begunAt: now,
      evidence: null,
    }
  }

  #stage(change: LocalChange): void {
    if (change.kind === 'state-set') this.#state.set(change.key, change.value)
    if (change.kind === 'state-delete') this.#state.delete(change.key)
  }

  #close(scope: string, outcome: Outcome): void {
    const callId = this.#settles.get(scope)
    this.#settles.delete(scope)
    if (callId === undefined) return
    const value: Json = outcome.ok
      ? { state: 'done', result: outcome.value }
      : { state: 'aside', error: { code: outcome.error.code, message: outcome.error.message } }
    this.#deliver(callId, { ok: true, value })
  }

  #deliver(callId: number, outcome: Outcome): void {
    this.#instance?.deliver(callId, outcome, this.#context.clock.now(), [])
  }

  #end(failure: Failure | null, result: Json = null): void {
    if (this.#instance === null) return
    this.#instance.drop()
    this.#instance = null
    this.#done({ steps: this.#steps, result, failure })
  }
}

const NOTHING_USED = {
  actionsThisRun: 0,
  actionsThisHour: 0,
  actionsThisDay: 0,
  callsThisRun: 0,
  costThisRunMicros: 0,
  costThisDayMicros: 0,
}

function itemScope(parent: string, args: Json): string {
  const path = parent === '' ? [] : (JSON.parse(parent) as string[])
  if (!isJsonObject(args)) return parent
  return JSON.stringify([...path, args['name'] ?? null, args['key'] ?? null])
}
