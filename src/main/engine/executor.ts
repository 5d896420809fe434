/**
 * One run, from launch to rest or end: starts its script in the sandbox, takes every call it makes, delivers what is
 * recorded in the order of its turns, and lets go of the instance when only waiting is left (J3, J6, J9).
 * Owns: the instance, the calls in flight. Does not own: what a call does (`take-call.ts`), what an end means
 * (`finish.ts`), whose turn it is (`router.ts`).
 */
import type { Contract } from '../../domain/contract.ts'
import type { Failure } from '../../domain/failure.ts'
import { failureOf } from '../../domain/failure.ts'
import type { Json } from '../../domain/json.ts'
import type { Outcome } from '../../domain/tool.ts'
import type { SandboxInstance } from '../../sandbox/pool.ts'
import type { FromWorker, GuestCall, ItemClose, RecordedStep, RunEnd } from '../../sandbox/protocol.ts'
import { eventById, payloadOf } from '../store/inbox.ts'
import { itemOfScope } from '../store/items.ts'
import { restRun } from '../store/runs.ts'
import type { RunRow } from '../store/runs.ts'
import type { Tx } from '../store/tx.ts'
import { contractOf, scriptOf } from '../store/workflows.ts'
import type { Script } from '../store/workflows.ts'
import type { ActiveRun, Call, CallEnd } from './call.ts'
import { thrown } from './call.ts'
import type { EngineContext } from './context.ts'
import { finishRunAs, leaveReentered } from './finish.ts'
import type { Ending } from './finish.ts'
import { asideFor, childScope, endItem, endOf, openItem } from './item-steps.ts'
import type { ItemEnd } from './item-steps.ts'
import { itemName, makeCall } from './make-call.ts'
import { PendingCalls } from './pending.ts'
import type { Pending } from './pending.ts'
import { recordCall } from './record.ts'
import { FencedError, RunJournal } from './run-journal.ts'
import { Scope, parentOf } from './scope.ts'
import { takeCall } from './take-call.ts'
import { verifyOutcome } from './verify.ts'

type Idle = Extract<FromWorker, { kind: 'idle' }>
type Verified = Extract<FromWorker, { kind: 'verified' }>

/** A wait shorter than this keeps its instance: replaying would cost more. */
const SHORT_WAIT_MS = 5_000

export class RunExecutor implements ActiveRun {
  readonly context: EngineContext
  readonly contract: Contract
  readonly origin: string
  row: RunRow
  journal: RunJournal
  phase: 'run' | 'verify' = 'run'
  /** Resolves when the run has ended, rests or was let go; never rejects. */
  readonly released: Promise<void>

