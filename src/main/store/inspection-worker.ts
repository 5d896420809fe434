/** Checks one database, answers once, and ends. */
import { parentPort, workerData } from 'node:worker_threads'
import Database from 'better-sqlite3'
import { verifyChain } from '../../domain/audit.ts'
import type { KeptHead } from '../../domain/audit.ts'
import { auditRows } from './audit.ts'
import { Reader } from './tx.ts'

const { file, key, head } = workerData as { file: string; key: Uint8Array; head: KeptHead | undefined }
const db = new Database(file, { readonly: true, fileMustExist: true })
try {
  const rows = db.pragma('quick_check(5)') as { quick_check: string }[]
  const problems = rows.map(row => row.quick_check).filter(text => text !== 'ok')
  parentPort?.postMessage({ problems, audit: verifyChain(key, auditRows(new Reader(db)), head) })
} finally {
  db.close()
}
