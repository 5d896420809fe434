/**
 * Asks scripts again what they asked before: from their journal, or with their journal's outcomes handed in one by
 * one. What comes out must be what came out the first time, to the letter (J3, S3).
 */
import type { Outcome } from '../../src/domain/tool.ts'
import type { LostReason, SandboxPool } from '../../src/sandbox/pool.ts'
import type { FromWorker, GuestCall, RecordedStep, RunEnd, StartRun } from '../../src/sandbox/protocol.ts'

/** A call as the script made it. `callId` counts them in the order in which they were made. */
export type Asked = Pick<GuestCall, 'callId' | 'scope' | 'tool' | 'args' | 'argHash' | 'occurrence'>

export interface Replayed {
  /** What was asked for beyond the journal. */
  asked: Asked[]
  end: RunEnd | null
}

type Idle = Extract<FromWorker, { kind: 'idle' }>

let instances = 0

/** Runs the script from its journal alone, until it is at rest. */
export function replay(pool: SandboxPool, run: StartRun): Promise<Replayed> {
  return drive(pool, run, message => {
    return { asked: message.calls.map(askedOf), end: message.end }
  })
}

/**
 * Runs the script knowing the first `known` turns of its journal, and hands in the others as they were recorded.
 * Resolves to everything it asked for that was not known.
 */
export function perform(
  pool: SandboxPool,
  run: StartRun,
  journal: readonly RecordedStep[],
  known = 0,
): Promise<Replayed> {
  const turns = journal.filter(step => step.turn !== null).sort((a, b) => (a.turn ?? 0) - (b.turn ?? 0))
  const coming = turns.slice(known)
  const asked: GuestCall[] = []
  return drive(pool, { ...run, recorded: turns.slice(0, known) }, (message, deliver) => {
    asked.push(...message.calls)
    if (message.end !== null) return { asked: asked.map(askedOf), end: message.end }
    const step = coming.shift()
    const call = asked.find(one => step !== undefined && isOf(one, step))
    if (step === undefined || step.outcome === null || step.outcome === 'held' || call === undefined)
      throw new Error(`it did not ask for ${step?.tool ?? 'anything recorded'}`)
    deliver(call.callId, step.outcome, step.at)
    return null
  })
}

type Deliver = (callId: number, outcome: Outcome, at: number) => void

function drive(
  pool: SandboxPool,
  run: StartRun,
  hear: (message: Idle, deliver: Deliver) => Replayed | null,
): Promise<Replayed> {
  return new Promise((resolve, reject) => {
    const instance = pool.start(
      { ...run, instance: `again-${String(++instances)}` },
      {
        idle: message => {
          try {
            const done = hear(message, (callId, outcome, at) => {
              instance.deliver(callId, outcome, at)
            })
            if (done === null) return
            instance.drop()
            resolve(done)
          } catch (error) {
            instance.drop()
            reject(error instanceof Error ? error : new Error('it could not be heard'))
          }
        },
        verified: () => undefined,
        lost: (reason: LostReason) => {
          reject(new Error(`lost: ${JSON.stringify(reason)}`))
        },
      },
    )
  })
}

export function askedOf({ callId, scope, tool, args, argHash, occurrence }: GuestCall): Asked {
  return { callId, scope, tool, args, argHash, occurrence }
}

export function isOf(call: Asked, step: RecordedStep): boolean {
  return (
    call.scope === step.scope &&
    call.tool === step.tool &&
    call.argHash === step.argHash &&
    call.occurrence === step.occurrence
  )
}
