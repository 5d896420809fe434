/** Brings the write-ahead log into the database, once per message; `null` ends it. Light: it starts while runs go on. */
import { parentPort, workerData } from 'node:worker_threads'
import Database from 'better-sqlite3'

const db = new Database(workerData as string, { fileMustExist: true })
db.pragma('busy_timeout = 2000')

parentPort?.on('message', (mode: 'PASSIVE' | 'TRUNCATE' | null) => {
  if (mode === null) {
    db.close()
    parentPort?.close()
  } else {
    db.pragma(`wal_checkpoint(${mode})`)
    parentPort?.postMessage('done')
  }
})
