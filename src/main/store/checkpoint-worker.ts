import { workerData } from 'node:worker_threads'
import Database from 'better-sqlite3'
import { z } from 'zod'

const { databasePath, mode } = z
  .object({ databasePath: z.string(), mode: z.enum(['PASSIVE', 'TRUNCATE']) })
  .parse(workerData)

const db = new Database(databasePath, { fileMustExist: true })
db.pragma('busy_timeout = 2000')
db.pragma(`wal_checkpoint(${mode})`)
db.close()
