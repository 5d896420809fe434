/**
 * The run's side of its sandbox instance: which launch is the present one, how many answers it still owes, which of
 * its calls has which number. Messages of an instance that is gone are not heard.
 */
import type { Failure } from '../../../domain/failure.ts'
import type { Outcome } from '../../../domain/tool.ts'
import type { LostReason, SandboxInstance, SandboxListener, SandboxPool } from '../../../sandbox/pool.ts'
import type { RecordedStep, StartRun } from '../../../sandbox/protocol.ts'

const MOST_LOST_IN_ROW = 8
const LOST_TOO_OFTEN: Failure = {
  kind: 'internal',
  message: `The sandbox broke ${String(MOST_LOST_IN_ROW)} times in a row while the run was starting in it. What it had done before stays done. Retry the run.`,
}

export class Guest {
  readonly #pool: SandboxPool
  readonly #calls = new Map<string, number>()
  /** Handed to this instance while still being recorded. */
  readonly #ahead = new Set<string>()
  /** Recorded after the present launch took its snapshot, and not asked for yet; in the order of their turns. */
  readonly #early = new Map<string, { outcome: Outcome; at: number; inherits: RecordedStep[] }>()
  #instance: SandboxInstance | null = null
  #launches = 0
  #owed = 0
  #lostInRow = 0

  constructor(pool: SandboxPool) {
    this.#pool = pool
  }

  get isThere(): boolean {
    return this.#instance !== null
  }

  /** False while the instance computes, or has a message under way. */
  get isIdle(): boolean {
    return this.#owed === 0
  }

  get launches(): number {
    return this.#launches
  }

  start(name: string, run: Omit<StartRun, 'instance'>, listener: SandboxListener): void {
    const launch = ++this.#launches
    const isPresent = () => launch === this.#launches && this.#instance !== null
    this.#calls.clear()
    this.#early.clear()
    this.#ahead.clear()
    this.#owed = 1
    this.#instance = this.#pool.start(
      { ...run, instance: `${name}.${String(launch)}` },
      {
        idle: message => {
          if (!isPresent()) return
          this.#owed--
          this.#lostInRow = 0
          listener.idle(message)
        },
        verified: message => {
          if (!isPresent()) return
          this.#owed--
          listener.verified(message)
        },
        wants: (stepId, give) => {
          if (isPresent()) listener.wants?.(stepId, give)
        },
        lost: reason => {
          if (!isPresent()) return
          this.#instance = null
          this.#owed = 0
          listener.lost(this.#judged(reason))
        },
      },
    )
  }

  /** Innocent once, twice: whoever is lost each time before it comes to rest is not to be started for ever (S1). */
  #judged(reason: LostReason): LostReason {
    if (reason.is !== 'neighbour' || ++this.#lostInRow < MOST_LOST_IN_ROW) return reason
    return { is: 'failure', failure: LOST_TOO_OFTEN }
  }

  /** Remembers under which number the present instance asked for a step. */
  asked(stepId: string, callId: number): void {
    this.#calls.set(stepId, callId)
  }

  /** What was recorded before the instance asked for it, now that it has (J3). */
  deliverEarly(): void {
    for (const [stepId, { outcome, at, inherits }] of this.#early) {
      if (this.#calls.has(stepId)) this.deliver(stepId, outcome, at, inherits)
    }
  }

  hasEarly(stepId: string): boolean {
    return this.#early.has(stepId)
  }

  /** Hands over an outcome that is being recorded; once it is, `deliver` adds nothing for the same instance. */
  deliverAhead(stepId: string, outcome: Outcome, at: number): void {
    if (this.#instance === null || !this.#calls.has(stepId)) return
    this.deliver(stepId, outcome, at, [])
    this.#ahead.add(stepId)
  }

  /** Hands the outcome to the instance: now, or when it asks; if there is none, replay will. */
  deliver(stepId: string, outcome: Outcome, at: number, inherits: RecordedStep[]): void {
    if (this.#ahead.delete(stepId)) return
    const callId = this.#calls.get(stepId)
    if (this.#instance === null) return
    if (callId === undefined) {
      this.#early.set(stepId, { outcome, at, inherits })
      return
    }
    this.#early.delete(stepId)
    this.#owed++
    this.#instance.deliver(callId, outcome, at, inherits)
  }

  verify(input: string): void {
    if (this.#instance === null) return
    this.#owed++
    this.#instance.verify(input)
  }

  drop(): void {
    this.#instance?.drop()
    this.#instance = null
    this.#owed = 0
  }
}
