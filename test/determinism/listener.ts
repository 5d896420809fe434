/** Hears what every run's script asks its engine, over all the instances the run has had. */
import type { SandboxPool } from '../../src/sandbox/pool.ts'
import type { StartRun } from '../../src/sandbox/protocol.ts'
import { askedOf } from './replay.ts'
import type { Asked } from './replay.ts'

export interface HeardRun {
  start: StartRun
  launches: number
  asked: Map<number, Asked>
}

export class Listener {
  readonly runs = new Map<string, HeardRun>()
  /** Calls that a later instance of the same run made otherwise than the first. */
  readonly differences: string[] = []

  readonly listen = (pool: SandboxPool): SandboxPool => ({
    engineVersion: pool.engineVersion,
    start: (run, listener) => {
      const heard = this.#heard(run)
      heard.launches++
      return pool.start(run, {
        ...listener,
        idle: message => {
          for (const call of message.calls) this.#note(heard, askedOf(call))
          listener.idle(message)
        },
      })
    },
    warm: () => pool.warm(),
    stats: () => pool.stats(),
    close: () => pool.close(),
  })

  /** What the run asked for, in the order in which it did. */
  askedBy(runId: string): Asked[] {
    return [...(this.runs.get(runId)?.asked.values() ?? [])].sort((a, b) => a.callId - b.callId)
  }

  #heard(run: StartRun): HeardRun {
    const [runId = ''] = run.instance.split('#')
    const heard = this.runs.get(runId) ?? { start: run, launches: 0, asked: new Map<number, Asked>() }
    this.runs.set(runId, heard)
    return heard
  }

  #note(heard: HeardRun, asked: Asked): void {
    const before = heard.asked.get(asked.callId)
    if (before !== undefined && JSON.stringify(before) !== JSON.stringify(asked))
      this.differences.push(`${JSON.stringify(before)} became ${JSON.stringify(asked)}`)
    heard.asked.set(asked.callId, asked)
  }
}
