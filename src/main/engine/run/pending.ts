/** The calls of one run that have no outcome yet: at work, waiting, or held back. Owns the list, not the calls. */
import { detailOf, waitOf } from '../../store/waits.ts'
import type { WaitRow } from '../../store/waits.ts'
import type { Call } from './call.ts'
import type { EngineContext } from '../context.ts'
import type { Scope } from './scope.ts'
import { VERIFY } from './scopes.ts'

export interface Pending {
  call: Call
  state: 'flying' | 'waiting' | 'held'
}

export class PendingCalls {
  readonly #context: EngineContext
  readonly #calls = new Map<string, Pending>()
  /** Those held back, in the order in which they may leave. */
  readonly #held = new Set<Pending>()

  constructor(context: EngineContext) {
    this.#context = context
  }

  add(call: Call): Pending {
    const pending: Pending = { call, state: 'held' }
    this.#calls.set(call.step.stepId, pending)
    this.#holdBack(pending)
    return pending
  }

  move(pending: Pending, state: Pending['state']): void {
    this.#letGo(pending)
    pending.state = state
    if (state === 'held' && this.#calls.get(pending.call.step.stepId) === pending) this.#holdBack(pending)
  }

  get(stepId: string): Pending | undefined {
    return this.#calls.get(stepId)
  }

  delete(stepId: string): void {
    const pending = this.#calls.get(stepId)
    if (pending !== undefined) this.#letGo(pending)
    this.#calls.delete(stepId)
  }

  /** The instance is gone: only what is at work can be attached to the next one, which verifies afresh. */
  keepFlying(): void {
    for (const [stepId, { call, state }] of this.#calls) {
      if (state !== 'flying' || call.scope.text === VERIFY) this.delete(stepId)
    }
  }

  deleteOf(scope: Scope): void {
    for (const [stepId, pending] of this.#calls) {
      if (pending.call.scope === scope && pending.state !== 'flying') this.delete(stepId)
    }
  }

  of(scope: Scope): Pending[] {
    return [...this.#calls.values()].filter(pending => pending.call.scope === scope)
  }

  waiting(): Pending[] {
    return [...this.#calls.values()].filter(pending => pending.state === 'waiting')
  }

  /** What has not left yet, the first first. */
  held(): Iterable<Pending> {
    return this.#held
  }

  /** Calls whose wait is over by now may leave again. */
  holdThoseOver(): void {
    for (const pending of this.waiting()) if (this.#isOver(pending)) this.move(pending, 'held')
  }

  /** When the first of the waiting calls may go on; null when only a person or the world can tell. */
  wakeAt(): number | null {
    const times = this.waiting().flatMap(pending => this.#row(pending)?.wake_at ?? [])
    return times.length === 0 ? null : Math.min(...times)
  }

  /** Waits that an `each` does not wait for: a person, a signal, a later day (J6). A retry is not one. */
  isLongWait(pending: Pending): boolean {
    return pending.state === 'waiting' && this.#row(pending)?.kind !== 'retry'
  }

  reason(pending: Pending | undefined): string {
    return WAITS_FOR[(pending === undefined ? undefined : this.#row(pending)?.kind) ?? 'fix']
  }

  #holdBack(pending: Pending): void {
    this.#held.add(pending)
    pending.call.scope.held++
  }

  #letGo(pending: Pending): void {
    if (this.#held.delete(pending)) pending.call.scope.held--
  }

  #isOver(pending: Pending): boolean {
    const row = this.#row(pending)
    if (row === undefined || detailOf(row).over || row.kind === 'signal') return true
    return row.wake_at !== null && row.wake_at <= this.#context.clock.now()
  }

  #row(pending: Pending): WaitRow | undefined {
    return waitOf(this.#context.store, pending.call.step.stepId)
  }
}

const WAITS_FOR = {
  sleep: 'It sleeps.',
  signal: 'It waits for a signal.',
  ask: 'It waits for an answer.',
  approval: 'It waits for an approval.',
  unknown: 'It waits to be told whether a step was done.',
  retry: 'It will be tried again.',
  defer: 'It waits for the next window of its budget.',
  fix: 'It waits for a person.',
} as const
