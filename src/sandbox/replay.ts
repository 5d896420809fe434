/**
 * The replay driver: told what a guest asks for while it is at rest, it decides what the guest is given next, and
 * when what is new may leave for the host. Pure: no clock, no engine, no I/O.
 *
 * Owns: which recorded step answers which call, the order of delivery, what is parked, divergence.
 * Does not own: running the guest, the journal, limits.
 * Invariants: J3 (recorded order, one at a time, nothing recorded as done is asked again), J5 and J8 (recorded writes
 * are asked for unchanged before anything new leaves), J7 (an item's inherited journal).
 */
import type { Failure } from '../domain/failure.ts'
import type { Effect, Outcome } from '../domain/tool.ts'
import { describeCall, itemDivergence, runDivergence } from './divergence.ts'
import type { ItemClose, RecordedStep } from './protocol.ts'
import { isWithin, itemScope, RUN_SCOPE, VERIFY_SCOPE } from './scopes.ts'

export interface ReplayPlan {
  recorded: readonly RecordedStep[]
  demand: 'exact' | 'writes'
  /** Scopes that go on after the run's end; null for a run that has not ended before. */
  reenter: readonly string[] | null
}

export interface IssuedCall {
  callId: number
  scope: string
  tool: string
  argHash: string
  /** For `flow.open` and `flow.settle`: the item's scope. */
  item: string | null
}

export interface Delivery {
  callId: number
  outcome: Outcome
  at: number
}

/** A recorded outcome whose turn it is; the host may have held it back. */
export interface RecordedDelivery {
  callId: number
  stepId: string
  outcome: Outcome | 'held'
  at: number
}

export interface Released {
  /** In issue order; `recorded` names the step that was begun before without an end. */
  calls: { callId: number; recorded: string | null }[]
  closes: ItemClose[]
  /** Recorded reads and local steps that the guest no longer asks for. */
  unconsumed: string[]
  failure: Failure | null
}

interface Recorded extends RecordedStep {
  asked: boolean
}

interface Pending extends IssuedCall {
  step: Recorded | null
}

export class ReplayDriver {
  readonly #demand: 'exact' | 'writes'
  readonly #reenter: readonly string[] | null
  readonly #steps = new Map<string, Recorded>()
  readonly #known = new Set<string>()
  /** Recorded writes that were not asked for yet, by scope. */
  readonly #owed = new Map<string, Set<Recorded>>()
  readonly #occurrences = new Map<string, number>()
  /** Issued and not delivered. */
  readonly #pending = new Map<number, Pending>()
  /** Issued, recorded with an outcome, not delivered; kept in delivery order. */
  readonly #ready: { step: Recorded; callId: number }[] = []
  #parked: Pending[] = []
  #closes: ItemClose[] = []
  readonly #opened = new Set<string>([RUN_SCOPE])
  /** Items whose body came to its end, and items whose end the host has recorded. */
  readonly #closed = new Set<string>()
  readonly #settled = new Set<string>()
  readonly #dead = new Set<string>()
  #replaying: boolean

  constructor(plan: ReplayPlan) {
    this.#demand = plan.demand
    this.#reenter = plan.reenter
    for (const step of plan.recorded) this.#remember(step)
    this.#replaying = plan.recorded.length > 0
  }

  /** True until everything recorded that can be delivered was, and the demand was found to be met. */
  get replaying(): boolean {
    return this.#replaying
  }

  /** Takes one call, in issue order; answers which call with its scope, tool and arguments it is. */
  issue(call: IssuedCall): number {
    const identity = identityOf(call.scope, call.tool, call.argHash)
    const occurrence = this.#occurrences.get(identity) ?? 0
    this.#occurrences.set(identity, occurrence + 1)
    const step = this.#steps.get(`${identity} ${String(occurrence)}`) ?? null
    const pending: Pending = { ...call, step }
    this.#pending.set(call.callId, pending)
    if (step) this.#ask(step)
    if (step?.outcome) this.#queue(step, call.callId)
    else this.#parked.push(pending)
    return occurrence
  }

