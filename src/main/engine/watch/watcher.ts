/**
 * Looks at what triggers watch: each when it is due or when the system tells of a change, few at once, one at a time
 * in one place. Owns one timer, the looks under way and the hints that came; when each is due and what was there is
 * on record (`watches`), so a restart goes on where it was and looks once at what it missed. Automations that are
 * paused are not looked for. What a look leaves behind is `record.ts`.
 */
import { failureOf, isFailureError } from '../../../domain/failure.ts'
import { declarationOf } from '../../../domain/triggers/list.ts'
import type { Trigger } from '../../../domain/triggers/list.ts'
import { waitingFor } from '../../store/inbox.ts'
import {
  activeWatches,
  cursorOf,
  dueWatches,
  lookAt,
  soonestLook,
  specOfWatch,
  watchById,
} from '../../store/watches.ts'
import type { WatchRow } from '../../store/watches.ts'
import { contractOf, workflowById } from '../../store/workflows.ts'
import type { Contract } from '../../../domain/contract.ts'
import type { EngineContext } from '../context.ts'
import { GRACE_MS } from '../schedule/settle.ts'
import { FolderHints } from './hints.ts'
import { lookOnce } from './look.ts'
import { everyMsOf, keepFailure, keepLook, NoRoom, spread } from './record.ts'

const MOST_AT_ONCE = 4
const LISTED_AT_FIRST = 64
/** Events of one look at most. */
const MOST_EVENTS = 10
const LONGEST_LOOK_MS = 120_000
/** A queue without room, or a record that could not be kept, is tried again after this. */
const HOLD_MS = 30_000
/** The clock may have been set back meanwhile. */
const RECHECK_MS = 600_000
/** After a hint: more of them follow at once. */
const HINT_MS = 250

export class Watcher {
  readonly #context: EngineContext
  readonly #chance: () => number
  readonly #hints: FolderHints
  /** Where each look under way looks. */
  readonly #looking = new Map<string, string>()
  readonly #hinted = new Map<string, number>()
  readonly #held = new Map<string, number>()
  readonly #stopping = new AbortController()
  #cancel: (() => void) | null = null
  #latest = 0

