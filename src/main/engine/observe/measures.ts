/**
 * What is measured while runs, steps and requests happen. These live as long as the process; what is counted for good
 * is in the database (`gather.ts`). Every label has few values: a tool of ours, a kind of failure, a status.
 */
import { Counter, Histogram } from './series.ts'
import type { Family } from './series.ts'

const SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60]
/** Runs wait for people and sleep for days. */
const LONG_SECONDS = [0.05, 0.1, 0.5, 1, 5, 15, 60, 300, 1_800, 3_600, 21_600, 86_400, 604_800]
const MILLISECONDS = SECONDS.map(second => second * 1_000)
const LONG_MILLISECONDS = LONG_SECONDS.map(second => second * 1_000)
/** Tools that read a page. */
const PAGE_READERS = new Set(['web.page', 'pages.changed'])

export class Measures {
  readonly runDuration = new Histogram(
    {
      name: 'task_duration_seconds',
      help: 'From the beginning of a run to its end, waits included.',
      labels: [],
    },
    LONG_SECONDS,
  )
  readonly stepDuration = new Histogram(
    {
      name: 'steward_step_duration_seconds',
      help: 'One try of one step, by its tool.',
      labels: ['tool'],
    },
    SECONDS,
  )
  readonly stepFailures = new Counter({
    name: 'steward_step_failures_total',
    help: 'Tries of steps that failed, by tool and kind of failure, since the start of the process.',
    labels: ['tool', 'kind'],
  })
  readonly requestLatency = new Histogram(
    {
      name: 'connector_request_latency_seconds',
      help: 'One request to another machine, by the family of tools (slug) and the tool (action) that made it.',
      labels: ['slug', 'action'],
    },
    SECONDS,
  )
  readonly requestErrors = new Counter({
    name: 'connector_error_total',
    help: 'Requests without an answer or with one from 400 on, since the start of the process.',
    labels: ['slug', 'action'],
  })
  readonly lateness = new Histogram(
    {
      name: 'steward_due_lateness_seconds',
      help: 'How long after it was due a time of a schedule was noticed.',
      labels: [],
    },
    LONG_SECONDS,
  )
  readonly #scrapes = new Histogram(
    {
      name: 'scrape_job_latency_ms',
      help: 'One reading of a page, by what read it.',
      labels: ['engine'],
    },
    MILLISECONDS,
  )
  readonly #searches = new Histogram(
    {
      name: 'rag_query_latency_ms',
      help: 'One search of the notes, by the index that was asked.',
      labels: ['vector_db'],
    },
    MILLISECONDS,
  )
  readonly #ocr = new Histogram(
    {
      name: 'ocr_job_latency_ms',
      help: 'One recognition of text in a picture. No tool does that yet.',
      labels: ['engine'],
    },
    MILLISECONDS,
  )
  readonly #agents = new Histogram(
    {
      name: 'agent_task_latency_ms',
      help: 'One piece of work of an agent, until a person is needed or it is done: at a plan.',
      labels: ['framework'],
    },
    LONG_MILLISECONDS,
  )

  step(tool: string, ms: number, failed: string | undefined): void {
    this.stepDuration.observe({ tool }, ms / 1_000)
    if (failed !== undefined) this.stepFailures.add({ tool, kind: failed })
    if (PAGE_READERS.has(tool)) this.#scrapes.observe({ engine: 'http' }, ms)
    if (tool === 'notes.search') this.#searches.observe({ vector_db: 'sqlite-fts5' }, ms)
  }

  /** A look of a trigger. */
  look(kind: string, ms: number): void {
    if (kind === 'page') this.#scrapes.observe({ engine: 'http' }, ms)
  }

  task(agent: 'planner', ms: number): void {
    this.#agents.observe({ framework: agent }, ms)
  }

  /** `tool` is undefined for what no step asked for: a look of a trigger, the check of a connection. */
  request(tool: string | undefined, ms: number, status: number | null): void {
    const [slug = 'steward', action = 'look'] = tool?.split('.') ?? []
    this.requestLatency.observe({ slug, action }, ms / 1_000)
    if (status === null || status >= 400) this.requestErrors.add({ slug, action })
  }

  families(): Family[] {
    return [
      this.runDuration,
      this.stepDuration,
      this.stepFailures,
      this.requestLatency,
      this.requestErrors,
      this.lateness,
      this.#scrapes,
      this.#searches,
      this.#ocr,
      this.#agents,
    ].map(measure => measure.family())
  }
}
