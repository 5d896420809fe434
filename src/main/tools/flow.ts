/**
 * tools/flow: time, chance and waiting. What a script may not find by itself it is told, once, and the journal
 * remembers it (S3). `each` is the sandbox's own and is only described here; the waits are the engine's (J6).
 */
import { randomInt, randomUUID } from 'node:crypto'
import { DateTime } from 'luxon'
import { z } from 'zod'
import { fail } from '../../domain/failure.ts'
import { defineTool, type ToolDeclaration, type WaitRequest } from '../../domain/tool.ts'
import { jsonBytes, jsonValue } from './json-value.ts'
import { localCall } from './local-call.ts'
import { durationText, parseDuration } from './text/duration.ts'
import { instantIn, instantSchema, parseIso, wallClock, zoneName } from './text/instant.ts'

export const FLOW_SOURCE = `export { each } from 'steward:runtime'`

export const FLOW_DECLARATION = `/**
 * Does something for every entry of a list, durably: exactly once per key, ever. A later run continues an item that
 * was left half done; a key that is done never runs again. One item's failure sets it aside while the others proceed.
 * Names and keys outlive the script: keys come from the data (an id), never from a position. Do not write to
 * variables from outside inside fn; return what you need.
 */
export function each<T, R>(
  name: string,
  list: readonly T[],
  key: (item: T) => string | number,
  fn: (item: T) => Promise<R> | R,
  options?: { /** How many at once, 1 to 8. Default 1. */ concurrency?: number },
): Promise<{
  done: { key: string; result: R }[]
  aside: { key: string; error: { code: string; message: string } }[]
  waiting: { key: string; reason: string }[]
  declined: { key: string; reason: string }[]
}>`

const zone = zoneName.optional().describe("IANA name. The contract's zone when left out.")

export function flowTools(): ToolDeclaration[] {
  return [now, random, uuid, sleep, waitFor, ask, publish]
}

const now = defineTool({
  ...localCall,
  name: 'flow.now',
  title: 'Ask what time it is',
  doc: 'The instant, told in a zone. The same again on every replay.',
  input: z.strictObject({ zone }),
  output: instantSchema,
  run: async (input, context) => instantIn(context.now(), input.zone ?? context.contract.zone),
  describe: (_, output) =>
    `Looked at the clock${output === undefined ? '' : `: ${output.local} ${output.zone}`}`,
})

const bound = z.number().min(-1e12).max(1e12)

const random = defineTool({
  ...localCall,
  name: 'flow.random',
  title: 'Draw a number',
  doc: 'A number from min up to, not including, max; with integer, a whole number from min to max, both included.',
  input: z
    .strictObject({ min: bound.default(0), max: bound.default(1), integer: z.boolean().default(false) })
    .refine(({ min, max }) => min < max, { path: ['max'], error: 'must be greater than min' })
    .refine(({ min, max, integer }) => !integer || Math.floor(max) >= Math.ceil(min), {
      path: ['max'],
      error: 'leaves no whole number between min and max',
    }),
  output: z.number(),
  positional: ['min', 'max'],
  run: async ({ min, max, integer }) =>
    integer ? wholeBetween(Math.ceil(min), Math.floor(max)) : between(min, max),
  describe: (_, output) => `Drew a number${output === undefined ? '' : `: ${output}`}`,
})

/** 48 random bits: as many as `randomInt` draws evenly. */
const STEPS = 2 ** 48 - 1

function between(min: number, max: number): number {
  const drawn = min + (randomInt(STEPS) / STEPS) * (max - min)
  return drawn < max ? drawn : min
}

function wholeBetween(min: number, max: number): number {
  return min + randomInt(max - min + 1)
}

const uuid = defineTool({
  ...localCall,
  name: 'flow.uuid',
  title: 'Make a unique id',
  doc: 'A random UUID (version 4).',
  input: z.strictObject({}),
  output: z.uuid(),
  run: async () => randomUUID(),
  describe: (_, output) => `Made an id${output === undefined ? '' : `: ${output}`}`,
})

interface SleepInput {
  for?: string | undefined
  until?: string | undefined
  ms?: number | undefined
  seconds?: number | undefined
  minutes?: number | undefined
  hours?: number | undefined
  days?: number | undefined
  zone?: string | undefined
}

const LONGEST_PAYLOAD = 256 * 1_024

const publish = defineTool({
  ...localCall,
  name: 'flow.publish',
  title: 'Announce an event',
  doc: 'Starts every automation that listens to the topic, when this run (inside each: the item) succeeds. The contract must list the topic under publishes; otherwise the call fails with not-permitted.',
  input: z.strictObject({
    topic: z.string().regex(/^[a-z0-9][a-z0-9-]{0,63}$/, {
      error: 'takes lower-case letters, digits and hyphens, 64 at most',
    }),
    payload: jsonValue
      .refine(json => jsonBytes(json) <= LONGEST_PAYLOAD, { error: 'is longer than 256 KB as JSON' })
      .default(null)
      .describe('Any JSON value, 256 KB at most.'),
  }),
  output: z.null(),
  positional: ['topic', 'payload'],
  run: async ({ topic, payload }, context) => {
    if (!context.contract.publishes.includes(topic)) {
      return fail({
        kind: 'not-permitted',
        clause: 'publishes',
        message: `“${topic}” was not announced: the contract does not list it under publishes.`,
      })
    }
    context.stage({ kind: 'publish', topic, payload })
    return null
  },
  describe: input => `Announced “${input.topic}”`,
})

