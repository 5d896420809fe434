/** Parts of the schemas of answers, and the tie between each and the view it describes, checked when types are. */
import { z } from 'zod'
import type { AbsenceView } from '../../engine/views/silence.ts'
import type { Failure } from '../../../domain/failure.ts'

/** The schema takes every value of `T`, and knows each of its keys. */
type Fits<T, S extends z.ZodType> = [T] extends [z.input<S>]
  ? [keyof T] extends [keyof z.input<S>]
    ? S
    : never
  : never

/** `shape<View>()(schema)`: does not compile where the schema would not let every such view pass. */
export const shape =
  <T>() =>
  <S extends z.ZodType>(schema: S & Fits<T, S>): S =>
    schema

export const text = z.string()
export const texts = z.array(z.string())
export const count = z.int().min(0)
/** UTC milliseconds. */
export const time = z.int().describe('UTC milliseconds since 1970')
export const maybe = <S extends z.ZodType>(schema: S) => schema.nullable()
export const json = z.unknown().describe('Any JSON value, or its beginning as { excerpt, characters }')
export const failure = z
  .looseObject({ kind: text, message: text })
  .describe('What went wrong; its further fields depend on its kind') as z.ZodType<Failure, Failure>

export const automationName = z.object({ id: text, name: text })
export const waiter = z.object({ id: text, name: text, runs: count })
export const codedError = z.object({ code: text, message: text })

/** A list as it is paged: `next` is the cursor of the page after, null at the end. */
export const pageOf = <S extends z.ZodType>(item: S) => z.object({ items: z.array(item), next: maybe(text) })
/** A list that is always given whole. */
export const listOf = <S extends z.ZodType>(item: S) => z.object({ items: z.array(item) })

export const absence = shape<AbsenceView>()(
  z.object({
    from: time,
    to: time,
    why: z.enum(['off', 'asleep']),
    ran: count,
    caughtUp: count,
    merged: count,
    skipped: count,
  }),
)
