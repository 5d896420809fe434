/** The format of `gallery/<id>/gallery.json`: what an automation that ships with Steward promises, and what it asks. */
import { z } from 'zod'

const word = z.string().regex(/^[a-z][a-zA-Z0-9]*$/)
const keyword = z.string().regex(/^[\p{Ll}\p{N}][\p{Ll}\p{N} .-]{0,39}$/u)

/** What people type when they look for it, in lower case: words and short phrases beside those that are shown. */
const keywords = z
  .strictObject({ en: z.array(keyword).default([]), de: z.array(keyword).default([]) })
  .optional()

const common = {
  name: word,
  label: z.string().min(1).max(60),
  /** Asked as it stands when the entry is set up by chat. */
  question: z.string().min(1).max(200),
  example: z.string().min(1),
  default: z.string().optional(),
  /** A slot that is neither required nor given is `null` in the script. */
  required: z.boolean().default(true),
  /** What the contract says where it is given, with placeholders, and where it is left empty. */
  phrases: z.strictObject({ given: z.string().default(''), empty: z.string().default('') }).optional(),
  keywords,
}

const than = z.enum(['less', 'more']).optional()

/** The rhythm that a choice stands for: what is asked for in a sentence is compared with it. 0 is Sunday. */
const rhythm = z
  .strictObject({
    every: z.enum(['day', 'week', 'month']),
    days: z.array(z.int().min(0).max(6)).optional(),
  })
  .optional()

const choiceSchema = z.strictObject({
  value: word,
  label: z.string().min(1),
  /** What the contract says of it. */
  phrase: z.string().default(''),
  /** Phrases that mean this choice and no other. */
  keywords,
  when: rhythm,
  /** Meant where less, or more, is said of the amount that its slot goes with. */
  than,
})

const bounds = { min: z.number().optional(), max: z.number().optional() }

const slotSchema = z.discriminatedUnion('kind', [
  z.strictObject({ ...common, kind: z.literal('folder') }),
  z.strictObject({ ...common, kind: z.literal('file') }),
  z.strictObject({ ...common, kind: z.literal('url') }),
  z.strictObject({ ...common, kind: z.literal('urls'), most: z.int().min(1).max(50).default(20) }),
  z.strictObject({ ...common, kind: z.literal('releases'), most: z.int().min(1).max(50).default(20) }),
  z.strictObject({ ...common, kind: z.literal('words') }),
  z.strictObject({ ...common, kind: z.literal('columns') }),
  z.strictObject({ ...common, kind: z.literal('text'), maxLength: z.int().min(1).max(4_000).default(500) }),
  z.strictObject({
    ...common,
    ...bounds,
    kind: z.literal('number'),
    whole: z.boolean().default(false),
    /** What it counts: only such an amount of a sentence is taken for it. */
    unit: z.enum(['money', 'gb', 'kb']).optional(),
    /** On which side of it something is done. */
    than,
  }),
  z.strictObject({ ...common, ...bounds, kind: z.literal('minutes') }),
  z.strictObject({
    ...common,
    kind: z.literal('choice'),
    choices: z.array(choiceSchema).min(2).max(12),
    /** Where that slot is given, this one has to be said: what is usual does not stand for it. */
    goesWith: word.optional(),
  }),
  z.strictObject({ ...common, kind: z.literal('time') }),
  z.strictObject({ ...common, kind: z.literal('cron') }),
  z.strictObject({ ...common, kind: z.literal('rules') }),
])

export const entrySchema = z.strictObject({
  id: z.string().regex(/^[a-z0-9][a-z0-9-]{0,63}$/),
  title: z.string().min(1).max(60),
  promise: z.string().min(1).max(160),
  icon: z.string().regex(/^[a-z0-9-]+$/),
  keywords,
  version: z.int().min(1),
  /** How an automation made of it is called unless somebody says otherwise; may hold placeholders. */
  name: z.string().min(1),
  slots: z.array(slotSchema).refine(slots => new Set(slots.map(slot => slot.name)).size === slots.length, {
    error: 'names a slot twice',
  }),
})

export type Entry = z.output<typeof entrySchema>
export type Slot = Entry['slots'][number]
export type SlotOf<K extends Slot['kind']> = Extract<Slot, { kind: K }>
