/**
 * Sends spans to an OTLP collector, in the background and from a queue of bounded length: a collector that is slow or
 * gone costs spans, and nothing else. Owns the queue and its timer.
 * The trace and the root of a run follow from its id, so what a run does after a restart, days later, is of its trace.
 */
import { ROOT_CONTEXT, SpanKind, SpanStatusCode, TraceFlags, trace } from '@opentelemetry/api'
import type { Context, Span, SpanContext, Tracer } from '@opentelemetry/api'
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http'
import { resourceFromAttributes } from '@opentelemetry/resources'
import { BatchSpanProcessor, RandomIdGenerator, TracerProvider } from '@opentelemetry/sdk-trace'
import type { FailureKind } from '../../../domain/failure.ts'
import { sha256Hex } from '../../../domain/json.ts'
import type { ObservedRequest, RequestEnd } from '../../tools/network/observed.ts'
import type { ModelNote, RunNote, StepNote } from './observer.ts'
import type { ModelSpan, RequestSpan, StepSpan, Tracing } from './tracing.ts'

const MOST_QUEUED = 2_048
const MOST_AT_ONCE = 256
const SEND_EVERY_MS = 2_000
const SEND_TIMEOUT_MS = 5_000
/** The end of the core waits no longer for a collector. */
const LAST_WORDS_MS = 1_000

export interface OtlpOptions {
  endpoint: string
  version: string
  tellHosts: () => boolean
}

export function traceByOtlp(options: OtlpOptions): Tracing {
  return new OtlpTracing(options)
}

/** Random ids, but for the root of a run. */
class RunIds extends RandomIdGenerator {
  #root: SpanContext | null = null

  override generateTraceId(): string {
    return this.#root?.traceId ?? super.generateTraceId()
  }

  override generateSpanId(): string {
    return this.#root?.spanId ?? super.generateSpanId()
  }

  as<T>(root: SpanContext, begin: () => T): T {
    this.#root = root
    try {
      return begin()
    } finally {
      this.#root = null
    }
  }
}

class OtlpTracing implements Tracing {
  readonly #ids = new RunIds()
  readonly #provider: TracerProvider
  readonly #tracer: Tracer
  readonly #tellHosts: () => boolean

  constructor({ endpoint, version, tellHosts }: OtlpOptions) {
    this.#tellHosts = tellHosts
    const exporter = new OTLPTraceExporter({ url: tracesAt(endpoint), timeoutMillis: SEND_TIMEOUT_MS })
    this.#provider = new TracerProvider({
      idGenerator: this.#ids,
      resource: resourceFromAttributes({ 'service.name': 'steward', 'service.version': version }),
      spanProcessors: [
        new BatchSpanProcessor({
          exporter,
          maxQueueSize: MOST_QUEUED,
          maxExportBatchSize: MOST_AT_ONCE,
          scheduledDelayMillis: SEND_EVERY_MS,
          exportTimeoutMillis: SEND_TIMEOUT_MS,
        }),
      ],
    })
    this.#tracer = this.#provider.getTracer('steward', version)
  }

  step(note: StepNote): StepSpan {
    const within = trace.setSpanContext(ROOT_CONTEXT, rootOf(note.run))
    const { item, ...ids } = note
    const attributes = named({ ...ids, ...(item === undefined ? {} : { item }) })
    const span = this.#tracer.startSpan(note.tool, { kind: SpanKind.INTERNAL, attributes }, within)
    return {
      end: kind => {
        endSpan(span, kind)
      },
      request: request => this.#request(trace.setSpan(ROOT_CONTEXT, span), request),
      model: asked => this.#model(trace.setSpan(ROOT_CONTEXT, span), asked),
    }
  }

  model(note: ModelNote): ModelSpan {
    return this.#model(ROOT_CONTEXT, note)
  }

  #model(within: Context, { model, role, task }: ModelNote): ModelSpan {
    const attributes = {
      'gen_ai.operation.name': 'chat',
      'gen_ai.request.model': model,
      ...named({ role, ...(task === undefined ? {} : { task }) }),
    }
    const span = this.#tracer.startSpan('model', { kind: SpanKind.CLIENT, attributes }, within)
    return {
      end: ({ tokens, kind }) => {
        if (tokens !== undefined)
          span.setAttributes({
            'gen_ai.usage.input_tokens': tokens.input,
            'gen_ai.usage.output_tokens': tokens.output,
          })
        endSpan(span, kind)
      },
      request: request => this.#request(trace.setSpan(ROOT_CONTEXT, span), request),
    }
  }

  /** The root is told last: only then is it known how long it was. */
  runEnded({ at, ms, state, kind, ...ids }: RunNote): void {
    const attributes = named({ ...ids, state })
    const span = this.#ids.as(rootOf(ids.run), () =>
      this.#tracer.startSpan('run', { root: true, startTime: at - ms, attributes }, ROOT_CONTEXT),
    )
    endSpan(span, kind, at)
  }

  async close(): Promise<void> {
    const { promise: late, resolve } = Promise.withResolvers<null>()
    const timer = setTimeout(resolve, LAST_WORDS_MS, null)
    await Promise.race([this.#provider.shutdown(), late])
    clearTimeout(timer)
  }

  #request(within: Context, { method, host }: ObservedRequest): RequestSpan {
    const attributes = {
      'http.request.method': method,
      ...(host === undefined ? {} : { 'server.address': host }),
    }
    const span = this.#tracer.startSpan(method, { kind: SpanKind.CLIENT, attributes }, within)
    return {
      headers: this.#tellHosts() ? { traceparent: traceparentOf(span.spanContext()) } : {},
      end: end => {
        endRequest(span, end)
      },
    }
  }
}

function endRequest(span: Span, { status, kind }: RequestEnd): void {
  if (status !== null) span.setAttribute('http.response.status_code', status)
  endSpan(span, kind)
}

function endSpan(span: Span, kind: FailureKind | undefined, at?: number): void {
  if (kind !== undefined) span.setAttribute('error.type', kind).setStatus({ code: SpanStatusCode.ERROR })
  span.end(at)
}

function rootOf(runId: string): SpanContext {
  const hash = sha256Hex(`trace of ${runId}`)
  return {
    traceId: hash.slice(0, 32),
    spanId: hash.slice(32, 48),
    traceFlags: TraceFlags.SAMPLED,
    isRemote: true,
  }
}

function named(values: Readonly<Record<string, string | number>>): Record<string, string | number> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [`steward.${name}`, value]))
}

/** W3C Trace Context. */
function traceparentOf({ traceId, spanId }: SpanContext): string {
  return `00-${traceId}-${spanId}-01`
}

function tracesAt(endpoint: string): string {
  return `${endpoint.replace(/\/+$/, '')}/v1/traces`
}
