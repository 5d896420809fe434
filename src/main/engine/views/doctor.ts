/** What `doctor` looks at: whether this folder, its database and this process are well. Changes nothing. */
import fs from 'node:fs'
import path from 'node:path'
import type { HolderKind } from '../../../domain/key-ring.ts'
import { inspectDatabase } from '../../store/inspection.ts'
import { keyHolder, keyPath } from '../../store/key-file.ts'
import { newestSchema } from '../../store/migrate.ts'
import { isStopped } from '../../store/settings.ts'
import { LITTLE_BYTES } from '../../store/disk-room.ts'
import { DATABASE_FILE } from '../../store/store.ts'
import type { Store } from '../../store/store.ts'

import { absenceText, lastAbsence } from './silence.ts'

export interface HealthCheck {
  name: string
  ok: boolean
  message: string
}

export interface Health {
  ok: boolean
  folder: string
  checks: HealthCheck[]
}

export function healthOf(checks: HealthCheck[], folder: string): Health {
  return { ok: checks.every(check => check.ok), folder, checks }
}

/** Checks that need no open database. */
export function folderChecks(folder: string): HealthCheck[] {
  return [
    {
      name: 'program',
      ok: true,
      message: `Node ${process.version} on ${process.platform}, ${process.arch}.`,
    },
    ownership(folder),
    freeSpace(folder),
    keyFile(folder),
  ]
}

export async function storeChecks(store: Store): Promise<HealthCheck[]> {
  const { problems, audit: verdict } = await inspectDatabase(store)
  return [
    databaseCheck(store, problems),
    {
      name: 'audit log',
      ok: verdict.ok,
      message: verdict.ok
        ? `${String(verdict.rows)} rows, the chain holds.`
        : `${verdict.message} Ask who changed it: nothing in Steward does.`,
    },
    automationsCheck(store),
    absenceCheck(store),
  ]
}

/** For a folder whose vault is locked: what can be told without opening anything. */
export function lockedChecks(store: Store): HealthCheck[] {
  return [
    databaseCheck(store, store.integrity()),
    {
      name: 'audit log',
      ok: false,
      message:
        'Not looked through, because the vault is locked. Name a file with its passphrase by STEWARD_PASSPHRASE_FILE, then look again.',
    },
    automationsCheck(store),
  ]
}

function databaseCheck({ folder }: Store, problems: readonly string[]): HealthCheck {
  return {
    name: 'database',
    ok: problems.length === 0,
    message:
      problems.length === 0
        ? `Whole, schema ${String(newestSchema())}, ${megabytes(sizeOf(folder))}.`
        : `Damaged: ${problems[0] ?? ''}. Stop Steward and put a backup back with: steward restore FILE`,
  }
}

function automationsCheck(store: Store): HealthCheck {
  const stopped = isStopped(store)
  return {
    name: 'automations',
    ok: !stopped,
    message: stopped
      ? 'Everything was stopped. Go on with: steward resume-everything'
      : 'Nothing holds them up.',
  }
}

function absenceCheck(store: Store): HealthCheck {
  const last = lastAbsence({ store })
  return {
    name: 'time off',
    ok: true,
    message: last === null ? 'No absence is on record.' : absenceText(last),
  }
}

function ownership(folder: string): HealthCheck {
  const open = process.platform !== 'win32' && (fs.statSync(folder).mode & 0o077) !== 0
  return {
    name: 'data folder',
    ok: !open,
    message: open
      ? `Other users of this machine may look into it. Close it with: chmod 700 "${folder}"`
      : 'Only you can open it.',
  }
}

function freeSpace(folder: string): HealthCheck {
  const { bavail, bsize } = fs.statfsSync(folder)
  const free = bavail * bsize
  return {
    name: 'disk',
    ok: free >= LITTLE_BYTES,
    message: `${megabytes(free)} free${free >= LITTLE_BYTES ? '.' : ', which is little. Free some space before it runs out.'}`,
  }
}

function keyFile(folder: string): HealthCheck {
  const file = keyPath(folder)
  const holder = keyHolder(folder)
  const isNeeded = fs.existsSync(path.join(folder, DATABASE_FILE))
  if (holder === null)
    return { name: 'keys', ok: !isNeeded, message: isNeeded ? missing(file) : 'Made at the first start.' }
  return {
    name: 'keys',
    ok: holder !== 'damaged',
    message: HOLDER_WORDS[holder](file),
  }
}

function missing(file: string): string {
  return `${file} is missing, so what is recorded cannot be opened. Put it back from a copy.`
}

const HOLDER_WORDS: Readonly<Record<HolderKind | 'damaged', (file: string) => string>> = {
  file: file =>
    `In ${file}, which only you can read, and nothing else protects them: whoever reads it can open all that is recorded, credentials included. A passphrase would: steward vault rotate --holder passphrase. A backup of the database opens only with a copy of that file.`,
  passphrase: file =>
    `In ${file}, under your passphrase. A backup of the database opens only with a copy of that file, and the passphrase.`,
  os: file =>
    `In ${file}, held by the keychain of the system for your user. A backup of the database opens only with a copy of that file, on this system.`,
  damaged: file => `${file} is damaged, so what is recorded cannot be opened. Put it back from a copy.`,
}

function sizeOf(folder: string): number {
  const files = [DATABASE_FILE, `${DATABASE_FILE}-wal`]
  return files
    .map(file => fs.statSync(path.join(folder, file), { throwIfNoEntry: false })?.size ?? 0)
    .reduce((sum, size) => sum + size, 0)
}

function megabytes(bytes: number): string {
  return `${(bytes / 1_000_000).toFixed(bytes < 10_000_000 ? 1 : 0)} MB`
}
