/** The scopes of one run, made when first spoken of, with what their journal says they have staged. */
import { itemById, itemOfScope } from '../../store/items.ts'
import type { Store } from '../../store/store.ts'
import type { RunJournal } from './run-journal.ts'
import { Scope, parentOf } from './scope.ts'

/** The scope of the script's own `verify` (O1). */
export const VERIFY = 'verify'

export class RunScopes {
  readonly #store: Store
  readonly #run: { id: string; workflow_id: string }
  readonly #journal: () => RunJournal
  readonly #scopes = new Map<string, Scope>()
  #flying = 0

  constructor(store: Store, run: { id: string; workflow_id: string }, journal: () => RunJournal) {
    this.#store = store
    this.#run = run
    this.#journal = journal
  }

  get(text: string): Scope {
    const known = this.#scopes.get(text)
    if (known !== undefined) return known
    if (text === VERIFY) return this.#verifying()
    const itemId = text === '' ? null : (itemOfScope(this.#store, this.#run.workflow_id, text)?.id ?? null)
    const parent = text === '' ? null : this.get(parentOf(text))
    const scope = new Scope(text, itemId ?? this.#run.id, itemId, parent)
    for (const step of this.#journal().stepsOf(scope.owner)) {
      if (step.state === 'done' && step.changes.length > 0) scope.staged.set(step.stepId, step.changes)
    }
    this.#scopes.set(text, scope)
    return scope
  }

  /** What the run has staged becomes real only with its end, and `verify` is to judge what will be there. */
  #verifying(): Scope {
    const scope = new Scope(VERIFY, this.#journal().verification(), null, this.get(''))
    this.#scopes.set(VERIFY, scope)
    return scope
  }

  known(text: string): Scope | undefined {
    return this.#scopes.get(text)
  }

  byOwner(owner: string): Scope | undefined {
    return [...this.#scopes.values()].find(scope => scope.owner === owner)
  }

  /** Of items that were done before the run was taken up, too. */
  ofOwner(owner: string): Scope | undefined {
    const known = this.byOwner(owner)
    if (known !== undefined) return known
    const item = itemById(this.#store, owner)
    return item === undefined ? undefined : this.get(item.scope)
  }

  /** Steps that are taken back take what they staged with them. */
  unstage(stepIds: readonly string[]): void {
    for (const stepId of stepIds) {
      const owner = this.#journal().find(stepId)?.owner
      if (owner !== undefined) this.byOwner(owner)?.staged.delete(stepId)
    }
  }

  all(): Scope[] {
    return [...this.#scopes.values()]
  }

  /** How many calls of the run are at work. */
  flying(): number {
    return this.#flying
  }

  takeOff(scope: Scope): void {
    scope.flying++
    this.#flying++
  }

  land(scope: Scope): void {
    scope.flying--
    this.#flying--
  }

  /** A new launch reads the journal anew and verifies afresh; other scopes at work, and those around them, stay. */
  forget(): void {
    const kept = new Set<Scope>()
    for (const scope of this.#scopes.values()) {
      if (scope.flying === 0 || scope.text === VERIFY) continue
      for (let around: Scope | null = scope; around !== null; around = around.parent) kept.add(around)
    }
    for (const [text, scope] of this.#scopes) if (!kept.has(scope)) this.#scopes.delete(text)
  }
}
