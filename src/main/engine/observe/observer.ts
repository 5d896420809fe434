/**
 * Told what runs, steps and requests come to, as it happens, by the parts that make it happen: counts it and writes it
 * down in the log. Knows for each request which step asked for it. Nothing that is observed waits for it or can
 * fail by it, and nothing of what a step works with is shown to it.
 */
import { AsyncLocalStorage } from 'node:async_hooks'
import type { FailureKind } from '../../../domain/failure.ts'
import type { Log } from '../../../domain/log.ts'
import type { ObservedRequest, RequestEnd } from '../../tools/network/observed.ts'
import { LoopLag } from './loop-lag.ts'
import { Measures } from './measures.ts'

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
  readonly measures = new Measures()
  readonly loopLag = new LoopLag()
  readonly #log: Log
  readonly #step = new AsyncLocalStorage<StepNote>()

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
    const end = await this.#step.run(note, work)
    const kind = failedBy(end)
    const ms = performance.now() - begun
    this.measures.step(note.tool, ms, kind)
    if (kind === undefined) this.#log('debug', 'a step was done', { ...note, ms })
    else this.#log('info', 'a step failed', { ...note, kind, ms })
    return end
  }

  /** A request leaves; answers with what to call at its end. */
  request({ method }: ObservedRequest): { ended: (end: RequestEnd) => void } {
    const note = this.#step.getStore()
    const begun = performance.now()
    return {
      ended: ({ status, kind }) => {
        const ms = performance.now() - begun
        this.measures.request(note?.tool, ms, status)
        this.#log('debug', 'a request came to its end', {
          ...note,
          method,
          status: status ?? undefined,
          kind,
          ms,
        })
      },
    }
  }

  runEnded(note: RunNote): void {
    this.measures.runDuration.observe({}, note.ms / 1_000)
    this.#log(note.state === 'failed' ? 'warn' : 'info', 'a run ended', { ...note })
  }

  /** A time of a schedule was noticed this long after it was due. */
  noticed(lateMs: number): void {
    this.measures.lateness.observe({}, Math.max(0, lateMs) / 1_000)
  }

  close(): void {
    this.loopLag.stop()
  }
}