const length = z.number().min(0).max(315_576_000_000)
const sleepInput = z
  .strictObject({
    for: durationText.optional().describe('How long: 90m, 2h30m, 3d, PT15M.'),
    until: z
      .string()
      .max(40)
      .optional()
      .describe('ISO 8601; local time in the zone unless it names an offset.'),
    ms: length.optional(),
    seconds: length.optional(),
    minutes: length.optional(),
    hours: length.optional(),
    days: z.int().min(0).max(3_660).optional().describe('Calendar days: the same wall clock in the zone.'),
    zone,
  })
  .refine(input => waysToSleep(input) === 1, {
    error: 'must say how long in exactly one way: for, until, or amounts',
  })
  .refine(input => input.until === undefined || parseIso(input.until, input.zone ?? 'UTC') !== undefined, {
    path: ['until'],
    error: 'is not an ISO date with a time, such as 2026-03-29T08:00',
  })

function amountsOf({ ms, seconds, minutes, hours, days }: SleepInput): Record<string, number> {
  const amounts = { milliseconds: ms, seconds, minutes, hours, days }
  return Object.fromEntries(
    Object.entries(amounts).flatMap(([unit, amount]) => (amount === undefined ? [] : [[unit, amount]])),
  )
}

function waysToSleep(input: SleepInput): number {
  const amounts = Object.keys(amountsOf(input)).length > 0
  return [input.for !== undefined, input.until !== undefined, amounts].filter(Boolean).length
}

/** Days and weeks keep the wall clock of the zone, hours and less are exact. */
function later(now: number, text: string, zoneText: string | undefined): DateTime {
  return DateTime.fromMillis(now, { zone: zoneText ?? 'UTC' }).plus(parseDuration(text) ?? {})
}

function wakeTime(input: SleepInput, now: number): DateTime {
  const zoneText = input.zone ?? 'UTC'
  if (input.for !== undefined) return later(now, input.for, zoneText)
  const start = DateTime.fromMillis(now, { zone: zoneText })
  if (input.until === undefined) return start.plus(amountsOf(input))
  return (parseIso(input.until, zoneText) ?? start).setZone(zoneText)
}

/** Waits are never run: the engine suspends the scope and completes the step itself. */
async function neverRun(): Promise<never> {
  throw new Error('A wait was run as a call.')
}

const sleep = defineTool({
  ...localCall,
  name: 'flow.sleep',
  title: 'Wait until a time',
  doc: 'Suspends the run (inside each: the item) without holding anything, across restarts. Days are calendar days of the zone; hours and less are exact. A time that has passed does not wait.',
  input: sleepInput,
  output: z.strictObject({ wokeAt: z.int().describe('UTC milliseconds.') }),
  positional: ['for'],
  run: neverRun,
  wait: (input, now): WaitRequest => {
    const wake = wakeTime(input, now)
    return {
      kind: 'sleep',
      until: Math.round(wake.toMillis()),
      zone: wake.zoneName ?? 'UTC',
      localTime: wallClock(wake),
    }
  },
  describe: (input, output) => `${output === undefined ? 'Waits' : 'Waited'} ${waitText(input)}`,
})

function waitText(input: SleepInput): string {
  if (input.until !== undefined) return `until ${input.until}`
  if (input.for !== undefined) return `for ${input.for}`
  return `for ${Object.entries(amountsOf(input))
    .map(([unit, amount]) => `${amount} ${unit}`)
    .join(' ')}`
}

const timeout = durationText.optional().describe('How long to wait at most: 2h, 3d. Without it, for ever.')

const waitFor = defineTool({
  ...localCall,
  name: 'flow.waitFor',
  title: 'Wait for a signal',
  doc: 'Suspends until a signal of this name arrives for the run; resolves to its payload, or to timedOut.',
  input: z.strictObject({
    name: z.string().regex(/^[a-z0-9][a-z0-9-]{0,63}$/, {
      error: 'takes lower-case letters, digits and hyphens, 64 at most',
    }),
    timeout,
    zone,
  }),
  output: z.strictObject({ payload: jsonValue.optional(), timedOut: z.literal(true).optional() }),
  positional: ['name'],
  run: neverRun,
  wait: (input, now): WaitRequest => ({ kind: 'signal', name: input.name, until: deadline(input, now) }),
  describe: (input, output) => `${output === undefined ? 'Waits' : 'Waited'} for the signal “${input.name}”`,
})

function deadline(
  input: { timeout?: string | undefined; zone?: string | undefined },
  now: number,
): number | null {
  return input.timeout === undefined ? null : Math.round(later(now, input.timeout, input.zone).toMillis())
}

const askInput = z
  .strictObject({
    question: z.string().min(1).max(500),
    choices: z.array(z.string().min(1).max(80)).max(10).default([]),
    freeText: z
      .boolean()
      .optional()
      .describe('Whether an answer may be typed. Default: only where there are no choices.'),
    timeout,
    zone,
  })
  .refine(({ choices }) => new Set(choices).size === choices.length, {
    path: ['choices'],
    error: 'names a choice twice',
  })
  .refine(({ choices, freeText }) => choices.length > 0 || freeText !== false, {
    path: ['choices'],
    error: 'leaves the user no way to answer',
  })

const ask = defineTool({
  ...localCall,
  name: 'flow.ask',
  title: 'Ask the user',
  doc: 'Suspends until the user has answered in the inbox; resolves to the answer, or to timedOut.',
  input: askInput,
  output: z.strictObject({ answer: z.string().optional(), timedOut: z.literal(true).optional() }),
  positional: ['question', 'choices'],
  run: neverRun,
  wait: (input, now): WaitRequest => ({
    kind: 'ask',
    question: input.question,
    choices: input.choices,
    freeText: input.freeText ?? input.choices.length === 0,
    until: deadline(input, now),
  }),
  describe: (input, output) => `${output === undefined ? 'Asks' : 'Asked'} you: “${input.question}”`,
})
