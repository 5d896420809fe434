/**
 * What the log may hold, by construction: a message that is written in the program, and fields of these few shapes.
 * There is no field for what an automation works with (a payload, a header, a body, an address, a name somebody gave),
 * and a value that has not the shape of its field is left out, so a secret that gets as far as here goes no further.
 */
import { isFailureError } from './failure.ts'

/** From the most talkative on; a level holds all that follow it. */
export const LOG_LEVELS = ['debug', 'info', 'warn', 'error'] as const
export type LogLevel = (typeof LOG_LEVELS)[number]

export interface LogFields {
  automation?: string | undefined
  run?: string | undefined
  step?: string | undefined
  item?: string | undefined
  event?: string | undefined
  action?: string | undefined
  /** Of anything else that has one. */
  id?: string | undefined
  tool?: string | undefined
  /** Of a failure, an action, a trigger. */
  kind?: string | undefined
  state?: string | undefined
  method?: string | undefined
  version?: string | undefined
  /** The name of a model, as providers spell theirs. */
  model?: string | undefined
  /** What a model is asked for. */
  role?: string | undefined
  /** Whatever was thrown: its class, its kind and its place are kept, its text never. */
  error?: unknown
  ms?: number | undefined
  status?: number | undefined
  count?: number | undefined
  attempt?: number | undefined
  counts?: Readonly<Record<string, number>> | undefined
}

/** Whether all of a text is known before the program runs. */
type IsWritten<M extends string> = M extends ''
  ? true
  : M extends `${infer First}${infer Rest}`
    ? string extends First | Rest
      ? false
      : IsWritten<Rest>
    : false

export type Log = <const M extends string>(
  level: LogLevel,
  message: M & (IsWritten<M> extends true ? unknown : never),
  fields?: LogFields,
) => void

export type CleanFields = Record<string, string | number | Record<string, number>>

const WITHHELD = '[withheld]'

const ID = /^[a-z]{2,4}_[0-9a-z]{26,32}$/
const WORD = /^[a-z]{1,20}(-[a-z]{1,20}){0,4}$/
const SHAPES: Readonly<Record<string, RegExp>> = {
  automation: ID,
  run: ID,
  step: ID,
  item: ID,
  event: ID,
  action: ID,
  id: ID,
  tool: /^[a-z][a-zA-Z]{1,30}\.[a-zA-Z]{1,30}$/,
  kind: WORD,
  state: WORD,
  method: /^[A-Z]{3,7}$/,
  version: /^\d{1,4}\.\d{1,4}\.\d{1,6}$/,
  model: /^[A-Za-z0-9][A-Za-z0-9.:/_-]{0,80}$/,
  role: WORD,
}
const NUMBERS = ['ms', 'status', 'count', 'attempt'] as const
const COUNTED = /^[a-z][a-zA-Z]{1,30}$/
const MOST_COUNTS = 20
/** Classes of errors, as JavaScript, Node and our libraries name theirs. */
const CLASS = /^[A-Z][A-Za-z]{0,40}(Error|Exception)$/
const FRAME = /^ {4}at (?:.{0,300}[ (])?([^ ()]{1,600}):(\d{1,6}):(\d{1,6})\)?$/

/** `placeIn` says where in the program a file is; null for a file that is no part of it. */
export function cleanFields(fields: LogFields, placeIn: (file: string) => string | null): CleanFields {
  const clean: CleanFields = {}
  for (const [name, value] of Object.entries(fields)) {
    const shape = SHAPES[name]
    if (shape !== undefined && value !== undefined) clean[name] = fitting(value, shape)
  }
  for (const name of NUMBERS) {
    const value = fields[name]
    if (value !== undefined) clean[name] = rounded(value)
  }
  if (fields.counts !== undefined) clean['counts'] = cleanCounts(fields.counts)
  return fields.error === undefined ? clean : { ...clean, ...cleanError(fields.error, placeIn) }
}

function fitting(value: unknown, shape: RegExp): string {
  return typeof value === 'string' && shape.test(value) ? value : WITHHELD
}

function rounded(value: unknown): number {
  return typeof value === 'number' && Number.isFinite(value) ? Math.round(value * 10) / 10 : -1
}

function cleanCounts(counts: Readonly<Record<string, number>>): Record<string, number> {
  const named = Object.entries(counts).filter(([name]) => COUNTED.test(name))
  return Object.fromEntries(named.slice(0, MOST_COUNTS).map(([name, value]) => [name, rounded(value)]))
}

function cleanError(error: unknown, placeIn: (file: string) => string | null): CleanFields {
  const place = placeOf(error, placeIn)
  return {
    error: nameOf(error),
    ...(isFailureError(error) ? { kind: fitting(error.failure.kind, WORD) } : {}),
    ...(place === null ? {} : { place }),
  }
}

/** A text (of a thread that broke, say) is known by the class of error it begins with. */
function nameOf(error: unknown): string {
  const name = error instanceof Error ? error.name : typeof error === 'string' ? firstWord(error) : ''
  return CLASS.test(name) ? name : WITHHELD
}

function firstWord(text: string): string {
  return /^(?:Uncaught )?([A-Za-z]{1,60})\b/.exec(text.slice(0, 100))?.[1] ?? ''
}

/** The first frame in a file of the program: what a message wrote into the stack names none. */
function placeOf(error: unknown, placeIn: (file: string) => string | null): string | null {
  const stack = error instanceof Error ? error.stack : typeof error === 'string' ? error : undefined
  for (const line of (stack ?? '').slice(0, 20_000).split('\n')) {
    const [, file, row, column] = FRAME.exec(line) ?? []
    const place = file === undefined ? null : placeIn(file)
    if (place !== null) return `${place}:${String(row)}:${String(column)}`
  }
  return null
}
