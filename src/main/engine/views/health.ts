/** How Steward is right now: a look that costs nothing, as often as anyone likes. The thorough one is the doctor's. */
import fs from 'node:fs'
import path from 'node:path'
import type { SandboxStats } from '../../../sandbox/pool.ts'
import { countRuns, countWaitingEvents, listRuns } from '../../store/lists.ts'
import { soonestDue } from '../../store/schedules.ts'
import { isStopped, setting } from '../../store/settings.ts'
import { DATABASE_FILE } from '../../store/store.ts'
import type { Store } from '../../store/store.ts'
import { folderChecks, healthOf } from './doctor.ts'
import type { Health, HealthCheck } from './doctor.ts'
import { lastAbsence } from './silence.ts'
import type { AbsenceView } from './silence.ts'
import type { ViewSource } from './common.ts'

export interface HealthNow extends Health {
  isStopped: boolean
  queue: {
    /** Each counted up to 1,000. */
    waitingEvents: number
    running: number
    waiting: number
  }
  database: { bytes: number; logBytes: number }
  disk: { freeBytes: number }
  sandbox: { threads: number; scripts: number; queued: number }
  clock: {
    now: number
    /** When the newest run began, by the clock as it was then. */
    newestRunAt: number | null
  }
  lastBackupAt: number | null
  model: { state: ModelState }
  /** When Steward was last off or the computer asleep, and what became of what was due; null for never. */
  absence: AbsenceView | null
}

export interface HealthSource extends ViewSource {
  sandbox(): SandboxStats
}

const MOST_COUNTED = 1_000
const PARTS = new Set(['data folder', 'disk', 'keys'])
/** What is due is settled within seconds; this late, something keeps it from that. */
const LATE_MS = 300_000
const CLOCK_SLACK_MS = 60_000

/** failing: a model is connected, and did not answer or took no key when it was last asked. */
export type ModelState = 'connected' | 'none' | 'failing'

export function healthNow(source: HealthSource, model: { state: ModelState }): HealthNow {
  const { store } = source
  const stopped = isStopped(store)
  const { workers, instances, queued } = source.sandbox()
  const clock = { now: store.now(), newestRunAt: listRuns(store, { limit: 1 })[0]?.created_at ?? null }
  const backup = setting(store, 'last-backup')
  const lastBackupAt = backup === undefined ? null : Number(backup)
  const checks = [
    ...folderChecks(store.folder).filter(check => PARTS.has(check.name)),
    {
      name: 'automations',
      ok: !stopped,
      message: stopped
        ? 'Everything was stopped. Go on with: steward resume-everything'
        : 'Nothing holds them up.',
    },
    queueCheck(store),
    clockCheck(clock),
    backupCheck(lastBackupAt),
    { name: 'model', ok: model.state !== 'failing', message: MODEL[model.state] },
  ]
  return {
    ...healthOf(checks, store.folder),
    isStopped: stopped,
    queue: {
      waitingEvents: countWaitingEvents(store, MOST_COUNTED),
      running: countRuns(store, 'running', MOST_COUNTED),
      waiting: countRuns(store, 'waiting', MOST_COUNTED),
    },
    database: bytesOf(store.folder),
    disk: { freeBytes: store.room.freeBytes() },
    sandbox: { threads: workers, scripts: instances, queued },
    clock,
    lastBackupAt,
    model,
    absence: lastAbsence(source),
  }
}

const MODEL: Readonly<Record<ModelState, string>> = {
  connected: 'A model is connected.',
  none: 'No model is connected: the gallery works without one.',
  failing: 'The model that is connected could not be asked. Look at it with: steward connections',
}

function queueCheck(store: Store): HealthCheck {
  const due = soonestDue(store)
  const late = due !== null && store.now() - due > LATE_MS
  return {
    name: 'queue',
    ok: !late,
    message: late
      ? `What was due at ${utc(due)} has not been settled. Look for the cause with: steward logs --level warn`
      : 'It keeps pace.',
  }
}

function clockCheck({ now, newestRunAt }: HealthNow['clock']): HealthCheck {
  const isBehind = newestRunAt !== null && newestRunAt - now > CLOCK_SLACK_MS
  return {
    name: 'clock',
    ok: !isBehind,
    message: isBehind
      ? `It shows ${utc(now)}, before the newest run (${utc(newestRunAt)}). Nothing that was settled is due again. Set the clock of this machine.`
      : `It shows ${utc(now)}.`,
  }
}

function backupCheck(at: number | null): HealthCheck {
  const message =
    at === null ? 'None was made yet. Make one with: steward backup FILE' : `The last was made at ${utc(at)}.`
  return { name: 'backup', ok: true, message }
}

function utc(at: number): string {
  return `${new Date(at).toISOString().slice(0, 16).replace('T', ' ')} UTC`
}

export function bytesOf(folder: string): { bytes: number; logBytes: number } {
  return { bytes: sizeOf(folder, DATABASE_FILE), logBytes: sizeOf(folder, `${DATABASE_FILE}-wal`) }
}

function sizeOf(folder: string, file: string): number {
  return fs.statSync(path.join(folder, file), { throwIfNoEntry: false })?.size ?? 0
}
