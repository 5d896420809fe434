/**
 * One rehearsal, from launch to end (S6): starts the script in the sandbox, plays every call it makes, and delivers
 * the outcomes. An instance that is lost without fault is replayed from what was delivered (J3); it ends in bounded
 * time, and at once when it is stopped.
 * Owns the instance, the calls in flight, and everything it would have recorded: all of it is in memory, for one
 * rehearsal. Does not own what a call does (`play.ts`) or items (`stage-items.ts`).
 */
import type { Failure } from '../../../domain/failure.ts'
import { failureOf } from '../../../domain/failure.ts'
import { sha256Hex } from '../../../domain/json.ts'
import type { Json } from '../../../domain/json.ts'
import type { Phase } from '../../../domain/policy.ts'
import { classify } from '../../../domain/respond.ts'
import type { Outcome } from '../../../domain/tool.ts'
import type { LostReason } from '../../../sandbox/pool.ts'
import type { FromWorker, GuestCall, RecordedStep, RunEnd, StartRun } from '../../../sandbox/protocol.ts'
import type { EngineContext } from '../context.ts'
import { DAY_BUDGET } from '../asking.ts'
import { USUAL_LONGEST_MS } from './rehearsal.ts'
import type { Rehearsal, RehearsalEnd, Rehearsed } from './rehearsal.ts'
import { Guest } from '../run/guest.ts'
import { asideFor } from '../run/item-steps.ts'
import { toolOf } from '../run/make-call.ts'
import { Purse } from '../run/purse.ts'
import type { Scope } from '../run/scope.ts'
import { VERIFY } from '../run/scopes.ts'
import { verdictOf } from '../run/verify.ts'
import type { Verdict } from '../run/verify.ts'
import { lookAtFiles } from '../done-files.ts'
import { checkResults } from './checks.ts'
import { partOf } from './part.ts'
import type { Part, Playing, Seen } from './part.ts'
import { play } from './play.ts'
import type { Played } from './play.ts'
import { StageItems, leftFor } from './stage-items.ts'

type Idle = Extract<FromWorker, { kind: 'idle' }>

export class Stage implements Playing {
  readonly context: EngineContext
  readonly rehearsal: Rehearsal
  readonly name: string
  readonly workflowId: string
  readonly seen: Seen[] = []
  readonly granted = new Set<string>()
  phase: Phase
  calls = 0
  actions = 0
  readonly purse = new Purse()
  readonly imagined = { micros: 0 }

  readonly #done: (end: RehearsalEnd | Promise<RehearsalEnd>) => void
  readonly #aborter = new AbortController()
  readonly abort = this.#aborter.signal
  readonly #guest: Guest
  readonly #items: StageItems
  readonly #recorded: RecordedStep[] = []
  /** By number of the call; a look at *Done when* that is taken again replaces the one before. */
  readonly #steps = new Map<string, Rehearsed & { place: number }>()
  readonly #flights = new Map<string, Part>()
  readonly #begunAt: number
  #ahead = 0
  #turn = 0
  #cpuMs = 0
  #end: RunEnd | null = null
  #failure: Failure | null = null
  #isStopped = false
  #over = false
  #wall: NodeJS.Timeout | undefined

