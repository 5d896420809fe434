/**
 * The core's log: one JSON line per event, in the data folder, for whoever looks for what happened and why.
 * Owns the writing: levels, numbers that go on from one start to the next, and when lines reach the file. Does not own
 * what may be in a line (`domain/log.ts`) or which files are kept (`log/rotating-file.ts`). A disk that takes no line
 * is no reason to stop anything: what was lost is counted, and told by the next line that gets through.
 */
import fs from 'node:fs'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import pino from 'pino'
import type { Logger } from 'pino'
import { cleanFields } from '../../domain/log.ts'
import type { Log, LogFields, LogLevel } from '../../domain/log.ts'
import { lineOf, readLog } from './log/read-log.ts'
import type { LogPage, LogQuery } from './log/read-log.ts'
import { RotatingFile, USUAL_LIMITS, filesOf } from './log/rotating-file.ts'
import type { RotationLimits } from './log/rotating-file.ts'

export type { Log, LogLevel } from '../../domain/log.ts'

const PROGRAM = path.join(import.meta.dirname, '../../..')
const ROOTS = [`${pathToFileURL(PROGRAM).href}/`, `${PROGRAM}${path.sep}`]
/** More than this is not kept in memory until the end of a turn of the loop. */
const MOST_PENDING = 65_536
const AT_ONCE: readonly LogLevel[] = ['warn', 'error']

export function logPath(folder: string): string {
  return path.join(folder, 'logs', 'steward.log')
}

export class LogFile {
  readonly #path: string
  readonly #now: () => number
  readonly #file: RotatingFile
  readonly #logger: Logger
  readonly #flush = (): void => {
    this.flush()
  }
  #pending: string[] = []
  #pendingSize = 0
  #lost = 0
  #number: number

  constructor(folder: string, now: () => number, limits: RotationLimits = USUAL_LIMITS) {
    this.#path = logPath(folder)
    this.#now = now
    fs.mkdirSync(path.dirname(this.#path), { recursive: true, mode: 0o700 })
    const begun = Date.parse(firstLine(this.#path)?.at ?? '')
    this.#file = new RotatingFile(this.#path, Number.isNaN(begun) ? now() : begun, limits)
    this.#number = lastNumber(this.#path)
    this.#logger = pino(
      {
        base: null,
        level: 'info',
        messageKey: 'message',
        timestamp: () => `,"at":"${new Date(now()).toISOString()}"`,
        formatters: { level: label => ({ level: label }) },
        mixin: () => ({ n: ++this.#number }),
      },
      { write: line => this.#add(line) },
    )
    process.on('exit', this.#flush)
  }

  readonly log: Log = (level, message, fields: LogFields = {}) => {
    if (!this.#logger.isLevelEnabled(level)) return
    this.#logger[level](cleanFields(fields, placeInProgram), message)
    // The last line before a crash is the one that matters.
    if (AT_ONCE.includes(level)) this.flush()
  }

  setLevel(level: LogLevel): void {
    this.#logger.level = level
  }

  async read(query: LogQuery): Promise<LogPage> {
    this.flush()
    return readLog(this.#path, query)
  }

  flush(): void {
    if (this.#pending.length === 0) return
    const lines = this.#pending
    this.#pending = []
    this.#pendingSize = 0
    const count = this.#lost
    if (!this.#file.append(lines.join(''), this.#now())) this.#lost += lines.length
    else if (count > 0) {
      this.#lost = 0
      this.log('warn', 'lines of the log were lost', { count })
    }
  }

  /** Removes what is older than it may be. */
  readonly tidy = (): void => {
    this.#file.tidy(this.#now())
  }

  close(): void {
    this.flush()
    process.off('exit', this.#flush)
  }

  #add(line: string): void {
    this.#pending.push(line)
    this.#pendingSize += line.length
    if (this.#pendingSize > MOST_PENDING) this.flush()
    else if (this.#pending.length === 1) setImmediate(this.#flush)
  }
}

function firstLine(file: string) {
  const head = partOf(file, 0, 4_096)
  return lineOf(head.split('\n')[0] ?? '')
}

/** The number of the newest line that is whole. */
function lastNumber(file: string): number {
  for (const name of filesOf(file)) {
    const { size } = fs.statSync(name)
    const lines = partOf(name, Math.max(0, size - 16_384), 16_384).split('\n')
    const last = lines.reverse().find(text => lineOf(text) !== null)
    if (last !== undefined) return lineOf(last)?.n ?? 0
  }
  return 0
}

function partOf(file: string, from: number, length: number): string {
  if (!fs.existsSync(file)) return ''
  const descriptor = fs.openSync(file, 'r')
  try {
    const buffer = Buffer.alloc(length)
    return buffer.toString('utf8', 0, fs.readSync(descriptor, buffer, 0, length, from))
  } finally {
    fs.closeSync(descriptor)
  }
}

/** Where in the program a file of a stack is: its own files and those of its packages, that exist. */
function placeInProgram(file: string): string | null {
  const root = ROOTS.find(known => file.startsWith(known))
  if (root === undefined) return null
  const place = file.slice(root.length).split(path.sep).join('/')
  const isOurs = /^(src|node_modules)\/[\w@./-]+\.[cm]?[jt]s$/.test(place) && !place.includes('..')
  return isOurs && fs.existsSync(path.join(PROGRAM, place)) ? place : null
}
