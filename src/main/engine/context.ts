/** What every part of the engine is given: its ports, and nothing it could construct itself. */
import type { Clock } from '../../domain/clock.ts'
import type { Json } from '../../domain/json.ts'
import type { Log } from '../../domain/log.ts'
import type { Models } from '../../domain/model.ts'
import type { SandboxPool } from '../../sandbox/pool.ts'
import type { Store } from '../store/store.ts'
import type { Tx } from '../store/tx.ts'
import type { WaitRow } from '../store/waits.ts'
import type { ToolRegistry } from '../tools/registry.ts'
import type { ScriptTypes } from '../tools/scripts/script-types.ts'
import type { Observer } from './observe/observer.ts'

/**
 * The instants at which a crash could lose or repeat something, named. Tests pass a function that ends the process
 * at one of them; in production it does nothing.
 */
export const FAULT_POINTS = [
  'event.before-accept',
  'event.after-accept',
  'run.before-launch',
  'read.before-call',
  'read.after-call',
  'read.after-outcome',
  'model.before-call',
  'model.before-ask',
  'model.after-answer',
  'model.after-call',
  'model.after-outcome',
  'local.before-outcome',
  'local.after-outcome',
  'write.before-intent',
  'write.after-intent',
  'write.after-remote',
  'write.after-outcome',
  'write.after-unsent',
  'write.after-again',
  'write.before-reconcile',
  'write.after-reconcile',
  'item.before-open',
  'item.after-open',
  'item.before-close',
  'item.after-close',
  'wait.before-record',
  'wait.after-record',
  'wait.after-outcome',
  'approval.after-ask',
  'approval.after-answer',
  'undo.before-intent',
  'undo.after-intent',
  'undo.after-remote',
  'undo.after-outcome',
  'run.before-finish',
  'run.after-finish',
  'look.before-record',
  'look.after-record',
  'plan.after-said',
  'plan.before-reply',
  'plan.after-reply',
  'plan.before-answer',
  'plan.after-answer',
  'plan.before-told',
  'plan.after-told',
  'plan.before-add',
  'plan.after-add',
  'digest.before-record',
  'digest.after-record',
] as const

export type FaultPoint = (typeof FAULT_POINTS)[number]
export type Fault = (point: FaultPoint) => void

export interface EngineContext {
  readonly store: Store
  readonly pool: SandboxPool
  readonly tools: ToolRegistry
  readonly models: Models
  /** Absent: types of scripts are not looked at. */
  readonly types?: ScriptTypes
  readonly clock: Clock
  /** This life of the core. Everything unfinished under another is taken up at boot (R2). */
  readonly boot: string
  readonly fault: Fault
  /** Records what was decided about a wait, and goes on with whoever waits. */
  readonly answer: (wait: WaitRow, answer: Json, also: (tx: Tx) => void) => Promise<void>
  /** Something may be ready to run: an event came in, a turn became free, a wait is over. */
  readonly pump: () => void
  /** Automations came, went, paused or go on: what is watched for them changes with them. */
  readonly triggersChanged: () => void
  readonly log: Log
  readonly observer: Observer
}