  constructor(
    context: EngineContext,
    rehearsal: Rehearsal,
    done: (end: RehearsalEnd | Promise<RehearsalEnd>) => void,
  ) {
    this.context = context
    this.rehearsal = rehearsal
    this.#done = done
    this.name = context.store.ids.next('reh')
    this.workflowId = rehearsal.workflowId ?? this.name
    this.phase = rehearsal.phase
    this.#begunAt = context.clock.now()
    this.#guest = new Guest(context.pool)
    this.#items = new StageItems(this, (part, outcome) => {
      this.#deliver(part, outcome)
    })
  }

  scopeOf(owner: string): Scope | undefined {
    return this.#items.scopeOf(owner)
  }

  now(): number {
    return this.context.clock.now() + this.#ahead
  }

  sleepUntil(at: number): void {
    this.#ahead += Math.max(0, at - this.now())
  }

  begin(): void {
    const { signal, contract, longestMs = USUAL_LONGEST_MS } = this.rehearsal
    const longest = Math.min(longestMs, contract.limits.wallMs)
    if (signal?.aborted === true) return this.#stop()
    signal?.addEventListener('abort', this.#stop)
    this.#wall = setTimeout(() => {
      this.#fail(tookTooLong(longest))
    }, longest).unref()
    this.#launch()
  }

  #launch(): void {
    this.#end = null
    this.phase = this.rehearsal.phase
    this.#items.forget()
    try {
      this.#guest.start(this.name, this.#startOf(), {
        idle: this.#heard(message => {
          this.#onIdle(message)
        }),
        verified: this.#heard(message => {
          this.#finish(verdictOf(message))
        }),
        lost: this.#heard(reason => {
          this.#onLost(reason)
        }),
      })
    } catch (error) {
      this.#fail(failureOf(error))
    }
  }

  #startOf(): Omit<StartRun, 'instance'> {
    const { contract, source, event } = this.rehearsal
    const { limits, budget, uses } = contract
    return {
      source,
      modules: this.context.tools.modulesOf(uses),
      input: JSON.stringify(event),
      seed: this.name,
      startedAt: this.#begunAt,
      recorded: [...this.#recorded, ...this.#items.inherited()],
      demand: 'exact',
      limits: {
        cpuMs: limits.cpuMs,
        memoryMb: limits.memoryMb,
        calls: budget.callsPerRun,
        bytesPerCall: limits.bytesPerCall,
      },
    }
  }

  /** What the sandbox says is taken in whole; a bug of ours ends this rehearsal, not the core. */
  #heard<T>(take: (message: T) => void): (message: T) => void {
    return message => {
      if (this.#over) return
      try {
        take(message)
      } catch (error) {
        this.#stopFor(error)
      }
    }
  }

  #onIdle(message: Idle): void {
    this.#cpuMs = Math.max(this.#cpuMs, message.cpuMs)
    if (message.end !== null) this.#end = message.end
    for (const call of message.calls) this.#take(call)
    this.#guest.deliverEarly()
    for (const close of message.closes) this.#items.closing(close)
    this.#items.closeReady()
    this.#rest()
  }

  /** Nothing of it is lost: what was delivered is replayed, what is in flight is attached to the next instance. */
  #onLost(reason: LostReason): void {
    for (const [stepId, part] of this.#flights) {
      if (part.scope.text === VERIFY) this.#forget(stepId, part)
    }
    if (reason.is === 'failure') this.#fail(reason.failure)
    else if (reason.is === 'neighbour' || this.#flights.size === 0) this.#launch()
  }

  #take(guest: GuestCall): void {
    const scope = this.#items.scope(guest.scope)
    if (this.#items.isOver(scope)) return
    const part = partOf(this, guest, scope, toolOf(this.context.tools, guest.tool))
    this.#guest.asked(part.stepId, guest.callId)
    // Still in flight from before the instance was lost: attached again, not played again (J3).
    if (this.#flights.has(part.stepId) || this.#guest.hasEarly(part.stepId)) return
    this.calls++
    if (guest.tool === 'flow.settle') this.#items.settling(part)
    else if (guest.tool === 'flow.open') this.#open(part)
    else this.#fly(part)
  }

  #open(part: Part): void {
    const { outcome, inherits } = this.#items.open(part)
    this.#deliver(part, outcome, inherits)
  }

  #fly(part: Part): void {
    const place = this.calls
    this.#flights.set(part.stepId, part)
    part.scope.flying++
    play(this, part).then(
      played => {
        this.#landed(part, place, played)
      },
      (error: unknown) => {
        this.#stopFor(error)
      },
    )
  }

  #forget(stepId: string, part: Part): void {
    this.#flights.delete(stepId)
    part.scope.flying--
  }

  #landed(part: Part, place: number, played: Played): void {
    if (this.#over || this.#flights.get(part.stepId) !== part) return
    this.#forget(part.stepId, part)
    this.#steps.set(part.stepId, { ...played.step, place })
    if (played.is === 'delivered') this.#deliver(part, played.outcome)
    else this.#leave(part.scope, played)
    this.#items.closeReady()
    this.#rest()
  }

  /** Ends an item, or the rehearsal, from below the script (J9). */
  #leave(scope: Scope, left: Exclude<Played, { is: 'delivered' }>): void {
    const { is } = left
    const failure = is === 'waiting' ? { ...left.failure, message: withSequel(left.failure) } : left.failure
    if (scope.text === VERIFY) this.#finish({ ok: false, evidence: failure.message })
    else if (scope.itemId !== null)
      this.#items.end(scope, is === 'waiting' ? leftFor(failure) : asideFor(failure))
    else this.#fail(failure)
  }

  #deliver(part: Part, outcome: Outcome, inherits: RecordedStep[] = []): void {
    const { guest, stepId, scope, effect, args } = part
    const at = this.now()
    const { tool, argHash, occurrence } = guest
    // A look at *Done when* is always taken afresh: it is not replayed.
    if (scope.text !== VERIFY) {
      const turn = ++this.#turn
      const step = { stepId, scope: guest.scope, tool, effect, argHash, occurrence, turn, outcome, at }
      this.#recorded.push({ ...step, inherited: false })
    }
    this.seen.push({ owner: scope.owner, tool, effect, args })
    if (outcome.ok && part.changes.length > 0) scope.staged.set(stepId, part.changes)
    this.#guest.deliver(stepId, outcome, at, inherits)
  }

  /** Whenever something ended: is there anything left to do? */
  #rest(): void {
    if (this.#over || !this.#guest.isIdle || this.#flights.size > 0) return
    // Evicted while its last answer was under way: it goes on where it was.
    if (!this.#guest.isThere) return this.#launch()
    if (this.phase === 'verify')
      return this.#finish({ ok: false, evidence: 'verify waited for nothing that could come' })
    if (this.#end === null) this.#fail(DEADLOCK)
    else if (this.#end.is === 'failed') this.#fail(this.#end.failure)
    else if (this.#isVerified()) this.#verify(this.#end.value)
    else this.#finish(null)
  }

  #isVerified(): boolean {
    return this.rehearsal.contract.done.some(check => check.kind === 'script-verifies')
  }

  #verify(result: string): void {
    this.phase = 'verify'
    this.#guest.verify(JSON.stringify({ event: this.rehearsal.event, result: JSON.parse(result) as Json }))
  }

  readonly #stop = (): void => {
    this.#isStopped = true
    this.#fail(STOPPED)
  }

  #stopFor(error: unknown): void {
    this.context.log('error', 'a rehearsal was stopped', { error })
    this.#fail(failureOf(error))
  }

  /** Nothing of a rehearsal is worth waiting for once it has failed: what is in flight is let go. */
  #fail(failure: Failure): void {
    this.#failure ??= failure
    this.#finish(null)
  }

  #finish(verdict: Verdict | null): void {
    if (this.#over) return
    // First of all: should it fail, the rehearsal can still end, with that failure.
    const end = this.#report()
    this.#over = true
    clearTimeout(this.#wall)
    this.#aborter.abort()
    this.#guest.drop()
    this.rehearsal.signal?.removeEventListener('abort', this.#stop)
    this.#done(this.#failure === null && this.#end?.is === 'returned' ? this.#checked(end, verdict) : end)
  }

  #report(): RehearsalEnd {
    const steps = [...this.#steps.values()].sort((a, b) => a.place - b.place)
    const returned = this.#failure === null && this.#end?.is === 'returned' ? this.#end.value : null
    return {
      scriptHash: sha256Hex(this.rehearsal.source),
      steps: steps.map(({ place: _place, ...step }) => step),
      items: this.#items.list(),
      result: returned === null ? null : (JSON.parse(returned) as Json),
      failure: this.#failure,
      checks: [],
      isStopped: this.#isStopped,
      ms: Math.max(0, this.context.clock.now() - this.#begunAt),
      cpuMs: this.#cpuMs,
    }
  }

  async #checked(end: RehearsalEnd, verdict: Verdict | null): Promise<RehearsalEnd> {
    const { context, rehearsal } = this
    const { contract, signal = new AbortController().signal } = rehearsal
    const look = await lookAtFiles(context, { owner: this.name, contract, signal })
    const { steps, result } = end
    const facts = {
      contract,
      tools: context.tools,
      steps,
      items: this.#items.counts(),
      result,
      verdict,
      look,
    }
    return { ...end, checks: checkResults(facts) }
  }
}

const STOPPED: Failure = {
  kind: 'script-error',
  name: 'Stopped',
  message: 'The rehearsal was stopped. Nothing was changed.',
}

const DEADLOCK: Failure = {
  kind: 'script-error',
  name: 'Deadlock',
  message: 'The script waited for a promise that nothing can settle. Nothing was changed.',
}

function tookTooLong(wallMs: number): Failure {
  return {
    kind: 'script-limit',
    limit: 'wall',
    allowed: wallMs,
    message: `The rehearsal took longer than ${String(wallMs / 1000)} s and was stopped. Nothing was changed.`,
  }
}

/** What a run would do where a rehearsal ends. */
function withSequel(failure: Failure): string {
  return `${failure.message} A run would ${sequelOf(failure)}.`
}

function sequelOf(failure: Failure): string {
  if (failure.kind === 'budget-exceeded' && failure.budget === DAY_BUDGET) return 'wait for the next day'
  return classify(failure) === 'retry' ? 'try again later' : 'wait for you to put it right'
}
