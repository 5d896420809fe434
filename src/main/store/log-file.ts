/**
 * The core's log: one JSON line per event, in the data folder, for whoever looks for the cause of an internal error.
 * Owns the file and its rotation. Nothing secret or of an automation's content goes in: names, places and ids only.
 */
import fs from 'node:fs'
import path from 'node:path'

export type LogLevel = 'info' | 'warn' | 'error'
export type Log = (level: LogLevel, message: string, fields?: Record<string, string | number>) => void

const LOG_FOLDER = 'logs'
const LARGEST_BYTES = 2_000_000
const KEPT = 3

/** Lines are rare, so each is written at once: the last one before a crash is the one that matters. */
export function openLog(folder: string, now: () => number): Log {
  const file = path.join(folder, LOG_FOLDER, 'steward.log')
  fs.mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 })
  let size = fs.statSync(file, { throwIfNoEntry: false })?.size ?? 0
  return (level, message, fields = {}) => {
    const line = `${JSON.stringify({ at: new Date(now()).toISOString(), level, message, ...fields })}\n`
    if (size > LARGEST_BYTES) {
      rotate(file)
      size = 0
    }
    size += line.length
    fs.appendFileSync(file, line, { mode: 0o600 })
  }
}

function rotate(file: string): void {
  for (let place = KEPT - 1; place >= 1; place--) {
    const older = place === 1 ? file : `${file}.${String(place - 1)}`
    if (fs.existsSync(older)) fs.renameSync(older, `${file}.${String(place)}`)
  }
}
