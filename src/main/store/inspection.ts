/**
 * Looks through a whole database on a thread of its own: SQLite's check and the audit chain take as long as the
 * database is large, and the core goes on answering meanwhile.
 */
import path from 'node:path'
import { Worker } from 'node:worker_threads'
import type { AuditVerdict } from '../../domain/audit.ts'
import { DATABASE_FILE } from './store.ts'
import type { Store } from './store.ts'

export interface Inspection {
  /** What SQLite's own check found; empty when all is well. */
  problems: string[]
  audit: AuditVerdict
}

export async function inspectDatabase(store: Store): Promise<Inspection> {
  // The head first: rows may be added while the thread reads, never taken away.
  const workerData = { file: path.join(store.folder, DATABASE_FILE), ...store.audit.evidence() }
  await store.flushed()
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL('./inspection-worker.ts', import.meta.url), { workerData })
    worker.once('message', resolve)
    worker.once('error', reject)
    worker.once('exit', code => {
      reject(new Error(`the inspection ended with code ${String(code)}`))
    })
  })
}
