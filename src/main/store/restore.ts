/**
 * Puts a backup in the place of a folder's database. The folder must be locked by the caller. Everything that can be
 * refused is refused before anything changes; what was there before is kept beside the other backups.
 * J11: the copy is marked, so that the next start recognises it and begins paused.
 */
import fs from 'node:fs'
import path from 'node:path'
import Database from 'better-sqlite3'
import { createCodec } from '../../domain/seal.ts'
import { fail, isFailureError } from '../../domain/failure.ts'
import type { SealingKey } from '../../domain/seal.ts'
import { storeFailure } from './commit-queue.ts'
import { keyFile } from './key-file.ts'
import { newestSchema } from './migrate.ts'
import { DATABASE_FILE } from './store.ts'

export interface Restored {
  /** Where the database that was there before is kept; null where there was none. */
  keptAt: string | null
}

/** `keys` absent: what the folder's key file alone opens. */
export function restoreBackup(
  folder: string,
  file: string,
  now: number,
  keys: SealingKey = keyFile(folder),
): Restored {
  const target = path.join(folder, DATABASE_FILE)
  const draft = `${target}.restoring`
  checkSource(file, target)
  try {
    removeDatabase(draft)
    fs.copyFileSync(file, draft)
    fs.chmodSync(draft, 0o600)
    checkCopy(draft, file, { folder, keys })
    const keptAt = keepPresent(folder, target, now)
    for (const suffix of SIDE_FILES) fs.rmSync(target + suffix, { force: true })
    fs.renameSync(draft, target)
    syncFolder(folder)
    return { keptAt }
  } finally {
    removeDatabase(draft)
  }
}

/** The folder that is restored into, and its keys. */
interface Own {
  folder: string
  keys: SealingKey
}

const SIDE_FILES = ['-wal', '-shm', '-journal']

function checkSource(file: string, target: string): void {
  const stat = fs.statSync(file, { throwIfNoEntry: false })
  if (stat === undefined) refuse(file, 'does not exist')
  if (!stat.isFile()) refuse(file, 'is not a file')
  if (path.resolve(file) === path.resolve(target)) refuse(file, 'is the database in use, not a backup')
}

/** Looks through the copy, not the backup: what was checked is what is used. */
function checkCopy(draft: string, file: string, own: Own): void {
  let db: Database.Database | undefined
  try {
    db = new Database(draft)
    db.pragma('journal_mode = DELETE')
    const [problem] = db.pragma('quick_check(1)') as { quick_check: string }[]
    if (problem?.quick_check !== 'ok') refuse(file, `is damaged (${problem?.quick_check ?? 'unreadable'})`)
    const schema = db.pragma('user_version', { simple: true }) as number
    if (schema > newestSchema()) refuse(file, 'was written by a newer Steward', 'Install that version first.')
    if (schema < 1 || !holdsSettings(db)) refuse(file, 'is not a backup of Steward')
    checkKeys(db, file, own)
    db.prepare("UPDATE settings SET value = 'restored' WHERE key = 'database-identity'").run()
  } catch (error) {
    if (isNotADatabase(error)) refuse(file, 'is damaged, or is not a backup of Steward')
    throw storeFailure(error)
  } finally {
    db?.close()
  }
}

function holdsSettings(db: Database.Database): boolean {
  return (
    db.prepare("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'settings'").get() !== undefined
  )
}

/** A backup is sealed with the keys of the folder it was made in: without them nothing in it can be opened. */
function checkKeys(db: Database.Database, file: string, { folder, keys }: Own): void {
  const event = db
    .prepare('SELECT id, sealed_payload AS sealed FROM inbox ORDER BY id DESC LIMIT 1')
    .get() as { id: string; sealed: Uint8Array } | undefined
  if (event === undefined) return
  try {
    createCodec(keys).open(event.sealed, `inbox:${event.id}`)
  } catch (error) {
    if (!(error instanceof Error)) throw error
    if (isFailureError(error) && error.failure.kind === 'vault-locked') refuseLocked()
    refuse(
      file,
      `is sealed with other keys than those in ${path.join(folder, 'keys')}`,
      'Put the key file of the folder it was made in there, then restore again.',
    )
  }
}

/** A whole database is copied through SQLite, with what its log still holds; a damaged one is moved as it is. */
function keepPresent(folder: string, target: string, now: number): string | null {
  if (!fs.existsSync(target)) return null
  const backups = path.join(folder, 'backups')
  fs.mkdirSync(backups, { recursive: true, mode: 0o700 })
  const stamp = new Date(now).toISOString().replaceAll(':', '-')
  const whole = path.join(backups, `before-restore-${stamp}.db`)
  try {
    const db = new Database(target)
    try {
      db.prepare('VACUUM INTO ?').run(whole)
    } finally {
      db.close()
    }
    return whole
  } catch (error) {
    if (storeFailure(error) === error) throw error
    fs.rmSync(whole, { force: true })
    const damaged = path.join(backups, `damaged-${stamp}.db`)
    for (const suffix of ['', ...SIDE_FILES]) {
      if (fs.existsSync(target + suffix)) fs.copyFileSync(target + suffix, damaged + suffix)
    }
    return damaged
  }
}

function removeDatabase(file: string): void {
  for (const suffix of ['', ...SIDE_FILES]) fs.rmSync(file + suffix, { force: true })
}

/** The new name is on the disk before anyone is told. */
function syncFolder(folder: string): void {
  if (process.platform === 'win32') return
  const descriptor = fs.openSync(folder, 'r')
  try {
    fs.fsyncSync(descriptor)
  } finally {
    fs.closeSync(descriptor)
  }
}

function isNotADatabase(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  return code === 'SQLITE_NOTADB' || code.startsWith('SQLITE_CORRUPT')
}

function refuseLocked(): never {
  fail({
    kind: 'vault-locked',
    message:
      'The vault of this folder is locked, so whether the backup fits its keys could not be seen. Nothing was changed. Give its passphrase by STEWARD_PASSPHRASE_FILE, then restore again.',
  })
}

function refuse(file: string, what: string, next = 'Choose another backup.'): never {
  fail({
    kind: 'invalid-input',
    path: 'file',
    message: `The file ${file} ${what}. Nothing was changed. ${next}`,
  })
}
