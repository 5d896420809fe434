/**
 * One run, from launch to rest or end: starts its script in the sandbox, takes every call it makes, delivers what is
 * recorded in the order of its turns, and lets go of the instance when only waiting is left (J3, J6, J9).
 * Owns: the instance, the calls in flight. Does not own: what a call does (`take-call.ts`), what an end means
 * (`finish.ts`), whose turn it is (`router.ts`).
 */
import type { Contract } from '../../../domain/contract.ts'
import type { Failure } from '../../../domain/failure.ts'
import { failureOf } from '../../../domain/failure.ts'
import type { Json } from '../../../domain/json.ts'
import type { Outcome } from '../../../domain/tool.ts'
import type { LostReason } from '../../../sandbox/pool.ts'
import type { FromWorker, GuestCall, RecordedStep, RunEnd } from '../../../sandbox/protocol.ts'
import { eventById, payloadOf } from '../../store/inbox.ts'
import { restRun, usedBy } from '../../store/runs.ts'
import type { RunRow } from '../../store/runs.ts'
import type { Tx } from '../../store/tx.ts'
import { contractOf, scriptOf } from '../../store/workflows.ts'
import type { Script } from '../../store/workflows.ts'
import type { ActiveRun, Call, CallEnd } from './call.ts'
import type { EngineContext } from '../context.ts'
import { Guest } from './guest.ts'
import { DEADLOCK, startOf, tookTooLong } from './launch.ts'
import { finishRunAs, leaveReentered, stoppedAs } from './finish.ts'
import type { Ending } from './finish.ts'
import { Flights } from './flights.ts'
import { asideFor } from './item-steps.ts'
import type { ItemEnd } from './item-steps.ts'
import { makeCall } from './make-call.ts'
import { OpenItems } from './open-items.ts'
import { PendingCalls } from './pending.ts'
import type { Pending } from './pending.ts'
import { Purse } from './purse.ts'
import { dropUnasked, holdBackIn } from './record.ts'
import { FencedError, RunJournal, underFence } from './run-journal.ts'
import type { Scope } from './scope.ts'
import { RunScopes } from './scopes.ts'
import { Spent } from './spent.ts'
import { hasToVerify, lookAtOutcome, NO_LOOKS, unseen, verdictOf } from './verify.ts'
import type { Looks, Verdict } from './verify.ts'

type Idle = Extract<FromWorker, { kind: 'idle' }>

/** A wait shorter than this keeps its instance: replaying would cost more. */
const SHORT_WAIT_MS = 5_000

export class RunExecutor implements ActiveRun {
  readonly context: EngineContext
  readonly contract: Contract
  readonly origin: string
  row: RunRow
  journal: RunJournal
  phase: 'run' | 'verify' = 'run'
  calls = 0
  readonly purse = new Purse()
  /** Resolves when the run has ended, rests or was let go; never rejects. */
  readonly released: Promise<void>

  readonly #aborter = new AbortController()
  readonly abort = this.#aborter.signal
  readonly #script: Script
  readonly #input: Json
  /** Scopes of items of an ended run that are gone on with, none to look at its outcome; null for a run of its own. */
  readonly #reenter: ReadonlySet<string> | null
  readonly #pending: PendingCalls
  readonly #items: OpenItems
  readonly #scopes: RunScopes
  readonly #guest: Guest
  readonly #flights: Flights
  readonly #spent: Spent
  #release: () => void = () => undefined
  #end: RunEnd | null = null
  #ending: Ending | null = null
  #cancelled = false
  #held = false
  /** The outcome is being looked at (O1): the run's last word follows. */
  #concluding = false
  #over = false
  #timer: (() => void) | null = null

