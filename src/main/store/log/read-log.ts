/** Reads the log a page at a time, without holding more of it than one file. */
import { readFile } from 'node:fs/promises'
import { z } from 'zod'
import { LOG_LEVELS } from '../../../domain/log.ts'
import type { LogLevel } from '../../../domain/log.ts'
import { filesOf } from './rotating-file.ts'

export const logLine = z
  .object({
    /** Counts the lines of this folder's log. */
    n: z.int(),
    at: z.string(),
    level: z.enum(LOG_LEVELS),
    message: z.string(),
  })
  .catchall(z.union([z.string(), z.number(), z.record(z.string(), z.number())]))
export type LogLine = z.infer<typeof logLine>

export interface LogQuery {
  /** Only what happened to this run. */
  run?: string | undefined
  /** This level and those above it. */
  level?: LogLevel | undefined
  /** Lines before this number, newest first. */
  before?: number | undefined
  /** Lines after this number, oldest first. */
  after?: number | undefined
  limit: number
}

export interface LogPage {
  items: LogLine[]
  /** Where the next page begins; null where there is none. */
  next: number | null
}

export async function readLog(file: string, query: LogQuery): Promise<LogPage> {
  return query.after === undefined ? linesBefore(file, query) : linesAfter(file, query, query.after)
}

async function linesBefore(file: string, query: LogQuery): Promise<LogPage> {
  const { limit, before = Number.MAX_SAFE_INTEGER } = query
  const items: LogLine[] = []
  for await (const line of newestFirst(file, query)) {
    if (line.n >= before || !isWanted(line, query)) continue
    if (items.length === limit) return { items, next: items.at(-1)?.n ?? null }
    items.push(line)
  }
  return { items, next: null }
}

async function linesAfter(file: string, query: LogQuery, after: number): Promise<LogPage> {
  const items: LogLine[] = []
  let isMore = false
  for await (const line of newestFirst(file, query)) {
    if (line.n <= after) break
    if (!isWanted(line, query)) continue
    items.unshift(line)
    if (items.length > query.limit) isMore = items.pop() !== undefined
  }
  return { items, next: isMore ? (items.at(-1)?.n ?? null) : null }
}

function isWanted(line: LogLine, { run, level }: LogQuery): boolean {
  if (run !== undefined && line['run'] !== run) return false
  return level === undefined || LOG_LEVELS.indexOf(line.level) >= LOG_LEVELS.indexOf(level)
}

async function* newestFirst(file: string, { run = '' }: LogQuery): AsyncGenerator<LogLine> {
  for (const name of filesOf(file)) {
    const lines = (await readIfThere(name)).split('\n')
    for (const text of lines.reverse()) {
      const line = text.includes(run) ? lineOf(text) : null
      if (line !== null) yield line
    }
  }
}

/** Null where there is none, or one that a crash cut short. */
export function lineOf(text: string): LogLine | null {
  if (!text.startsWith('{')) return null
  try {
    return logLine.safeParse(JSON.parse(text)).data ?? null
  } catch (error) {
    if (error instanceof SyntaxError) return null
    throw error
  }
}

/** A file that was just put aside is read under its next name. */
async function readIfThere(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return ''
    throw error
  }
}
