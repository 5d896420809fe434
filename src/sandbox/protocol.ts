/**
 * The words that cross between the core and a sandbox worker. Everything is structured-clone data; guest values
 * travel as JSON texts whose length was checked before they were copied (S4).
 */
import type { Failure } from '../domain/failure.ts'
import type { Effect, Outcome } from '../domain/tool.ts'

/** One recorded call, as replay needs it (J3, J5). */
export interface RecordedStep {
  stepId: string
  /** '' is the run itself; otherwise an item's scope key (see `each` in prelude). */
  scope: string
  tool: string
  effect: Effect
  argHash: string
  /** Which call with this scope, tool and hash it was, from 0. */
  occurrence: number
  /** Delivery order within its run; null while begun and not ended (or waiting): it is re-attached, not replayed. */
  turn: number | null
  /** `held`: the host has it, and the worker asks for it when the replay comes to it. */
  outcome: Outcome | 'held' | null
  /** UTC ms of its completion: the guest's clock after it. */
  at: number
  /** Recorded by an earlier run for the same item: delivered before anything of this run, in turn order. */
  inherited: boolean
}

export interface RunLimits {
  cpuMs: number
  memoryMb: number
  calls: number
  bytesPerCall: number
}

export interface StartRun {
  /** Names this instance in every message; a new one for each replay. */
  instance: string
  /** The script exactly as stored (its hash is the version's identity). */
  source: string
  /** Granted modules, specifier → guest source. Nothing else can be imported. */
  modules: Record<string, string>
  /** JSON text handed to the script's default export. */
  input: string
  /** Seeds Math.random and crypto.randomUUID. */
  seed: string
  startedAt: number
  recorded: RecordedStep[]
  /**
   * 'exact': every recorded call must be asked for again (same script; also the check after an engine update).
   * 'writes': only recorded writes must (repair, intent change, retry from a failed step).
   */
  demand: 'exact' | 'writes'
  limits: RunLimits
  /** What the run had computed before this instance, of `limits.cpuMs`. */
  usedCpuMs?: number
  /**
   * Item scopes of an ended run that go on: calls and closes inside them are released after replay, also past the
   * run's end; new calls anywhere else are never released.
   */
  reenter?: string[]
}

/** A call that the journal does not have yet, or has begun without an end (`recorded` names that step). */
export interface GuestCall {
  /** Numbers the instance's calls in issue order, from 1. */
  callId: number
  scope: string
  tool: string
  args: string
  argHash: string
  occurrence: number
  recorded: string | null
  /** Position in the script, for failures and the run view. */
  position: { line: number; column: number } | null
}

/** The body of an item came to its end: the value it returned or what it threw. */
export interface ItemClose {
  scope: string
  outcome: Outcome
}

export type RunEnd = { is: 'returned'; value: string } | { is: 'failed'; failure: Failure }

export type ToWorker =
  /** `slot` numbers the instance within its worker's shared status, by which the watchdog knows who is stuck. */
  | { kind: 'start'; run: StartRun; slot: number }
  /** One completion; the worker drains microtasks before it takes the next. `inherits` comes with an item's opening. */
  | {
      kind: 'deliver'
      instance: string
      callId: number
      outcome: Outcome
      at: number
      inherits: RecordedStep[]
    }
  /** The outcome that was held back, and is wanted now. */
  | { kind: 'recall'; instance: string; outcome: Outcome }
  /** Call the script's `verify` export, if it has one, in scope 'verify' (O1). Answered by `verified`. */
  | { kind: 'verify'; instance: string; input: string }
  | { kind: 'drop'; instance: string }

/**
 * Every `start`, `deliver`, `recall` and `verify` is answered by exactly one message; `verified` stands in for the last
 * `idle`, and `wants` for any of them until what it wants is there.
 */
export type FromWorker =
  /** The guest came to rest. Everything it asked for since the last message, in issue order. */
  | {
      kind: 'idle'
      instance: string
      calls: GuestCall[]
      closes: ItemClose[]
      /** Recorded reads and local steps the script no longer asked for (only with demand 'writes'). */
      unconsumed: string[]
      /** CPU used by the run while not replaying, ms; what it had used before this instance included. */
      cpuMs: number
      /** How large the guest's memory has become, in bytes. */
      memory: number
      end: RunEnd | null
    }
  | { kind: 'verified'; instance: string; exists: boolean; end: RunEnd | null }
  | { kind: 'wants'; instance: string; stepId: string }
  | { kind: 'ready' }
