/**
 * One core per data folder (J11): an exclusive SQLite transaction on `core.lock`, held as long as the process lives.
 * The operating system releases it when the process dies, however it dies; no stale lock can remain.
 * `core.json` beside it names the holder for people and for the command line; it proves nothing.
 */
import fs from 'node:fs'
import path from 'node:path'
import Database from 'better-sqlite3'
import { z } from 'zod'
import { fail } from '../../domain/failure.ts'

const holderSchema = z.object({ pid: z.int(), url: z.string(), startedAt: z.int() })
export type LockHolder = z.output<typeof holderSchema>

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
  const note = path.join(folder, 'core.json')
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
export function lockHolder(folder: string): LockHolder | undefined {
  try {
    return holderSchema.parse(JSON.parse(fs.readFileSync(path.join(folder, 'core.json'), 'utf8')))
  } catch (error) {
    if (error instanceof z.ZodError || error instanceof SyntaxError || isMissing(error)) return undefined
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