  readonly #abort = new AbortController()
  readonly #script: Script
  readonly #input: Json
  /** Scopes of waiting items of an ended run that are gone on with; null for a run of its own. */
  readonly #reenter: ReadonlySet<string> | null
  readonly #pending: PendingCalls
  readonly #settles = new Map<string, Call>()
  readonly #closes = new Map<string, ItemClose>()
  readonly #scopes = new Map<string, Scope>()
  readonly #instanceCalls = new Map<string, number>()
  #release: () => void = () => undefined
  #instance: SandboxInstance | null = null
  #launches = 0
  #replies = 0
  #calls = 0
  #cpuMs = 0
  #end: RunEnd | null = null
  #ending: Ending | null = null
  #cancelled = false
  #held = false
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
    this.#pending = new PendingCalls(context)
    this.released = new Promise(resolve => {
      this.#release = resolve
    })
  }

  get abort(): AbortSignal {
    return this.#abort.signal
  }

  callsSoFar(): number {
    return this.#calls
  }

  /** Starts, or starts again by replay. */
  launch(): void {
    this.context.fault('run.before-launch')
    this.#scopes.clear()
    this.#settles.clear()
    this.#closes.clear()
    this.#instanceCalls.clear()
    if (this.#launches > 0) this.journal = new RunJournal(this.context, this.row)
    const launch = ++this.#launches
    const engine = this.context.pool.engineVersion
    this.#replies = 1
    this.#instance = this.context.pool.start(
      {
        instance: `${this.row.id}#${String(this.row.attempt)}.${String(launch)}`,
        source: this.#script.source,
        modules: this.context.tools.modulesOf(this.contract.uses),
        input: JSON.stringify(this.#input),
        seed: this.row.seed,
        startedAt: this.row.started_at ?? this.row.created_at,
        recorded: this.journal.recorded(),
        demand: this.row.engine === engine ? this.row.demand : 'exact',
        limits: {
          cpuMs: this.contract.limits.cpuMs,
          memoryMb: this.contract.limits.memoryMb,
          calls: this.contract.budget.callsPerRun,
          bytesPerCall: this.contract.limits.bytesPerCall,
        },
        ...(this.#reenter === null ? {} : { reenter: [...this.#reenter] }),
      },
      {
        idle: message => {
          if (launch === this.#launches) this.#onIdle(message)
        },
        verified: message => {
          if (launch === this.#launches) this.#onVerified(message)
        },
        lost: reason => {
          if (launch === this.#launches) this.#onLost(reason)
        },
      },
    )
  }

  /** A wait may be over: look at every call that waits. */
  recheck(): void {
    if (this.#over || this.#cancelled) return
    for (const pending of this.#pending.ready(this.#held)) this.#fly(pending)
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
    this.#abort.abort()
    this.#dropInstance()
    this.#rest()
  }

  /** For the end of the core: let go of the instance; everything is on record. */
  abandon(): void {
    this.#over = true
    this.#dropInstance()
    this.#release()
  }

  deliver(call: Call, outcome: Outcome, at: number, inherits: RecordedStep[] = []): void {
    this.#pending.delete(call.step.stepId)
    const callId = this.#instanceCalls.get(call.step.stepId)
    if (this.#instance === null || callId === undefined) return
    this.#replies++
    this.#instance.deliver(callId, outcome, at, inherits)
  }

  #onIdle(message: Idle): void {
    this.#replies--
    this.#cpuMs = Math.max(this.#cpuMs, message.cpuMs)
    if (message.end !== null) this.#end = message.end
    if (message.unconsumed.length > 0) this.#dropUnconsumed(message.unconsumed)
    for (const guest of message.calls) this.#take(guest)
    for (const close of message.closes) this.#closes.set(close.scope, close)
    for (const scope of [...this.#closes.keys()]) this.#close(scope)
    this.#rest()
  }

  #onLost(reason: { is: 'failure'; failure: Failure } | { is: 'neighbour' } | { is: 'evicted' }): void {
    this.#instance = null
    this.#replies = 0
    this.#pending.keepFlying()
    if (reason.is === 'failure') this.#fail(reason.failure)
    else if (!this.#over && !this.#cancelled && (reason.is === 'neighbour' || this.#flying() === 0))
      this.launch()
    this.#rest()
  }

  #take(guest: GuestCall): void {
    this.#calls++
    const scope = this.#scope(guest.scope)
    const call = makeCall(this, guest, scope)
    this.#instanceCalls.set(call.step.stepId, guest.callId)
    // Still in flight from before the instance was lost: attached again, not issued again (J3).
    if (this.#pending.get(call.step.stepId) !== undefined) return
    if (guest.tool === 'flow.settle') {
      this.#settles.set(childScope(call), call)
      return
    }
    const pending = this.#pending.add(call)
    if (!this.#held && !this.#cancelled) this.#fly(pending)
  }

  #fly(pending: Pending): void {
    pending.state = 'flying'
    pending.call.scope.flying++
    const { call } = pending
    const work = call.guest.tool === 'flow.open' ? this.#open(call) : takeCall(this, call)
    work.then(
      end => {
        this.#landed(pending, end)
      },
      (error: unknown) => {
        this.#landed(pending, { is: 'failed', failure: this.#failureOf(error) })
      },
    )
  }

  async #open(call: Call): Promise<CallEnd> {
    if (this.contract.items[itemName(call.args)] === undefined) {
      return recordCall(this, call, thrown(undeclared(call)))
    }
    await openItem(this, call)
    return { is: 'delivered' }
  }

  #landed(pending: Pending, end: CallEnd): void {
    const { call } = pending
    call.scope.flying--
    if (this.#over) return
    if (end.is === 'waiting') pending.state = 'waiting'
    if (end.is === 'declined') this.#endScope(call.scope, { state: 'declined', reason: end.reason })
    if (end.is === 'failed') this.#endScope(call.scope, asideFor(end.failure))
    this.#close(call.scope.text)
    // An evicted run comes back when its last answer is recorded.
    if (this.#instance === null && !this.#cancelled && this.#ending === null && this.#flying() === 0)
      this.launch()
    this.#rest()
  }

  /** Ends an item, or the run itself, from below the script (J9). */
  #endScope(scope: Scope, end: ItemEnd): void {
    this.#pending.deleteOf(scope)
    if (scope.itemId === null) {
      if (end.state === 'declined') this.#ending ??= { is: 'declined', reason: end.reason }
      else if (end.state === 'aside')
        this.#fail(end.error.failure ?? { kind: 'internal', message: end.error.message })
      return
    }
    this.#endItem(scope, end)
  }

  #endItem(scope: Scope, end: ItemEnd): void {
    const settle = this.#settles.get(scope.text)
    this.#settles.delete(scope.text)
    const parent = scope.parent ?? this.#scope('')
    parent.flying++
    endItem(this, scope, end, settle).then(
      () => {
        parent.flying--
        this.#rest()
      },
      (error: unknown) => {
        parent.flying--
        this.#fail(this.#failureOf(error))
        this.#rest()
      },
    )
  }

  /** The body of an item ended; it is closed when nothing of its own is in flight any more. */
  #close(text: string): void {
    const close = this.#closes.get(text)
    const scope = this.#scopes.get(text)
    if (close === undefined || (scope?.flying ?? 0) > 0) return
    this.#closes.delete(text)
    this.#endItem(scope ?? this.#scope(text), endOf(close.outcome))
  }

  #onVerified(message: Verified): void {
    this.#replies--
    this.phase = 'run'
    this.#conclude(message)
  }

  /** Whenever something ended: is there anything left to do, or only to wait for? */
  #rest(): void {
    if (this.#over || this.#replies > 0 || this.#flying() > 0) return
    if (this.#cancelled) return this.#finish({ is: 'cancelled' })
    if (this.#ending !== null) return this.#finish(this.#ending)
    if (this.#reenter !== null) return this.#restReentered()
    if (this.#end !== null) return this.#afterEnd(this.#end)
    if (this.#suspendItems()) return
    this.#restOrSuspend()
  }

  #restOrSuspend(): void {
    if (this.#staysFor(this.#pending.wakeAt())) return
    if (this.#pending.waiting().length === 0 && !this.#held) {
      this.#fail(DEADLOCK)
      return this.#rest()
    }
    this.#let(tx => {
      restRun(tx, this.row.id, 'waiting', this.#cpuMs)
    })
  }

  #restReentered(): void {
    if (this.#staysFor(this.#pending.wakeAt())) return
    this.#let(tx => {
      leaveReentered(this, tx, this.#reenter ?? new Set())
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
    this.#timer?.()
    this.#dropInstance()
    this.context.store.write(record).then(this.#release, (error: unknown) => {
      this.#failureOf(error)
      this.#release()
    })
  }

  /** Items that wait for a person, a signal or a later day let `each` go on without them; innermost first. */
  #suspendItems(): boolean {
    const scopes = [...this.#scopes.values()].filter(scope => this.#settles.has(scope.text))
    for (const scope of scopes.sort((a, b) => b.text.length - a.text.length)) {
      const own = this.#pending.of(scope)
      const hasOpenChild = [...this.#settles.values()].some(settle => settle.scope === scope)
      if (own.length === 0 || hasOpenChild || !own.every(pending => this.#pending.isLongWait(pending)))
        continue
      this.#endItem(scope, { state: 'waiting', reason: this.#pending.reason(own[0]) })
      return true
    }
    return false
  }

  #afterEnd(end: RunEnd): void {
    if (end.is === 'failed') return this.#finish({ is: 'failed', failure: end.failure })
    const checks = this.contract.done.some(check => check.kind === 'script-verifies')
    if (this.#instance === null || !checks) return this.#conclude(null)
    this.phase = 'verify'
    this.#replies++
    this.#instance.verify(end.value)
  }

  #conclude(verified: Verified | null): void {
    const end = this.#end
    if (end?.is !== 'returned') return
    const value = JSON.parse(end.value) as Json
    const missing = verifyOutcome(this, value, verified)
    this.#finish(missing === null ? { is: 'returned', value } : { is: 'failed', failure: missing })
  }

  #finish(ending: Ending): void {
    const changes = this.#scope('').changes()
    this.#let(tx => {
      finishRunAs(this, tx, ending, changes, this.#cpuMs)
    })
  }

  #fail(failure: Failure): void {
    this.#ending ??= { is: 'failed', failure }
  }

  #dropUnconsumed(stepIds: readonly string[]): void {
    for (const stepId of stepIds) {
      const step = this.journal.find(stepId)
      if (step === undefined) continue
      this.#scope(this.#scopeText(step.owner)).staged.delete(stepId)
      const at = this.context.clock.now()
      this.context.store
        .write(tx => {
          this.journal.mark(tx, step, 'drop', {
            note: 'The new script did not ask for it.',
            begunAt: step.begunAt,
            at,
          })
        })
        .catch((error: unknown) => {
          this.#fail(this.#failureOf(error))
        })
    }
  }

  #scopeText(owner: string): string {
    return [...this.#scopes.values()].find(scope => scope.owner === owner)?.text ?? ''
  }

  #scope(text: string): Scope {
    const known = this.#scopes.get(text)
    if (known !== undefined) return known
    const itemId =
      text === '' ? null : (itemOfScope(this.context.store, this.row.workflow_id, text)?.id ?? null)
    const parent = text === '' ? null : this.#scope(parentOf(text))
    const scope = new Scope(text, itemId ?? this.row.id, itemId, parent)
    for (const step of this.journal.steps()) {
      if (step.owner === scope.owner && step.state === 'done' && step.changes.length > 0) {
        scope.staged.set(step.stepId, step.changes)
      }
    }
    this.#scopes.set(text, scope)
    return scope
  }

  #flying(): number {
    let flying = 0
    for (const scope of this.#scopes.values()) flying += scope.flying
    return flying
  }

  #dropInstance(): void {
    this.#instance?.drop()
    this.#instance = null
    this.#replies = 0
  }

  /** Logs what is not a Failure; another executor's run is left alone. */
  #failureOf(error: unknown): Failure {
    if (error instanceof FencedError) this.abandon()
    else
      this.context.log('error', 'a run was stopped', {
        run: this.row.id,
        error: error instanceof Error ? error.name : 'thrown',
      })
    return failureOf(error)
  }
}

const DEADLOCK: Failure = {
  kind: 'script-error',
  name: 'Deadlock',
  message: 'The script waited for a promise that nothing can settle. What it had done before stays done.',
}

function undeclared(call: Call): Failure {
  const name = itemName(call.args)
  return {
    kind: 'not-permitted',
    clause: 'items',
    message: `The contract does not name “${name}” among its items, so its keys could not outlive this script. Nothing was run for it.`,
  }
}
