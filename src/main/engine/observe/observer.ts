/**
 * Told what runs, steps and requests come to, as it happens, by the parts that make it happen: counts it and writes it
 * down in the log, and traces it where that is wanted. Knows for each request which step asked for it. Nothing that is
 * observed waits for it or can fail by it, and nothing of what a step works with is shown to it.
 */
import { AsyncLocalStorage } from 'node:async_hooks'
import type { FailureKind } from '../../../domain/failure.ts'
import type { Log } from '../../../domain/log.ts'
import type { Tokens } from '../../../domain/model.ts'
import type { ObservedRequest, RequestEnd } from '../../tools/network/observed.ts'
import { LoopLag } from './loop-lag.ts'
import { Measures } from './measures.ts'
import type { ModelSpan, StepSpan, TraceWishes, Tracing } from './tracing.ts'

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
  /** When it ended, UTC ms. */
  at: number
  /** From its beginning, waits included. */
  ms: number
}

export interface ModelNote {
  role: string
  model: string
  /** As costs are listed. */
  tool: string
  task: string | undefined
}

/** What asking a model came to. */
export interface ModelEnd {
  /** Undefined where there was no answer. */
  tokens: Tokens | undefined
  kind: FailureKind | undefined
}

/** What is told of a request. */
export interface RequestWatch {
  readonly headers: Readonly<Record<string, string>>
  ended: (end: RequestEnd) => void
}

export class Observer {
  readonly measures = new Measures()
  readonly loopLag = new LoopLag()
  readonly #log: Log
  readonly #version: string
  readonly #step = new AsyncLocalStorage<{
    note: StepNote | undefined
    span: StepSpan | undefined
    model?: ModelSpan | undefined
  }>()
  #tracing: Tracing | undefined
  #tracesTo: string | null = null
  #tellHosts = false
  #changing = Promise.resolve()

  constructor(log: Log, version: string) {
    this.#log = log
    this.#version = version
  }

  /** Sends traces where they are wanted from now on; resolves when it does. */
  traceTo({ tracesTo, tellHosts }: TraceWishes): Promise<void> {
    this.#tellHosts = tellHosts
    this.#changing = this.#changing.then(() => this.#change(tracesTo))
    return this.#changing
  }

  async #change(tracesTo: string | null): Promise<void> {
    if (tracesTo === this.#tracesTo) return
    const before = this.#tracing
    this.#tracing = undefined
    this.#tracesTo = tracesTo
    try {
      await before?.close()
      if (tracesTo === null) return
      const { traceByOtlp } = await import('./otlp.ts')
      this.#tracing = traceByOtlp({
        endpoint: tracesTo,
        version: this.#version,
        tellHosts: () => this.#tellHosts,
      })
    } catch (error) {
      this.#log('error', 'traces could not be sent', { error })
    }
  }

  /** One try of one step: what it comes to is what `work` resolves with. */
  async step<T>(
    note: StepNote,
    work: () => Promise<T>,
    failedBy: (end: T) => FailureKind | undefined,
  ): Promise<T> {
    const begun = performance.now()
    const span = this.#tracing?.step(note)
    const end = await this.#step.run({ note, span }, work)
    const kind = failedBy(end)
    span?.end(kind)
    const ms = performance.now() - begun
    this.measures.step(note.tool, ms, kind)
    if (kind === undefined) this.#log('debug', 'a step was done', { ...note, ms })
    else this.#log('info', 'a step failed', { ...note, kind, ms })
    return end
  }

  /** A request leaves; answers with what to call at its end. */
  request(request: ObservedRequest): RequestWatch {
    const { note, span: asking, model } = this.#step.getStore() ?? {}
    const within = model ?? asking
    const { method } = request
    const begun = performance.now()
    const span = within?.request(request)
    return {
      headers: span?.headers ?? {},
      ended: end => {
        const { status, kind } = end
        span?.end(end)
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

  /** A model is asked, by a step or by none, as often as it takes. Never what is said. */
  async model<T>(note: ModelNote, work: () => Promise<T>, endOf: (end: T | Error) => ModelEnd): Promise<T> {
    const { note: step, span: within } = this.#step.getStore() ?? {}
    const begun = performance.now()
    const span = within?.model(note) ?? this.#tracing?.model(note)
    const ended = (end: ModelEnd) => {
      span?.end(end)
      const { tokens, kind } = end
      const { model, role, tool, task } = note
      const fields = { ...step, model, role, tool, id: task, kind, ms: performance.now() - begun }
      this.#log(
        'info',
        'a model was asked',
        tokens === undefined ? fields : { ...fields, counts: { ...tokens } },
      )
    }
    try {
      const reply = await this.#step.run({ note: step, span: within, model: span }, work)
      ended(endOf(reply))
      return reply
    } catch (error) {
      ended(endOf(error instanceof Error ? error : new Error('not an error')))
      throw error
    }
  }

  runEnded(note: RunNote): void {
    this.measures.runDuration.observe({}, note.ms / 1_000)
    this.#tracing?.runEnded(note)
    const { at: _at, ...fields } = note
    this.#log(note.state === 'failed' ? 'warn' : 'info', 'a run ended', fields)
  }

  /** A time of a schedule was noticed this long after it was due. */
  noticed(lateMs: number): void {
    this.measures.lateness.observe({}, Math.max(0, lateMs) / 1_000)
  }

  async close(): Promise<void> {
    this.loopLag.stop()
    await this.traceTo({ tracesTo: null, tellHosts: false })
  }
}