  constructor(context: EngineContext, row: RunRow, reenter: ReadonlySet<string> | null = null) {
    const event = eventById(context.store, row.inbox_id)
    if (event === undefined) throw new Error(`the event of ${row.id} is missing`)
    this.context = context
    this.row = row
    this.contract = contractOf(context.store, row.intent_id)
    this.origin = event.dedupe_key
    this.journal = new RunJournal(context, row)
    this.#script = scriptOf(context.store, row.script_id)
    this.#input = payloadOf(context.store, event)
    this.#reenter = reenter
    // Of the time at work each going on with its items has its own: one may follow another for years.
    this.#spent = new Spent(reenter === null ? usedBy(row) : { ...usedBy(row), wallMs: 0 })
    this.#pending = new PendingCalls(context)
    this.#scopes = new RunScopes(context.store, row, () => this.journal)
    this.#guest = new Guest(context.pool)
    this.#items = new OpenItems(this, this.#scopes, this.#pending, error =>
      error === undefined ? this.#rest() : this.#broke(error),
    )
    this.#flights = new Flights(this, {
      pending: this.#pending,
      scopes: this.#scopes,
      // A cancelled run that a crash left behind only finds out what became of the writes it had begun (R7, J4).
      mayLeave: ({ guest }) => this.mayIssue() || (this.#cancelled && guest.recorded !== null),
      landed: this.#landed,
      failureOf: error => this.#failureOf(error),
    })
    this.released = new Promise(resolve => {
      this.#release = resolve
    })
  }

  scopeOf(owner: string): Scope | undefined {
    return this.#scopes.ofOwner(owner)
  }

  mayIssue(): boolean {
    return !this.#held && !this.#isEnding()
  }

  /** Starts, or starts again by replay. */
  launch(): void {
    if (this.row.cancelling === 1) this.#cancelled = true
    this.context.fault('run.before-launch')
    if (this.#guest.launches > 0) this.journal = new RunJournal(this.context, this.row, this.#guest.launches)
    this.#scopes.forget()
    this.#items.forget()
    this.#spent.begin(this.contract.limits.wallMs, () => {
      this.#fail(tookTooLong(this.contract.limits.wallMs))
      this.#rest()
    })
    this.#end = null
    this.phase = 'run'
    this.#guest.start(
      `${this.row.id}#${String(this.row.attempt)}`,
      startOf(this, this.#script, this.#input, this.#reenter, this.#spent.used().cpuMs),
      {
        idle: this.#heard(message => this.#onIdle(message)),
        verified: this.#heard(message => this.#conclude(verdictOf(message))),
        wants: (stepId, give) => {
          this.#heard(() => {
            give(this.journal.recall(stepId))
          })(null)
        },
        lost: this.#heard(reason => this.#onLost(reason)),
      },
    )
  }

  /** What the sandbox says is taken in whole; a bug of ours ends this run, not the core. */
  #heard<T>(take: (message: T) => void): (message: T) => void {
    return message => {
      if (this.#over) return
      try {
        take(message)
      } catch (error) {
        this.#broke(error)
      }
    }
  }

  readonly #broke = (error: unknown): void => {
    this.#fail(this.#failureOf(error))
    this.#rest()
  }

  /** A wait may be over: look at every call that waits. */
  recheck(): void {
    if (this.#over || this.#cancelled) return
    this.#pending.holdThoseOver()
    this.#flights.takeOff()
    this.#rest()
  }

  /** No new step is issued; what is in flight ends and is recorded; then the run rests (pause, stop everything). */
  hold(): void {
    this.#held = true
    this.#rest()
  }

  /** Reads are aborted, the write in flight is waited for and recorded, nothing new is issued (R7). */
  cancel(): void {
    this.#cancelled = true
    this.#aborter.abort()
    this.#guest.drop()
    this.#rest()
  }

  #stopTimers(): void {
    this.#timer?.()
    this.#spent.stop()
  }

  /** For the end of the core: let go of the instance; everything is on record. */
  abandon(): void {
    this.#over = true
    this.#stopTimers()
    this.#guest.drop()
    this.#release()
  }

  deliver(call: Call, outcome: Outcome, at: number, inherits: RecordedStep[] = []): void {
    this.#pending.delete(call.step.stepId)
    this.#guest.deliver(call.step.stepId, outcome, at, inherits)
  }

  deliverAhead(call: Call, outcome: Outcome, at: number): void {
    this.#guest.deliverAhead(call.step.stepId, outcome, at)
  }

  #onIdle(message: Idle): void {
    this.#spent.computed(message.cpuMs)
    if (message.end !== null) this.#end = message.end
    if (message.unconsumed.length > 0) {
      this.#scopes.unstage(message.unconsumed)
      dropUnasked(this, message.unconsumed).catch(this.#broke)
    }
    for (const guest of message.calls) this.#take(guest)
    this.#flights.takeOff()
    if (this.#end?.is === 'failed' && this.#reenter === null) this.#endAs(this.#end)
    this.#guest.deliverEarly()
    for (const close of message.closes) this.#items.closing(close)
    this.#items.closeReady()
    this.#rest()
  }

  #onLost(reason: LostReason): void {
    this.#pending.keepFlying()
    if (reason.is === 'failure') this.#fail(reason.failure)
    else if (reason.is === 'neighbour') this.launch()
    else if (this.#scopes.flying() === 0) this.#suspend()
    this.#rest()
  }

  #take(guest: GuestCall): void {
    this.calls++
    const scope = this.#scopes.get(guest.scope)
    if (this.#items.isOver(scope)) return
    const call = makeCall(this, guest, scope)
    this.#guest.asked(call.step.stepId, guest.callId)
    // Still in flight from before the instance was lost: attached again, not issued again (J3).
    if (this.#pending.get(call.step.stepId) !== undefined || this.#guest.hasEarly(call.step.stepId)) return
    if (guest.tool === 'flow.settle') {
      this.#items.settling(call)
      return
    }
    this.#pending.add(call)
  }

  readonly #landed = (pending: Pending, end: CallEnd): void => {
    if (this.#over) return
    const { call } = pending
    if (end.is === 'waiting') this.#pending.move(pending, 'waiting')
    if (end.is === 'declined') this.#endScope(call.scope, { state: 'declined', reason: end.reason })
    // What fails because its run is ending says nothing of its item, which stays as it is.
    if (end.is === 'failed' && !this.abort.aborted) this.#endScope(call.scope, asideFor(end.failure))
    this.#flights.takeOff()
    this.#items.closeReady()
    // An evicted run comes back when its last answer is recorded.
    if (!this.#guest.isThere && !this.#isEnding() && this.#scopes.flying() === 0) this.launch()
    this.#rest()
  }

  /** Ends an item, or the run itself, from below the script (J9). */
  #endScope(scope: Scope, end: ItemEnd): void {
    this.#pending.deleteOf(scope)
    if (scope.itemId !== null) this.#items.end(scope, end)
    else if (end.state === 'declined') this.#endAs({ is: 'declined', reason: end.reason })
    else if (end.state === 'aside')
      this.#fail(end.error.failure ?? { kind: 'internal', message: end.error.message })
  }

  /** Whenever something ended: is there anything left to do, or only to wait for? */
  #rest(): void {
    if (this.#over || !this.#guest.isIdle || this.#scopes.flying() > 0) return
    if (this.#reenter !== null) return this.#restReentered(this.#reenter)
    if (this.#cancelled) return this.#finish({ is: 'cancelled' })
    if (this.#ending !== null) return this.#finish(this.#ending)
    if (this.#concluding) return
    if (this.phase === 'verify') return this.#restVerifying()
    if (this.#end !== null) return this.#afterEnd(this.#end)
    this.#restWaiting()
  }

  #restWaiting(): void {
    if (this.#items.suspendOne() || this.#staysFor(this.#pending.wakeAt())) return
    if (this.#pending.waiting().length > 0 || this.#held) return this.#suspend()
    this.#fail(DEADLOCK)
    this.#rest()
  }

  #suspend(): void {
    this.#letRest(tx => {
      restRun(tx, this.row.id, 'waiting', this.#spent.used())
    })
  }

  /** A look at *Done when* that cannot be had within seconds is one that did not hold (O1). */
  #restVerifying(): void {
    if (this.#held) return this.#suspend()
    if (this.#staysFor(this.#pending.wakeAt())) return
    this.#conclude({ ok: false, evidence: this.#pending.reason(this.#pending.waiting()[0]) })
  }

  /** An item that is gone on with has come to rest; or, with none, the outcome of the run is looked at again (O1). */
  #restReentered(scopes: ReadonlySet<string>): void {
    const ending = stoppedAs(this.#end) ?? this.#ending
    if (ending === null && this.#concluding) return
    if (!this.#isEnding() && this.#staysFor(this.#pending.wakeAt())) return
    if (scopes.size > 0 || this.#held) return this.#leave(scopes, null)
    if (ending !== null || this.#end?.is !== 'returned') return this.#leave(scopes, unseen(ending))
    if (this.phase === 'verify') this.#restVerifying()
    else this.#afterEnd(this.#end)
  }

  #leave(scopes: ReadonlySet<string>, looks: Looks | null): void {
    const ending = stoppedAs(this.#end) ?? this.#ending
    this.#letRest(tx => {
      leaveReentered(this, tx, scopes, { ending, looks, used: this.#spent.used() })
    })
  }

  /** Keeps the instance for a wait that ends soon. */
  #staysFor(wakeAt: number | null): boolean {
    if (this.#held || wakeAt === null || wakeAt - this.context.clock.now() > SHORT_WAIT_MS) return false
    this.#timer?.()
    this.#timer = this.context.clock.wakeAt(wakeAt, () => {
      this.recheck()
    })
    return true
  }

  /** Lets go of the run: what it waits for is on record (J6). */
  #let(record: (tx: Tx) => void): void {
    this.#over = true
    this.#stopTimers()
    this.#guest.drop()
    this.context.store.write(underFence(this.row, record)).then(this.#release, (error: unknown) => {
      this.#failureOf(error)
      this.#release()
    })
  }

  #letRest(record: (tx: Tx) => void): void {
    const held = [...this.#pending.held()]
    this.#let(tx => {
      for (const { call } of held) holdBackIn(this, tx, call)
      record(tx)
    })
  }

  #afterEnd(end: RunEnd): void {
    if (end.is === 'failed') return this.#finish({ is: 'failed', failure: end.failure })
    if (!this.#guest.isThere || !hasToVerify(this, this.#reenter !== null)) return this.#conclude(null)
    this.phase = 'verify'
    this.#guest.verify(JSON.stringify({ event: this.#input, result: JSON.parse(end.value) as Json }))
  }

  #conclude(verdict: Verdict | null): void {
    if (this.#end?.is !== 'returned' || this.#concluding) return
    const value = JSON.parse(this.#end.value) as Json
    const concluded = this.#heard((looks: Looks) => {
      if (this.#reenter === null) this.#finish({ is: 'returned', value, looks })
      else this.#leave(this.#reenter, looks)
    })
    if (this.contract.done.length === 0) return concluded(NO_LOOKS)
    this.#concluding = true
    lookAtOutcome(this, verdict).then(concluded, this.#broke)
  }

  #finish(ending: Ending): void {
    const changes = this.#scopes.get('').changes()
    this.#let(tx => {
      finishRunAs(this, tx, ending, changes, this.#spent.used())
    })
  }

  #fail(failure: Failure): void {
    this.#endAs({ is: 'failed', failure })
  }

  /** The script hears nothing more: reads are let go, the write in flight is waited for and recorded. */
  #endAs(ending: Ending): void {
    this.#ending ??= ending
    this.#aborter.abort()
    this.#guest.drop()
  }

  #isEnding(): boolean {
    return this.#cancelled || this.#ending !== null
  }

  /** Logs what is not a Failure; another executor's run is left alone. */
  #failureOf(error: unknown): Failure {
    if (error instanceof FencedError) this.abandon()
    else this.context.log('error', 'a run was stopped', { run: this.row.id, error })
    return failureOf(error)
  }
}
