/**
 * Told what runs and their steps come to, as it happens, by the parts that make it happen; writes it down in the log.
 * Nothing that is observed waits for it or can fail by it, and nothing of what a step works with is shown to it.
 */
import type { FailureKind } from '../../../domain/failure.ts'
import type { Log } from '../../../domain/log.ts'

/** Ids and names only. */
export interface StepNote {
  automation: string
  run: string
  step: string
  item: string | undefined
  tool: string
  attempt: number
}

export interface RunNote {
  automation: string
  run: string
  attempt: number
  state: 'succeeded' | 'failed' | 'declined' | 'cancelled'
  kind: FailureKind | undefined
  /** From its beginning, waits included. */
  ms: number
}

export class Observer {
  readonly #log: Log

  constructor(log: Log) {
    this.#log = log
  }

  /** One try of one step: what it comes to is what `work` resolves with. */
  async step<T>(
    note: StepNote,
    work: () => Promise<T>,
    failedBy: (end: T) => FailureKind | undefined,
  ): Promise<T> {
    const begun = performance.now()
    const end = await work()
    const kind = failedBy(end)
    const ms = performance.now() - begun
    if (kind === undefined) this.#log('debug', 'a step was done', { ...note, ms })
    else this.#log('info', 'a step failed', { ...note, kind, ms })
    return end
  }

  runEnded(note: RunNote): void {
    this.#log(note.state === 'failed' ? 'warn' : 'info', 'a run ended', { ...note })
  }
}
