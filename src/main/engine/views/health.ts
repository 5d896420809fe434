/** How Steward is right now: a look that costs nothing, as often as anyone likes. The thorough one is the doctor's. */
import fs from 'node:fs'
import path from 'node:path'
import { countRuns, countWaitingEvents } from '../../store/lists.ts'
import { isStopped } from '../../store/settings.ts'
import { DATABASE_FILE } from '../../store/store.ts'
import { folderChecks, healthOf } from './doctor.ts'
import type { Health } from './doctor.ts'
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
  model: { isConnected: boolean }
}

const MOST_COUNTED = 1_000
const PARTS = new Set(['data folder', 'disk', 'keys'])

export function healthNow(source: ViewSource, model: { isConnected: boolean }): HealthNow {
  const { store } = source
  const stopped = isStopped(store)
  const { bavail, bsize } = fs.statfsSync(store.folder)
  const checks = [
    ...folderChecks(store.folder).filter(check => PARTS.has(check.name)),
    {
      name: 'automations',
      ok: !stopped,
      message: stopped
        ? 'Everything was stopped. Go on with: steward resume-everything'
        : 'Nothing holds them up.',
    },
    {
      name: 'model',
      ok: true,
      message: model.isConnected
        ? 'A model is connected.'
        : 'No model is connected: the gallery works without one.',
    },
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
    disk: { freeBytes: bavail * bsize },
    model,
  }
}

export function bytesOf(folder: string): { bytes: number; logBytes: number } {
  return { bytes: sizeOf(folder, DATABASE_FILE), logBytes: sizeOf(folder, `${DATABASE_FILE}-wal`) }
}

function sizeOf(folder: string, file: string): number {
  return fs.statSync(path.join(folder, file), { throwIfNoEntry: false })?.size ?? 0
}
