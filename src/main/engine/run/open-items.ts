/**
 * The items a run has open: whose end its `each` waits for, whose body has ended, which can only wait (J6, J7).
 * Owns which `flow.settle` belongs to which scope. Does not own what an end writes: `item-steps.ts`.
 */
import type { ItemClose } from '../../../sandbox/protocol.ts'
import { itemById } from '../../store/items.ts'
import type { ActiveRun, Call } from './call.ts'
import { childScope, endItem, endOf, settleFromRow } from './item-steps.ts'
import type { ItemEnd } from './item-steps.ts'
import type { PendingCalls } from './pending.ts'
import type { Scope } from './scope.ts'
import type { RunScopes } from './scopes.ts'

export class OpenItems {
  readonly #run: ActiveRun
  readonly #scopes: RunScopes
  readonly #pending: PendingCalls
  readonly #ended: (error: unknown) => void
  readonly #settles = new Map<string, Call>()
  readonly #closes = new Map<string, ItemClose>()

  /** `ended` is called when an item's end is on record, with undefined, or could not be, with the error. */
  constructor(run: ActiveRun, scopes: RunScopes, pending: PendingCalls, ended: (error: unknown) => void) {
    this.#run = run
    this.#scopes = scopes
    this.#pending = pending
    this.#ended = ended
  }

  /** A new launch asks for everything again. */
  forget(): void {
    this.#settles.clear()
    this.#closes.clear()
  }

  /** The script's `each` now waits for this item: unless it has ended, or gone on, in another run meanwhile. */
  settling(call: Call): void {
    const scope = this.#scopes.get(childScope(call))
    if (this.#isUnfinished(scope)) this.#settles.set(scope.text, call)
    else this.#record(call.scope, settleFromRow(this.#run, call, scope.itemId))
  }

  /** The body of an item ended; it is closed when nothing of its own is in flight, or has yet to leave. */
  closing(close: ItemClose): void {
    this.#closes.set(close.scope, close)
  }

  closeReady(): void {
    for (const [text, close] of this.#closes) {
      const scope = this.#scopes.known(text)
      if (scope !== undefined && scope.flying + scope.held > 0) continue
      this.#closes.delete(text)
      this.end(this.#scopes.get(text), endOf(close.outcome))
    }
  }

  end(scope: Scope, end: ItemEnd): void {
    const settle = this.#settles.get(scope.text)
    this.#settles.delete(scope.text)
    if (settle === undefined && !this.#isUnfinished(scope)) return
    this.#record(scope.parent ?? scope, endItem(this.#run, scope, end, settle))
  }

  /** Work on the record counts as the surrounding scope's until it is done. */
  #record(around: Scope, work: Promise<void>): void {
    this.#scopes.takeOff(around)
    work.then(
      () => {
        this.#scopes.land(around)
        this.#ended(undefined)
      },
      (error: unknown) => {
        this.#scopes.land(around)
        this.#ended(error ?? new Error('an item could not be ended'))
      },
    )
  }

  /** Lets `each` go on without one item that waits for a person, a signal or a later day; innermost first. */
  suspendOne(): boolean {
    const scopes = [...this.#settles.keys()].map(text => this.#scopes.get(text))
    for (const scope of scopes.sort((a, b) => b.text.length - a.text.length)) {
      const own = this.#pending.of(scope)
      const hasOpenChild = [...this.#settles.values()].some(settle => settle.scope === scope)
      const onlyWaits = own.length > 0 && own.every(pending => this.#pending.isLongWait(pending))
      if (hasOpenChild || !onlyWaits) continue
      this.end(scope, { state: 'waiting', reason: this.#pending.reason(own[0]) })
      return true
    }
    return false
  }

  /**
   * True for a body that runs again only to replay: its item has ended, or a later run goes on with it. What it still
   * asks for has no effect and raises no question (P4, J7).
   */
  isOver(scope: Scope): boolean {
    if (scope.itemId === null) return scope.parent !== null && this.isOver(scope.parent)
    return !this.#isUnfinished(scope) || (scope.parent !== null && this.isOver(scope.parent))
  }

  #isUnfinished(scope: Scope): boolean {
    const item = scope.itemId === null ? undefined : itemById(this.#run.context.store, scope.itemId)
    return item?.run_id === this.#run.row.id && (item.state === 'open' || item.state === 'waiting')
  }
}
