/**
 * What clients see, common parts: read models are folds over the store, redacted on the way out. The views of runs,
 * automations, actions and health each have their file beside this one. They change nothing.
 */
import { z } from 'zod'
import { fail } from '../../../domain/failure.ts'
import { isJsonObject } from '../../../domain/json.ts'
import type { Json } from '../../../domain/json.ts'
import type { ToolDeclaration } from '../../../domain/tool.ts'
import type { Store } from '../../store/store.ts'
import { workflowById } from '../../store/workflows.ts'
import type { ToolRegistry } from '../../tools/registry.ts'
import { maskNamed } from '../../tools/network/redact.ts'

/** What the views read from. */
export interface ViewSource {
  readonly store: Store
  readonly tools: ToolRegistry
}

export interface Page<T> {
  items: T[]
  /** The next page begins here; null at the end. */
  next: string | null
}

export interface AutomationName {
  id: string
  name: string
}

/** A value too long for a list: its beginning, and how long it is. */
export interface Excerpt {
  excerpt: string
  characters: number
}

const LONGEST_SHOWN = 4_000

/** What clients ask of a list: how much of it, and from where on. */
export interface PageRequest {
  limit: number
  /** The `next` of the page before. */
  cursor?: string | undefined
}

/** Cuts one page of `limit` from rows read with one more. */
export function pageOf<R, T>(
  rows: readonly R[],
  limit: number,
  view: (row: R) => T,
  cursor: (row: R) => string,
): Page<T> {
  const shown = rows.slice(0, limit)
  const last = shown.at(-1)
  return { items: shown.map(view), next: rows.length > limit && last !== undefined ? cursor(last) : null }
}

/** A place in a list, as clients carry it: no promise is made of what is in it, and no other list takes it. */
export function cursorText(list: string, ...place: (string | number)[]): string {
  return Buffer.from(JSON.stringify([list, ...place])).toString('base64url')
}

/** The place that a cursor of this list names; undefined where there is none. */
export function placeIn<T extends [z.ZodType, ...z.ZodType[]]>(
  { cursor }: PageRequest,
  list: string,
  ...place: T
): z.output<z.ZodTuple<T>> | undefined {
  if (cursor === undefined) return undefined
  const read = z.tuple([z.literal(list), ...place]).safeParse(parsedPlace(cursor))
  if (read.success) return read.data.slice(1) as z.output<z.ZodTuple<T>>
  fail({
    kind: 'invalid-input',
    path: 'cursor',
    message:
      '“cursor” is not a place in this list. Nothing was changed. Take it from “next” of the page before.',
  })
}

function parsedPlace(cursor: string): unknown {
  return attempt(() => JSON.parse(Buffer.from(cursor, 'base64url').toString()) as unknown)
}

export function automationName(source: ViewSource, workflowId: string): AutomationName {
  return { id: workflowId, name: workflowById(source.store, workflowId)?.name ?? '' }
}

/** The input of a step as people may see it. */
export function shownInput(tool: ToolDeclaration | undefined, args: Json): Json {
  return attempt(() => tool?.redact?.(args)) ?? maskNamed(args)
}

export function shownOutput(value: Json): Json {
  return maskNamed(value)
}

export function excerptOf(value: Json): Json | Excerpt {
  const text = JSON.stringify(value)
  return text.length <= LONGEST_SHOWN
    ? value
    : { excerpt: text.slice(0, LONGEST_SHOWN), characters: text.length }
}

/** One past-tense sentence about a call: the tool's own, or its name where what is recorded does not fit it any more. */
export function sentenceOf(
  tool: ToolDeclaration | undefined,
  name: string,
  args: Json,
  output: Json | undefined,
): string {
  const own = INTERNAL_SENTENCES[name]?.(args, output)
  return own ?? attempt(() => tool?.describe(args, output)) ?? tool?.title ?? name
}

/** What a script's `each` asks of the engine, for the timeline. */
const INTERNAL_SENTENCES: Readonly<Record<string, (args: Json, output: Json | undefined) => string>> = {
  'flow.open': (args, output) => {
    const fresh = isJsonObject(output) && output['run'] === true
    return `${fresh ? 'Took up' : 'Passed over'} ${nameOfItem(args)}${fresh ? '' : ', which an earlier run had settled'}`
  },
  'flow.settle': (args, output) => {
    const state = isJsonObject(output) ? output['state'] : undefined
    return `Settled ${nameOfItem(args)}${typeof state === 'string' ? `: ${STATE_WORDS[state] ?? state}` : ''}`
  },
}

const STATE_WORDS: Readonly<Record<string, string>> = { aside: 'set aside' }

function nameOfItem(args: Json): string {
  const { name = '', key = '' } = isJsonObject(args) ? args : {}
  return `${textOf(name)} “${textOf(key)}”`
}

function textOf(value: Json): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}

/** Declarations may have changed since a step was recorded; a view shows what it can. */
function attempt<T>(make: () => T): T | undefined {
  try {
    return make()
  } catch (error) {
    if (error instanceof Error) return undefined
    throw error
  }
}
