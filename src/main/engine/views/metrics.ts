/**
 * Everything that is measured, as Prometheus reads it: what happened, from the observer; how things stand, read now; and
 * totals that outlive the process, from the database.
 */
import type { SandboxStats } from '../../../sandbox/pool.ts'
import { countOpenActions } from '../../store/actions.ts'
import { countRuns, countWaitingEvents } from '../../store/lists.ts'
import { soonestDue } from '../../store/schedules.ts'
import { isStopped } from '../../store/settings.ts'
import { costTallied, runsTallied, tokensTallied } from '../../store/tallies.ts'
import type { Observer } from '../observe/observer.ts'
import { expositionOf } from '../observe/series.ts'
import type { Family, Sample } from '../observe/series.ts'
import type { ViewSource } from './common.ts'
import { bytesOf } from './health.ts'

export interface MetricsSource extends ViewSource {
  readonly observer: Observer
  sandbox(): SandboxStats
}

/** More of what waits than this is not told apart. */
const MOST_COUNTED = 100_000
const ENDS = ['succeeded', 'failed', 'declined', 'cancelled'] as const

export function metricsText(source: MetricsSource, version: string): string {
  return expositionOf([
    gauge('steward_info', 'Which Steward this is.', [{ labels: { version }, value: 1 }]),
    ...totals(source),
    ...source.observer.measures.families(),
    ...standing(source),
    ...storage(source),
    ...sandbox(source.sandbox()),
    ...processNow(source.observer),
  ])
}

function totals({ store }: ViewSource): Family[] {
  const ended = ENDS.map(state => ({ labels: { status: state }, value: runsTallied(store, state) }))
  const of = (state: string) =>
    ended.filter(sample => sample.labels.status === state).map(({ value }) => ({ labels: {}, value }))
  const costs = (['build', 'repair', 'run'] as const).map(purpose => ({
    labels: { purpose },
    value: costTallied(store, purpose) / 1e6,
  }))
  const tokens = (['input', 'output'] as const).map(direction => ({
    labels: { direction },
    value: tokensTallied(store, direction),
  }))
  return [
    counter('workflow_execution_total', 'Runs that ended, by how, since the data folder was made.', ended),
    counter('task_success_total', 'Runs that succeeded, since the data folder was made.', of('succeeded')),
    counter('task_failure_total', 'Runs that failed, since the data folder was made.', of('failed')),
    counter('llm_cost_usd', 'What models cost, by purpose, since the data folder was made.', costs),
    counter('llm_tokens_used', 'Tokens of models, by direction, since the data folder was made.', tokens),
  ]
}

function standing({ store }: ViewSource): Family[] {
  const due = soonestDue(store)
  const overdue = due === null ? 0 : Math.max(0, store.now() - due) / 1_000
  const runs = (['running', 'waiting'] as const).map(state => ({
    labels: { state },
    value: countRuns(store, state, MOST_COUNTED),
  }))
  const actions = countOpenActions(store).map(({ kind, count }) => ({ labels: { kind }, value: count }))
  return [
    gauge('steward_queue_events', 'Events that wait to be taken up.', [
      { labels: {}, value: countWaitingEvents(store, MOST_COUNTED) },
    ]),
    gauge('steward_runs', 'Runs that have not ended, by state.', runs),
    gauge('steward_open_actions', 'What waits for a person, by kind.', actions),
    gauge('steward_overdue_seconds', 'For how long the oldest due time has not been settled.', [
      { labels: {}, value: overdue },
    ]),
    gauge('steward_stopped', '1 while everything is stopped.', [
      { labels: {}, value: isStopped(store) ? 1 : 0 },
    ]),
  ]
}

function storage({ store }: ViewSource): Family[] {
  const { bytes, logBytes } = bytesOf(store.folder)
  return [
    gauge('steward_database_bytes', 'The database.', [{ labels: {}, value: bytes }]),
    gauge(
      'steward_wal_bytes',
      'What was written to its write-ahead log since the last checkpoint, at most.',
      [{ labels: {}, value: logBytes }],
    ),
    gauge('steward_disk_free_bytes', 'On the disk of the data folder.', [
      { labels: {}, value: store.room.freeBytes() },
    ]),
  ]
}

function sandbox({ workers, instances, queued, killed }: SandboxStats): Family[] {
  return [
    gauge('steward_sandbox_threads', 'Threads that run scripts.', [{ labels: {}, value: workers }]),
    gauge('steward_sandbox_scripts', 'Scripts in them, waiting ones included.', [
      { labels: {}, value: instances },
    ]),
    gauge('steward_sandbox_queued', 'Scripts that wait for a place.', [{ labels: {}, value: queued }]),
    counter(
      'steward_sandbox_killed_total',
      'Threads that had to be killed, since the start of the process.',
      [{ labels: {}, value: killed }],
    ),
  ]
}

/** By the names that libraries for Prometheus give them, so that ready-made dashboards fit. */
function processNow({ loopLag }: Observer): Family[] {
  const { rss, heapUsed } = process.memoryUsage()
  const { user, system } = process.cpuUsage()
  const lag = loopLag.take()
  const lagOf = (value: number | undefined): Sample[] => (value === undefined ? [] : [{ labels: {}, value }])
  return [
    gauge('process_resident_memory_bytes', 'Resident memory.', [{ labels: {}, value: rss }]),
    gauge('nodejs_heap_size_used_bytes', 'Heap in use.', [{ labels: {}, value: heapUsed }]),
    counter('process_cpu_seconds_total', 'Processor time of the process.', [
      { labels: {}, value: (user + system) / 1e6 },
    ]),
    gauge('process_start_time_seconds', 'When the process began, seconds since 1970.', [
      { labels: {}, value: Math.round(performance.timeOrigin / 1_000) },
    ]),
    gauge(
      'nodejs_eventloop_lag_mean_seconds',
      'How late the event loop was on average, between two scrapes.',
      lagOf(lag?.mean),
    ),
    gauge('nodejs_eventloop_lag_p99_seconds', 'As it was in 99 of 100 cases.', lagOf(lag?.p99)),
    gauge('nodejs_eventloop_lag_max_seconds', 'At worst.', lagOf(lag?.max)),
  ]
}

function gauge(name: string, help: string, samples: readonly Sample[]): Family {
  return { name, help, type: 'gauge', samples }
}

function counter(name: string, help: string, samples: readonly Sample[]): Family {
  return { name, help, type: 'counter', samples }
}
