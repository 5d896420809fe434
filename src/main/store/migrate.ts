/**
 * Forward-only migrations: `migrations/NNNN-name.sql`, each in one transaction, after a backup of what is there.
 * The schema's number is SQLite's `user_version`; a newer one than this program knows is refused.
 */
import fs from 'node:fs'
import path from 'node:path'
import type Database from 'better-sqlite3'
import { fail } from '../../domain/failure.ts'

const FOLDER = path.join(import.meta.dirname, '../../../migrations')

interface Migration {
  version: number
  file: string
}

function migrations(folder: string): Migration[] {
  return fs
    .readdirSync(folder)
    .filter(file => /^\d{4}-[a-z-]+\.sql$/.test(file))
    .sort()
    .map(file => ({ version: Number(file.slice(0, 4)), file: path.join(folder, file) }))
}

/** The newest schema this program knows. */
export function newestSchema(): number {
  return migrations(FOLDER).at(-1)?.version ?? 0
}

/** Brings the schema up to date; `backupTo` is called first when there is data to lose. */
export function migrate(db: Database.Database, backupTo: (version: number) => void, folder = FOLDER): void {
  const known = migrations(folder)
  const current = db.pragma('user_version', { simple: true }) as number
  const newest = known.at(-1)?.version ?? 0
  if (current > newest) {
    fail({
      kind: 'internal',
      message: `This data folder was written by a newer Steward (schema ${String(current)}; this one knows ${String(newest)}). Nothing was changed. Install the newer version, or restore a backup made before the update.`,
    })
  }
  const due = known.filter(migration => migration.version > current)
  if (due.length > 0 && current > 0) backupTo(current)
  for (const migration of due) {
    db.transaction(() => {
      db.exec(fs.readFileSync(migration.file, 'utf8'))
      db.pragma(`user_version = ${String(migration.version)}`)
    })()
  }
}
