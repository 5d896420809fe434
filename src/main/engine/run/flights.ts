/**
 * The calls of one run on their way. They leave in the order in which the script asked, at most so many at once: the
 * others keep their place in the line and cost next to nothing there (S2).
 * Owns how many are at work. Does not own what a call does (`take-call.ts`) or what its end means (`executor.ts`).
 */
import type { Failure } from '../../../domain/failure.ts'
import type { ActiveRun, Call, CallEnd } from './call.ts'
import { openItem } from './item-steps.ts'
import type { Pending, PendingCalls } from './pending.ts'
import type { RunScopes } from './scopes.ts'
import { takeCall } from './take-call.ts'

/** What they bring is in memory until it is on record: more of them are no faster, only larger. */
const MOST_AT_WORK = 16

export interface FlightPorts {
  pending: PendingCalls
  scopes: RunScopes
  mayLeave(call: Call): boolean
  landed(pending: Pending, end: CallEnd): void
  failureOf(error: unknown): Failure
}

export class Flights {
  readonly #run: ActiveRun
  readonly #ports: FlightPorts
  #atWork = 0

  constructor(run: ActiveRun, ports: FlightPorts) {
    this.#run = run
    this.#ports = ports
  }

  /** Lets leave whatever is held back and may leave, as far as there is room. */
  takeOff(): void {
    for (const pending of this.#ports.pending.held()) {
      if (this.#atWork >= MOST_AT_WORK) return
      if (this.#ports.mayLeave(pending.call)) this.#fly(pending)
    }
  }

  #fly(pending: Pending): void {
    const { call } = pending
    this.#ports.pending.move(pending, 'flying')
    this.#ports.scopes.takeOff(call.scope)
    this.#atWork++
    const work = call.guest.tool === 'flow.open' ? openItem(this.#run, call) : takeCall(this.#run, call)
    work.then(
      end => {
        this.#land(pending, end)
      },
      (error: unknown) => {
        this.#land(pending, { is: 'failed', failure: this.#ports.failureOf(error) })
      },
    )
  }

  #land(pending: Pending, end: CallEnd): void {
    this.#atWork--
    this.#ports.scopes.land(pending.call.scope)
    this.#ports.landed(pending, end)
  }
}
