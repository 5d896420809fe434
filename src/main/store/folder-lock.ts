/**
 * One core per data folder (J11): an exclusive SQLite transaction on `core.lock`, held as long as the process lives.
 * The operating system releases it when the process dies, however it dies; no stale lock can remain.
 * `core.json` beside it names the holder for people and for the command line; it proves nothing.
 */
import fs from 'node:fs'
import path from 'node:path'
import Database from 'better-sqlite3'
import { CORE_NOTE_FILE, parseCoreNote } from '../../domain/core-note.ts'
import type { CoreNote } from '../../domain/core-note.ts'
import { fail } from '../../domain/failure.ts'

export interface FolderLock {
  /** Tells others who runs this folder and where it answers. */
  announce(url: string): void
  release(): void
}

export function lockFolder(folder: string, now: number): FolderLock {
  const db = new Database(path.join(folder, 'core.lock'))
  try {
    db.pragma('busy_timeout = 0')
    db.exec('BEGIN EXCLUSIVE')
  } catch (error) {
    db.close()
    if (error instanceof Error && 'code' in error && String(error.code).startsWith('SQLITE_BUSY'))
      refuse(folder)
    throw error
  }
  const note = path.join(folder, CORE_NOTE_FILE)
  // Left by a core that was ended before it could tidy up: whoever listens there now is someone else.
  fs.rmSync(note, { force: true })
  return {
    announce: url => {
      fs.writeFileSync(note, JSON.stringify({ pid: process.pid, url, startedAt: now }), { mode: 0o600 })
    },
    release: () => {
      fs.rmSync(note, { force: true })
      db.close()
    },
  }
}

/** Who runs this folder, as last announced; undefined where nobody did. */
export function lockHolder(folder: string): CoreNote | undefined {
  try {
    return parseCoreNote(fs.readFileSync(path.join(folder, CORE_NOTE_FILE), 'utf8'))
  } catch (error) {
    if (isMissing(error)) return undefined
    throw error
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT'
}

function refuse(folder: string): never {
  const holder = lockHolder(folder)
  const who =
    holder === undefined
      ? 'Another Steward'
      : `Another Steward (process ${String(holder.pid)}, ${holder.url})`
  fail({
    kind: 'internal',
    message: `${who} already runs the data folder ${folder}. Nothing was started. Use that one, or stop it first.`,
  })
}
