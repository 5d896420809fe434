/** One run as the pool knows it: waiting for a place, placed on a worker, or gone. Hands messages on to its listener. */
import type { Failure } from '../domain/failure.ts'
import type { Outcome } from '../domain/tool.ts'
import type { FromWorker, RecordedStep, StartRun } from './protocol.ts'
import type { WorkerLink } from './worker-link.ts'

/**
 * failure: this run is to blame · neighbour: another run of the same worker was · evicted: it waited while others
 * needed its place. After the last two the run goes on by replay.
 */
export type LostReason = { is: 'failure'; failure: Failure } | { is: 'neighbour' } | { is: 'evicted' }

export interface SandboxListener {
  idle(message: Extract<FromWorker, { kind: 'idle' }>): void
  verified(message: Extract<FromWorker, { kind: 'verified' }>): void
  /** The replay has come to an outcome that was held back: `give` hands it in. Needed by whoever holds any back. */
  wants?(stepId: string, give: (outcome: Outcome) => void): void
  lost(reason: LostReason): void
}

export interface SandboxInstance {
  /** Hands a completion in; nothing happens when the instance is gone. */
  deliver(callId: number, outcome: Outcome, at: number, inherits?: RecordedStep[]): void
  /** Calls the script's `verify` export with a JSON text. */
  verify(input: string): void
  /** Forgets the instance; nothing more is heard of it. */
  drop(): void
  /** False while it waits for a place. */
  readonly started: boolean
}

export class Placement implements SandboxInstance {
  readonly run: StartRun
  /** Since when (monotonic ms) it is known here. */
  readonly since = performance.now()
  readonly #listener: SandboxListener
  readonly #leaveQueue: (placement: Placement) => void
  #place: { link: WorkerLink; slot: number } | null = null
  #over = false
  #owed = 0
  #idleSince = 0
  #memory = 0

  constructor(run: StartRun, listener: SandboxListener, leaveQueue: (placement: Placement) => void) {
    this.run = run
    this.#listener = listener
    this.#leaveQueue = leaveQueue
  }

  get name(): string {
    return this.run.instance
  }

  get started(): boolean {
    return this.#place !== null
  }

  get owed(): number {
    return this.#owed
  }

  /** Since when (monotonic ms) it has only waited for the host; null while it computes. */
  get idleSince(): number | null {
    return this.#owed === 0 ? this.#idleSince : null
  }

  /** How much memory it was last known to hold, in bytes. */
  get memory(): number {
    return this.#memory
  }

  deliver(callId: number, outcome: Outcome, at: number, inherits: RecordedStep[] = []): void {
    this.#place?.link.ask(this, { kind: 'deliver', instance: this.name, callId, outcome, at, inherits })
  }

  verify(input: string): void {
    this.#place?.link.ask(this, { kind: 'verify', instance: this.name, input })
  }

  drop(): void {
    if (this.#over) return
    this.#over = true
    const place = this.#place
    this.#place = null
    if (place) place.link.drop(this, place.slot)
    else this.#leaveQueue(this)
  }

  evict(): void {
    if (this.#over) return
    this.drop()
    this.#listener.lost({ is: 'evicted' })
  }

  placed(link: WorkerLink, slot: number): void {
    this.#place = { link, slot }
  }

  asked(): void {
    this.#owed += 1
  }

  answer(message: Exclude<FromWorker, { kind: 'ready' }>): void {
    this.#owed -= 1
    this.#idleSince = performance.now()
    if (message.kind === 'idle') {
      this.#memory = message.memory
      this.#listener.idle(message)
    } else if (message.kind === 'verified') this.#listener.verified(message)
    else
      this.#listener.wants?.(message.stepId, outcome => {
        this.#place?.link.ask(this, { kind: 'recall', instance: this.name, outcome })
      })
  }

  lost(reason: LostReason): void {
    if (this.#over) return
    this.#over = true
    this.#place = null
    this.#listener.lost(reason)
  }
}