  close(close: ItemClose): void {
    if (this.#settled.has(close.scope) || this.#isDead(close.scope)) return
    this.#closed.add(close.scope)
    this.#closes.push(close)
  }

  /** Takes what an item's earlier runs recorded, with the completion of its opening. */
  inherit(steps: readonly RecordedStep[]): void {
    for (const step of steps) this.#remember(step)
  }

  /** Notes a completion that is about to be handed to the guest; false where nobody waits for it. */
  deliver(delivery: Delivery): boolean {
    const call = this.#pending.get(delivery.callId)
    if (!call) return false
    this.#pending.delete(delivery.callId)
    if (call.item === null || !delivery.outcome.ok) return true
    if (call.tool === 'flow.open' && field(delivery.outcome.value, 'run') === true)
      this.#opened.add(call.item)
    // The host has settled this item already: what its body still comes to has been recorded.
    // Unless it is gone on with after that: then its body's new end is what the host is here for.
    const goesOn = this.#reenter?.includes(call.item) === true
    if (call.tool === 'flow.settle' && field(delivery.outcome.value, 'state') !== 'waiting' && !goesOn) {
      this.#settled.add(call.item)
      this.#closes = this.#closes.filter(close => close.scope !== call.item)
    }
    return true
  }

  /** At rest: the next recorded outcome to hand in, inherited ones first, then in recorded order. */
  next(): RecordedDelivery | null {
    const ready = this.#ready.shift()
    if (!ready?.step.outcome) return null
    const { stepId, outcome, at } = ready.step
    return { callId: ready.callId, stepId, outcome, at }
  }

  /** At rest with nothing left to hand in: what may leave for the host now. */
  release(): Released {
    const released: Released = { calls: [], closes: [], unconsumed: [], failure: null }
    if (this.#replaying) {
      released.failure = this.#unmetDemand()
      if (released.failure) return released
      released.unconsumed = this.#forgetUnasked()
      this.#replaying = false
    }
    this.#judgeItems()
    const parked = this.#parked.filter(call => !this.#isDead(call.scope))
    this.#parked = parked.filter(call => !this.#mayLeave(call.scope))
    released.calls = parked
      .filter(call => this.#mayLeave(call.scope))
      .map(call => ({ callId: call.callId, recorded: call.step?.stepId ?? null }))
    released.closes = this.#closes.filter(close => this.#mayLeave(close.scope))
    this.#closes = this.#closes.filter(close => !this.#mayLeave(close.scope))
    return released
  }

  /** At rest after release: nothing is under way that could ever wake the guest. */
  stuck(): boolean {
    for (const call of this.#pending.values()) {
      if (this.#isDead(call.scope)) continue
      const waitsForBody = call.tool === 'flow.settle' && call.item !== null && !this.#closed.has(call.item)
      if (!waitsForBody) return false
    }
    return true
  }

  #remember(step: RecordedStep): void {
    if (this.#known.has(step.stepId)) return
    this.#known.add(step.stepId)
    const identity = identityOf(step.scope, step.tool, step.argHash)
    const recorded: Recorded = { ...step, asked: false }
    this.#steps.set(`${identity} ${String(step.occurrence)}`, recorded)
    if (!isWrite(step.effect)) return
    const owed = this.#owed.get(step.scope) ?? new Set()
    this.#owed.set(step.scope, owed.add(recorded))
  }

  #ask(step: Recorded): void {
    step.asked = true
    this.#owed.get(step.scope)?.delete(step)
  }

  #queue(step: Recorded, callId: number): void {
    let place = this.#ready.length
    while (place > 0 && comesBefore(step, callId, this.#ready[place - 1])) place -= 1
    this.#ready.splice(place, 0, { step, callId })
  }

  #unmetDemand(): Failure | null {
    const missed = [...this.#steps.values()].filter(step => !step.asked && this.#isDemanded(step))
    const first = missed.sort((a, b) => (a.turn ?? Infinity) - (b.turn ?? Infinity))[0]
    if (!first) return null
    const found = this.#parked.find(call => call.step === null)
    return runDivergence(first, found ? describeCall(found.tool) : null)
  }

  #isDemanded(step: Recorded): boolean {
    if (step.inherited || step.scope === VERIFY_SCOPE) return false
    if (this.#demand === 'exact') return true
    return isWrite(step.effect) && this.#opened.has(step.scope)
  }

  #forgetUnasked(): string[] {
    const forgotten: string[] = []
    for (const [identity, step] of this.#steps) {
      if (step.asked || step.inherited || !this.#opened.has(step.scope)) continue
      this.#steps.delete(identity)
      forgotten.push(step.stepId)
    }
    return forgotten
  }

  /** An item that brings something new, or its end, without having asked for all it wrote before, diverges alone. */
  #judgeItems(): void {
    const stirring = new Set<string>()
    for (const call of this.#parked) if (call.step === null) stirring.add(call.scope)
    for (const close of this.#closes) stirring.add(close.scope)
    for (const scope of stirring) {
      const [step] = this.#owed.get(scope) ?? []
      if (!step || scope === RUN_SCOPE || this.#isDead(scope)) continue
      this.#closes = this.#closes.filter(close => close.scope !== scope)
      const found = this.#parked.find(call => call.step === null && call.scope === scope)
      this.close(itemDivergence(step, found ? describeCall(found.tool) : null))
      this.#dead.add(scope)
    }
  }

  #isDead(scope: string): boolean {
    for (const dead of this.#dead) if (isWithin(scope, dead)) return true
    return false
  }

  #mayLeave(scope: string): boolean {
    if (this.#reenter === null || scope === VERIFY_SCOPE) return true
    return this.#reenter.some(outer => isWithin(scope, outer))
  }
}

function identityOf(scope: string, tool: string, argHash: string): string {
  return `${scope} ${tool} ${argHash}`
}

function comesBefore(
  step: Recorded,
  callId: number,
  other: { step: Recorded; callId: number } | undefined,
): boolean {
  if (!other) return false
  if (step.inherited !== other.step.inherited) return step.inherited
  const difference = (step.turn ?? 0) - (other.step.turn ?? 0)
  return difference < 0 || (difference === 0 && callId < other.callId)
}

function isWrite(effect: Effect): boolean {
  return effect === 'write'
}

function field(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null) return undefined
  return Object.hasOwn(value, name) ? Reflect.get(value, name) : undefined
}

/** The item's scope a `flow.open` or `flow.settle` speaks of, from its arguments. */
export function itemOf(tool: string, scope: string, args: unknown): string | null {
  if (tool !== 'flow.open' && tool !== 'flow.settle') return null
  const name = field(args, 'name')
  const key = field(args, 'key')
  return typeof name === 'string' && typeof key === 'string' ? itemScope(scope, name, key) : null
}
