/** Waits with a client for a run: until it has ended, or rests for something that will take longer than the client. */
import type { Engine } from '../engine/engine.ts'
import type { InboxRow } from '../store/inbox.ts'
import { eventById } from '../store/inbox.ts'
import { runOfEvent } from '../store/lists.ts'
import type { RunRow } from '../store/runs.ts'
import { waitsOfRun } from '../store/waits.ts'

export const LONGEST_WAIT_MS = 60_000

export interface Waited {
  event: InboxRow
  run: RunRow | undefined
  /** Nothing more will happen soon: it ended, or waits for a person, a signal, or a later time. */
  settled: boolean
}

/** Looks once; then again whenever the run is let go, until it has settled, the time is up or `closing` says so. */
export async function waitForEvent(
  engine: Engine,
  eventId: string,
  ms: number,
  closing: AbortSignal,
): Promise<Waited | undefined> {
  const until = performance.now() + ms
  for (;;) {
    const seen = look(engine, eventId, until - performance.now())
    if (seen === undefined || seen.settled || performance.now() >= until || closing.aborted) return seen
    await nextCall(done => engine.watchEvent(eventId, done), until - performance.now(), closing)
  }
}

/** Until it calls back, the time is up or `closing` says so; not at all where it is over by then. */
export function nextCall(
  watch: (done: () => void) => () => void,
  ms: number,
  closing: AbortSignal,
  isOver: () => boolean = () => false,
): Promise<void> {
  return new Promise(resolve => {
    const done = () => {
      clearTimeout(timer)
      stop()
      closing.removeEventListener('abort', done)
      resolve()
    }
    const timer = setTimeout(done, Math.max(ms, 0))
    const stop = watch(done)
    closing.addEventListener('abort', done)
    if (isOver()) done()
  })
}

function look(engine: Engine, eventId: string, leftMs: number): Waited | undefined {
  const event = eventById(engine.store, eventId)
  if (event === undefined) return undefined
  const run = runOfEvent(engine.store, eventId)
  return { event, run, settled: run === undefined ? isOver(engine, event) : isSettled(engine, run, leftMs) }
}

function isOver(engine: Engine, event: InboxRow): boolean {
  if (event.state !== 'new' && event.state !== 'claimed') return true
  return event.target_type === 'workflow' && engine.workflow(event.target_id).state !== 'active'
}

function isSettled(engine: Engine, run: RunRow, leftMs: number): boolean {
  if (run.state !== 'running' && run.state !== 'waiting') return true
  if (run.state === 'running') return false
  if (engine.workflow(run.workflow_id).state !== 'active') return true
  const waits = waitsOfRun(engine.store, run.id)
  const soonest = waits.flatMap(wait => wait.wake_at ?? []).sort((a, b) => a - b)[0]
  return waits.length > 0 && (soonest === undefined || soonest > engine.store.now() + leftMs)
}
