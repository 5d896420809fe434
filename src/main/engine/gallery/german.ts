/**
 * A gallery entry in German: `gallery/<id>/de.json` holds what `gallery.json` and `contract.json` say to people, and
 * nothing else. What is granted, asked and run is the same in both languages. Pure.
 */
import { z } from 'zod'
import { isJsonObject } from '../../../domain/json.ts'
import type { Json } from '../../../domain/json.ts'
import type { Entry, Slot } from './format.ts'
import type { SlotValue } from './slots.ts'

const choiceWords = z.strictObject({ label: z.string().min(1), phrase: z.string().optional() })

const slotWords = z.strictObject({
  label: z.string().min(1).max(60),
  question: z.string().min(1).max(200),
  phrases: z.strictObject({ given: z.string().default(''), empty: z.string().default('') }).optional(),
  choices: z.record(z.string(), choiceWords).optional(),
})

export const germanSchema = z.strictObject({
  title: z.string().min(1).max(60),
  promise: z.string().min(1).max(160),
  contract: z.strictObject({
    title: z.string().min(1),
    promise: z.string().min(1),
    items: z.record(z.string(), z.string()).optional(),
  }),
  slots: z.record(z.string(), slotWords),
})

export type GermanWords = z.output<typeof germanSchema>

export function inGerman(entry: Entry, { title, promise, slots }: GermanWords): Entry {
  return { ...entry, title, promise, slots: entry.slots.map(slot => slotIn(slot, slots[slot.name])) }
}

function slotIn(slot: Slot, words: GermanWords['slots'][string] | undefined): Slot {
  if (words === undefined) return slot
  const { label, question, phrases = slot.phrases } = words
  const said = { label, question, ...(phrases === undefined ? {} : { phrases }) }
  if (slot.kind !== 'choice') return { ...slot, ...said }
  const choices = slot.choices.map(choice => {
    const own = words.choices?.[choice.value]
    return { ...choice, label: own?.label ?? choice.label, phrase: own?.phrase ?? choice.phrase }
  })
  return { ...slot, ...said, choices }
}

/** The template with its title and promise, and what its items are told apart by, in German. */
export function contractInGerman(template: Json, { contract }: GermanWords): Json {
  if (!isJsonObject(template)) return template
  const { title, promise, items } = contract
  return { ...template, title, promise, ...(items === undefined ? {} : { items }) }
}

/** What stands for a value in sentences. */
export function facetsInGerman({ kind }: Slot, is: SlotValue): SlotValue {
  const { value, facets } = is
  if (kind === 'minutes' && typeof value === 'number') {
    const words = value === 1 ? '1 Minute' : `${value} Minuten`
    const rhythm = value === 1 ? 'jede Minute' : `alle ${value} Minuten`
    return { value, facets: { ...facets, words, rhythm } }
  }
  const name = facets['name']
  if (typeof name !== 'string' || (kind !== 'urls' && kind !== 'releases')) return is
  return { value, facets: { ...facets, name: name.replace(/ and (\d+) more$/, ' und $1 weitere') } }
}
