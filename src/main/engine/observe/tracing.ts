/**
 * Traces as a port: a run, its steps and their requests as spans. Off, there is none of it; what sends them is loaded
 * with the first address to send to (`otlp.ts`).
 */
import type { FailureKind } from '../../../domain/failure.ts'
import type { ObservedRequest, RequestEnd } from '../../tools/network/observed.ts'
import type { ModelEnd, ModelNote, RunNote, StepNote } from './observer.ts'

export interface StepSpan {
  end(kind: FailureKind | undefined): void
  request(request: ObservedRequest): RequestSpan
  /** A model is asked; the requests of that are its. */
  model(note: ModelNote): ModelSpan
}

export interface ModelSpan {
  end(end: ModelEnd): void
  request(request: ObservedRequest): RequestSpan
}

export interface RequestSpan {
  /** What tells the other side which trace this is of; empty unless that is wanted. */
  readonly headers: Readonly<Record<string, string>>
  end(end: RequestEnd): void
}

export interface Tracing {
  step(note: StepNote): StepSpan
  /** Where no step asks. */
  model(note: ModelNote): ModelSpan
  runEnded(note: RunNote): void
  /** Sends what is still there, but waits for nobody for long. */
  close(): Promise<void>
}

/** How traces are wanted. */
export interface TraceWishes {
  /** Where an OTLP collector takes them over HTTP; null: nowhere. */
  tracesTo: string | null
  /** Whether the hosts that automations ask are told which trace a request is of. */
  tellHosts: boolean
}