  constructor(context: EngineContext, chance: () => number = Math.random) {
    this.#context = context
    this.#chance = chance
    this.#hints = new FolderHints(id => {
      this.hint(id)
    })
  }

  async start(): Promise<void> {
    await this.#catchUp()
    this.changed()
  }

  /** Looks under way are let go; nothing of them is recorded. */
  stop(): void {
    this.#stopping.abort()
    this.#cancel?.()
    this.#detached(this.#hints.close())
  }

  /** Automations came, went, paused or go on. */
  changed(): void {
    if (this.#stopping.signal.aborted) return
    this.#hints.follow(activeWatches(this.#context.store))
    this.#arm()
  }

  /** Something may have happened there: it is looked at soon, but not again and again. */
  hint(watchId: string): void {
    if (this.#hinted.has(watchId) || this.#stopping.signal.aborted) return
    this.#hinted.set(watchId, this.#context.clock.now() + HINT_MS)
    this.#arm()
  }

  #arm(): void {
    if (this.#stopping.signal.aborted) return
    this.#cancel?.()
    const { store, clock } = this.#context
    const now = clock.now()
    if (now < this.#latest - GRACE_MS) this.#detached(this.#rewind(now))
    this.#latest = now
    this.#beginDue(now)
    const later = [soonestLook(store, now), ...this.#hinted.values(), ...this.#held.values()]
    const next = Math.min(...later.flatMap(at => (at === null || at <= now ? [] : at)))
    if (next === Infinity) return
    this.#cancel = clock.wakeAt(Math.min(next, now + RECHECK_MS), () => {
      this.#arm()
    })
  }

  /** Those that must wait for their place or their queue keep none behind them from being looked at. */
  #beginDue(now: number): void {
    const { store } = this.#context
    for (const [id, until] of this.#held) if (until <= now) this.#held.delete(id)
    const hinted = [...this.#hinted].flatMap(([id, at]) => (at > now ? [] : (watchById(store, id) ?? [])))
    for (const row of hinted) this.#begin(row)
    for (let listed = LISTED_AT_FIRST; this.#looking.size < MOST_AT_ONCE; listed *= 8) {
      const due = dueWatches(store, now, listed)
      for (const row of due) if (!this.#hinted.has(row.id)) this.#begin(row)
      if (due.length < listed) return
    }
  }

  #begin(row: WatchRow): void {
    if (this.#looking.size >= MOST_AT_ONCE || this.#looking.has(row.id) || this.#held.has(row.id)) return
    const spec = specOfWatch(row)
    const place = placeOf(spec, row)
    if ([...this.#looking.values()].includes(place)) return
    this.#hinted.delete(row.id)
    this.#looking.set(row.id, place)
    this.#detached(
      this.#look(row, spec).finally(() => {
        this.#looking.delete(row.id)
        this.#arm()
      }),
    )
  }

  async #look(row: WatchRow, spec: Trigger): Promise<void> {
    const { store } = this.#context
    const contract = this.#contractOf(row)
    if (contract === null) return
    const room = contract.queue.capacity
    const most = Math.min(MOST_EVENTS, room - waitingFor(store, 'workflow', row.workflow_id, room))
    if (most < 1) {
      this.#hold(row)
      return
    }
    try {
      await this.#lookAndKeep(row, spec, contract, most)
    } catch (error) {
      this.#hold(row)
      if (!(error instanceof NoRoom)) throw error
    }
  }

  async #lookAndKeep(row: WatchRow, spec: Trigger, contract: Contract, most: number): Promise<void> {
    const { store, fault } = this.#context
    const { signal } = this.#stopping
    const looked = { row, spec, chance: this.#chance() }
    const end = await lookOnce(this.#context, {
      owner: row.id,
      contract,
      spec,
      cursor: cursorOf(store, row.id),
      most,
      longestMs: LONGEST_LOOK_MS,
      signal,
    }).then(
      look => ({ look }),
      (error: unknown) => ({ error }),
    )
    // What was being read when the core stopped says nothing about what was read.
    if (signal.aborted) return
    if ('error' in end && !isFailureError(end.error)) this.#logBug(end.error)
    fault('look.before-record')
    await store.write(tx => {
      if ('look' in end) keepLook(this.#context, tx, looked, end.look)
      else keepFailure(this.#context, tx, looked, failureOf(end.error))
    })
    fault('look.after-record')
  }

  #contractOf(row: WatchRow): Contract | null {
    const workflow = workflowById(this.#context.store, row.workflow_id)
    if (workflow?.state !== 'active' || workflow.intent_id === null) return null
    return contractOf(this.#context.store, workflow.intent_id)
  }

  #hold({ id }: WatchRow): void {
    this.#held.set(id, this.#context.clock.now() + HOLD_MS)
  }

  /** Steward was away: what is overdue is looked at once, now, or at its usual time where what was missed is skipped. */
  async #catchUp(): Promise<void> {
    const { store, clock } = this.#context
    const now = clock.now()
    await this.#rewind(now)
    const late = activeWatches(store).filter(row => row.next_look < now - GRACE_MS)
    const patient = late.filter(row => this.#contractOf(row)?.catchUp === 'skip')
    if (patient.length === 0) return
    await store.write(tx => {
      for (const row of patient)
        lookAt(tx, row.id, now + Math.round(everyMsOf(specOfWatch(row)) * this.#chance()))
    })
  }

  /** After a clock that was set back nothing waits for the time as it was shown before. */
  async #rewind(now: number): Promise<void> {
    const { store } = this.#context
    const stray = activeWatches(store).filter(row => {
      const longest = row.failures > 0 ? 86_400_000 : spread(everyMsOf(specOfWatch(row)), 1)
      return row.next_look - now > longest
    })
    if (stray.length === 0) return
    await store.write(tx => {
      for (const row of stray) lookAt(tx, row.id, now)
    })
    this.#arm()
  }

  #detached(work: Promise<void>): void {
    work.catch((error: unknown) => {
      this.#context.log('error', 'a look could not be recorded', { error })
    })
  }

  #logBug(error: unknown): void {
    this.#context.log('error', 'a look failed unexpectedly', { error })
  }
}

function placeOf(spec: Trigger, { id }: WatchRow): string {
  return declarationOf(spec).watch?.touches(spec).hosts?.[0] ?? id
}
