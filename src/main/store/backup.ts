/** Writes a backup where nothing is yet: the file that is there may be the last good one. */
import fs from 'node:fs'
import path from 'node:path'
import { fail } from '../../domain/failure.ts'
import { keyPath } from './key-file.ts'
import { putSetting } from './settings.ts'
import type { Store } from './store.ts'

export interface BackedUp {
  file: string
  bytes: number
  /** Without these the backup cannot be opened elsewhere. */
  keys: string
}

export async function backupTo(store: Store, file: string): Promise<BackedUp> {
  if (!path.isAbsolute(file)) refuse(file, 'is not an absolute path')
  if (fs.existsSync(file)) refuse(file, 'exists already', 'Choose another name.')
  if (!fs.existsSync(path.dirname(file)))
    refuse(path.dirname(file), 'does not exist', 'Make the folder first.')
  const draft = `${file}.partial`
  try {
    await store.backup(draft)
    fs.chmodSync(draft, 0o600)
    fs.renameSync(draft, file)
  } catch (error) {
    fs.rmSync(draft, { force: true })
    throw error
  }
  await store.write(tx => {
    putSetting(tx, 'last-backup', String(store.now()))
  })
  return { file, bytes: fs.statSync(file).size, keys: keyPath(store.folder) }
}

function refuse(place: string, what: string, next = ''): never {
  fail({
    kind: 'invalid-input',
    path: 'file',
    message: `${place} ${what}. Nothing was written. ${next}`.trim(),
  })
}
