/**
 * The items of a rehearsal (J7): an item that is settled is answered with its end, one that is half done goes on from
 * what is recorded of it; nothing about either is changed. What an item has staged is seen by all when it is done, as
 * in a run (J2), for as long as the rehearsal lasts.
 * Owns which items are open or ended here. Does not own calls.
 */
import type { Failure } from '../../../domain/failure.ts'
import type { ItemCounts } from '../../../domain/outcome.ts'
import type { Outcome } from '../../../domain/tool.ts'
import type { ItemClose, RecordedStep } from '../../../sandbox/protocol.ts'
import { itemOfScope } from '../../store/items.ts'
import { stepsOfItem } from '../../store/journal.ts'
import type { Step } from '../../store/journal.ts'
import { thrown } from '../run/call.ts'
import { childScope, endOf, errorless, settledEnd, undeclared } from '../run/item-steps.ts'
import type { ItemEnd } from '../run/item-steps.ts'
import { Scope, parentOf } from '../run/scope.ts'
import { ITEM_RECALL } from '../provenance.ts'
import { VERIFY } from '../run/scopes.ts'
import type { Part, Playing } from './part.ts'
import type { RehearsedItem } from './rehearsal.ts'

export interface Opened {
  outcome: Outcome
  inherits: RecordedStep[]
}

export class StageItems {
  readonly #playing: Playing
  readonly #deliver: (part: Part, outcome: Outcome) => void
  /** What items that are done have made visible to all. */
  readonly #base: Scope
  readonly #scopes = new Map<string, Scope>()
  readonly #settles = new Map<string, Part>()
  readonly #closes = new Map<string, ItemClose>()
  /** By scope, in the order of their opening; null while open. */
  readonly #ends = new Map<string, ItemEnd | null>()
  readonly #inherited = new Map<string, RecordedStep[]>()

  constructor(playing: Playing, deliver: (part: Part, outcome: Outcome) => void) {
    this.#playing = playing
    this.#deliver = deliver
    this.#base = new Scope('', `${playing.name}/done`, null, null)
  }

  scope(text: string): Scope {
    const known = this.#scopes.get(text)
    if (known !== undefined) return known
    const scope = this.#newScope(text)
    this.#scopes.set(text, scope)
    return scope
  }

  scopeOf(owner: string): Scope | undefined {
    return [...this.#scopes.values()].find(scope => scope.owner === owner)
  }

  #newScope(text: string): Scope {
    const { name, workflowId } = this.#playing
    if (text === '') return new Scope(text, name, null, this.#base)
    if (text === VERIFY) return new Scope(text, `${name}/verify`, null, this.scope(''))
    const id = itemOfScope(this.#playing.context.store, workflowId, text)?.id ?? text
    return new Scope(text, id, id, this.scope(parentOf(text)))
  }

  /** What a new instance of the script is told about items that were half done when they were opened. */
  inherited(): RecordedStep[] {
    return [...this.#inherited.values()].flat()
  }

  /** A new instance asks for everything again. */
  forget(): void {
    this.#settles.clear()
    this.#closes.clear()
  }

  /** Answers `flow.open`: go through it, with what is recorded of it; or this is how it ended. */
  open(part: Part): Opened {
    const { context, rehearsal, workflowId, seen } = this.#playing
    const text = childScope(part)
    const name = (JSON.parse(text) as string[]).at(-2) ?? ''
    if (rehearsal.contract.items[name] === undefined)
      return { outcome: thrown(undeclared(name)), inherits: [] }
    const item = itemOfScope(context.store, workflowId, text)
    const settled = item === undefined ? undefined : settledEnd(context.store, item)
    if (settled !== undefined) {
      if (settled.state === 'done' && settled.result !== null)
        seen.push({ owner: part.scope.owner, tool: ITEM_RECALL, effect: 'local', args: null })
      return { outcome: { ok: true, value: { run: false, settled: errorless(settled) } }, inherits: [] }
    }
    if (!this.#ends.has(text)) this.#ends.set(text, null)
    const steps = item === undefined ? [] : stepsOfItem(context.store, item.id, this.#playing.name, FOR_EVER)
    const inherits = steps.filter(step => step.state !== 'dropped').map(step => inheritedStep(step, text))
    this.#inherited.set(text, inherits)
    for (const { owner, tool, effect, args } of steps) seen.push({ owner, tool, effect, args })
    this.#stage(this.scope(text), steps)
    return { outcome: { ok: true, value: { run: true } }, inherits }
  }

  #stage(scope: Scope, steps: readonly Step[]): void {
    for (const step of steps) {
      if (step.state === 'done' && step.changes.length > 0) scope.staged.set(step.stepId, step.changes)
    }
  }

  /** The script's `each` now waits for this item. */
  settling(part: Part): void {
    const text = childScope(part)
    const end = this.#ends.get(text)
    if (end === undefined || end === null) this.#settles.set(text, part)
    else this.#deliver(part, { ok: true, value: errorless(end) })
  }

  closing(close: ItemClose): void {
    this.#closes.set(close.scope, close)
  }

  /** Closes the items whose body ended, when nothing of their own is in flight any more. */
  closeReady(): void {
    for (const [text, close] of this.#closes) {
      const scope = this.scope(text)
      if (scope.flying > 0) continue
      this.#closes.delete(text)
      this.end(scope, endOf(close.outcome))
    }
  }

  end(scope: Scope, end: ItemEnd): void {
    if (this.isOver(scope)) return
    this.#ends.set(scope.text, end)
    if (end.state === 'done') this.#base.staged.set(scope.text, scope.changes())
    const settle = this.#settles.get(scope.text)
    this.#settles.delete(scope.text)
    if (settle !== undefined) this.#deliver(settle, { ok: true, value: errorless(end) })
  }

  /** It, or one around it, has ended: what its body still asks for has no meaning. */
  isOver(scope: Scope): boolean {
    const end = this.#ends.get(scope.text) ?? null
    return end !== null || (scope.parent !== null && this.isOver(scope.parent))
  }

  list(): RehearsedItem[] {
    return [...this.#ends].map(([scope, end]) => {
      const path = JSON.parse(scope) as string[]
      const name = path.filter((_part, place) => place % 2 === 0).join('/')
      return { name, key: path.at(-1) ?? '', scope, state: end?.state ?? 'open', message: messageOf(end) }
    })
  }

  counts(): Record<string, ItemCounts> {
    const counts: Record<string, ItemCounts> = {}
    for (const { name, state } of this.list()) {
      const entry = (counts[name] ??= { done: 0, aside: 0, waiting: 0, declined: 0, total: 0 })
      entry.total++
      if (state !== 'open') entry[state]++
    }
    return counts
  }
}

const FOR_EVER = Number.MAX_SAFE_INTEGER

/** How an item whose call cannot go on now is left. */
export function leftFor(failure: Failure): ItemEnd {
  return { state: 'waiting', reason: failure.message }
}

function messageOf(end: ItemEnd | null): string | null {
  if (end === null || end.state === 'done') return null
  return end.state === 'aside' ? end.error.message : end.reason
}

function inheritedStep(step: Step, scope: string): RecordedStep {
  const { stepId, tool, effect, argHash, occurrence, outcome, at } = step
  const turn = outcome === null ? null : step.seq
  return { stepId, scope, tool, effect, argHash, occurrence, turn, outcome, at, inherited: outcome !== null }
}
