/**
 * What is done to a data folder that no core runs: looking, backing up, restoring. Takes the folder's lock for as long
 * as that lasts, so that no core starts meanwhile, and its vault as far as it opens without a question.
 */
import type { AuditVerdict } from '../domain/audit.ts'
import { failureOf } from '../domain/failure.ts'
import type { OsKeyStore } from '../domain/vault.ts'
import { givenPassphrase } from './connections/vault/passphrase-source.ts'
import { openVault } from './connections/vault/vault.ts'
import type { Vault } from './connections/vault/vault.ts'
import { folderChecks, healthOf, lockedChecks, storeChecks } from './engine/views/doctor.ts'
import type { Health, HealthCheck } from './engine/views/doctor.ts'
import { openHome } from './home.ts'
import { backupTo } from './store/backup.ts'
import type { BackedUp } from './store/backup.ts'
import { lockFolder } from './store/folder-lock.ts'
import { inspectDatabase } from './store/inspection.ts'
import { keyShelf } from './store/key-file.ts'
import { restoreBackup } from './store/restore.ts'
import type { Restored } from './store/restore.ts'
import { logPath } from './store/log-file.ts'
import { readLog } from './store/log/read-log.ts'
import type { LogPage, LogQuery } from './store/log/read-log.ts'
import { openStore } from './store/store.ts'
import type { Store } from './store/store.ts'

export interface VaultHolders {
  /** The keychain of the operating system, where the shell offers one. */
  osKeys?: OsKeyStore
  /** Absent: the one that the environment names, if it does. */
  passphrase?: string
}

/** With the passphrase that was given, or the one that the environment names. */
export function openFolderVault(home: string, options: VaultHolders): Promise<Vault> {
  const passphrase = options.passphrase ?? givenPassphrase(process.env)
  return openVault({ shelf: keyShelf(home), os: options.osKeys, passphrase })
}

/** Puts a backup in the place of the database. Only while no core runs the folder. `vault` opens what it is sealed with. */
export function restoreFolder(home: string, file: string, vault?: Vault): Restored {
  openHome(home)
  const lock = lockFolder(home, Date.now())
  try {
    return restoreBackup(home, file, Date.now(), vault?.records)
  } finally {
    lock.release()
  }
}

/** The vault of a folder that no core runs, as far as it opens without a question. */
export function openFolder(home: string): Promise<Vault> {
  openHome(home)
  return openFolderVault(home, {})
}

/** For when no core runs: the same looks that one would take, also where its database does not open. */
export async function examineFolder(home: string): Promise<Health> {
  openHome(home)
  const checks = folderChecks(home)
  try {
    checks.push(...(await withStore(home, lookThrough)))
  } catch (error) {
    checks.push({ name: 'database', ok: false, message: failureOf(error).message })
  }
  return healthOf(checks, home)
}

function lookThrough(store: Store, vault: Vault): Promise<HealthCheck[]> | HealthCheck[] {
  return vault.status().recordsOpen ? storeChecks(store) : lockedChecks(store)
}

export function verifyFolder(home: string): Promise<AuditVerdict> {
  return withStore(home, async store => (await inspectDatabase(store)).audit)
}

export function backupFolder(home: string, file: string): Promise<BackedUp> {
  return withStore(home, store => backupTo(store, file))
}

/** What the last core wrote into its log. */
export function logOfFolder(home: string, query: LogQuery): Promise<LogPage> {
  return readLog(logPath(home), query)
}

async function withStore<T>(home: string, work: (store: Store, vault: Vault) => Promise<T> | T): Promise<T> {
  openHome(home)
  const lock = lockFolder(home, Date.now())
  try {
    const vault = await openFolderVault(home, {})
    const store = openStore({ folder: home, now: () => Date.now(), keys: vault.records })
    try {
      return await work(store, vault)
    } finally {
      await store.close()
      vault.close()
    }
  } finally {
    lock.release()
  }
}
