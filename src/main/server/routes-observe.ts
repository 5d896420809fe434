/** What happened inside: the log, and what is measured. */
import { Hono } from 'hono'
import { z } from 'zod'
import { LOG_LEVELS } from '../../domain/log.ts'
import type { Engine } from '../engine/engine.ts'
import { metricsText } from '../engine/views/metrics.ts'
import type { LogPage, LogQuery } from '../store/log/read-log.ts'
import { oneOf, paging, whole } from './input.ts'
import { operation } from './operation.ts'

/** Reads the log of this core. */
export type ReadLog = (query: LogQuery) => Promise<LogPage>

const lineNumber = () => whole(0, Number.MAX_SAFE_INTEGER)
const wanted = z.strictObject({
  limit: paging.limit,
  cursor: lineNumber().optional().describe('Where the page begins: “next” of the page before'),
  after: lineNumber().optional().describe('Lines after this number instead, oldest first'),
  run: z
    .string()
    .regex(/^run_[0-9a-z]{26}$/, { error: 'is not the id of a run' })
    .optional(),
  level: oneOf(LOG_LEVELS).optional().describe('This level and those above it'),
})

export function observeRoutes(readLog: ReadLog) {
  return new Hono().get(
    '/logs',
    operation({
      summary: 'What happened inside, line by line, newest first',
      query: wanted,
      answers: { 200: 'LogPage' },
    }),
    async c => {
      const { cursor, ...query } = c.req.valid('query')
      const { items, next } = await readLog({ ...query, before: cursor })
      return c.json({ items, next: next === null ? null : String(next) })
    },
  )
}

const EXPOSITION = 'text/plain; version=0.0.4; charset=utf-8'

/** Where Prometheus expects it. */
export function metricsRoute(engine: Engine, version: string) {
  return new Hono().get(
    '/',
    operation({
      summary: 'What is measured, for Prometheus',
      answers: { 200: 'Metrics' },
      text: 'text/plain',
    }),
    c => c.text(metricsText(engine, version), 200, { 'content-type': EXPOSITION }),
  )
}
