/**
 * The gallery: automations that ship with Steward, each a folder of `gallery.json` (what it promises and asks),
 * `contract.json` (a template) and `script.js`. Lists them, shows one, and fills one with what a person answered.
 * Reads the shipped files and looks whether folders exist; installs nothing, and no model takes part.
 */
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { visibleText } from '../../domain/approval.ts'
import { fail } from '../../domain/failure.ts'
import type { Json } from '../../domain/json.ts'
import type { Language } from '../../domain/language.ts'
import { parseContract } from '../../domain/policy.ts'
import { entrySchema } from './gallery/format.ts'
import type { Entry, Slot } from './gallery/format.ts'
import { contractInGerman, facetsInGerman, germanSchema, inGerman } from './gallery/german.ts'
import type { GermanWords } from './gallery/german.ts'
import { readSlot, slotWords } from './gallery/slots.ts'
import type { SlotValue } from './gallery/slots.ts'
import { fillJson, fillScript, fillText } from './gallery/template.ts'

export interface GalleryOptions {
  /** Where the entries are. Default: those that ship with Steward. */
  folder?: string
  /** What `~` stands for. */
  home?: string
  /** IANA name for the contract. Default: the machine's. */
  zone?: string
  /** What entries and the contracts made of them say things in. Default: English. */
  language?: Language
}

export interface GallerySummary {
  id: string
  title: string
  promise: string
  icon: string
  version: number
}

export interface GallerySlot {
  name: string
  label: string
  question: string
  kind: Slot['kind']
  /** What it takes, in words. */
  takes: string
  example: string
  default: string | null
  required: boolean
  choices: readonly { value: string; label: string }[]
}

export interface GalleryEntry extends GallerySummary {
  slots: readonly GallerySlot[]
}

/** What `install` is given. */
export interface FilledEntry {
  name: string
  source: string
  contract: Json
}

const SHIPPED = path.resolve(import.meta.dirname, '../../../gallery')
const NAME = /^[a-z0-9][a-z0-9-]{0,63}$/

export function listGallery(options: GalleryOptions = {}): GallerySummary[] {
  return readGallery(options).map(summaryOf)
}

/** The entries as they are written, with the words by which people find them. */
export function readGallery(options: GalleryOptions = {}): Entry[] {
  return idsIn(options).map(id => readEntry(options, id))
}

/** Contract and script of an entry as they are written, with the places that are filled in. */
export function entryTexts(options: GalleryOptions, id: string): { contract: string; script: string } {
  return { contract: readText(options, id, 'contract.json'), script: readText(options, id, 'script.js') }
}

export function showGallery(id: string, options: GalleryOptions = {}): GalleryEntry {
  const entry = readEntry(options, id)
  return { ...summaryOf(entry), slots: entry.slots.map(shownSlot) }
}

/** Checks every answer and fills the entry; one failure says all that is wrong with them. */
export function fillGallery(
  id: string,
  slots: Readonly<Record<string, string>>,
  name?: string,
  options: GalleryOptions = {},
): FilledEntry {
  const entry = readEntry(options, id)
  const { values, problems } = readSlots(entry, slots, options)
  if (name !== undefined && !NAME.test(name)) {
    problems.push({
      slot: 'name',
      text: `the name “${visibleText(name)}” takes lower-case letters, digits and hyphens, 64 at most`,
      example: entry.id,
    })
  }
  if (problems.length > 0) refuse(entry, problems)
  const zone = options.zone ?? Intl.DateTimeFormat().resolvedOptions().timeZone
  const known = new Map([...withPhrases(entry, values), ['zone', { value: zone, facets: {} }] as const])
  const words = germanOf(options, id)
  const template = readJson(options, id, 'contract.json')
  const contract = fillJson(words === null ? template : contractInGerman(template, words), known)
  const answer = parseContract(contract)
  if (!answer.ok) fail(answer.failure)
  return {
    name: name ?? defaultName(entry, values),
    source: fillScript(readText(options, id, 'script.js'), values),
    contract,
  }
}

interface SlotProblem {
  slot: string
  /** What is wrong, without a full stop. */
  text: string
  example: string | null
}

function readSlots(
  entry: Entry,
  given: Readonly<Record<string, string>>,
  { home = os.homedir(), language }: GalleryOptions,
): { values: Map<string, SlotValue>; problems: SlotProblem[] } {
  const values = new Map<string, SlotValue>()
  const problems = unknownSlots(entry, given)
  const texts = new Map(Object.entries(given))
  for (const slot of entry.slots) {
    const text = texts.get(slot.name)
    const answer = readSlot(slot, text, home)
    if (answer.ok) values.set(slot.name, language === 'de' ? facetsInGerman(slot, answer.is) : answer.is)
    else {
      const shown = text === undefined || text.trim() === '' ? '' : ` “${visibleText(text)}”`
      problems.push({
        slot: slot.name,
        text: `${slot.name}${shown} ${answer.problem}`,
        example: slot.example,
      })
    }
  }
  return { values, problems }
}

/** What the contract says of a slot may speak of others. */
function withPhrases({ slots }: Entry, values: ReadonlyMap<string, SlotValue>): Map<string, SlotValue> {
  const all = new Map(values)
  for (const { name, phrases } of slots) {
    const is = values.get(name)
    if (is === undefined || phrases === undefined) continue
    const phrase = fillText(is.facets['given'] === true ? phrases.given : phrases.empty, values)
    all.set(name, { ...is, facets: { ...is.facets, phrase } })
  }
  return all
}

function unknownSlots({ slots }: Entry, given: Readonly<Record<string, string>>): SlotProblem[] {
  const names = slots.map(slot => slot.name)
  return Object.keys(given).flatMap(name =>
    names.includes(name)
      ? []
      : [
          {
            slot: name,
            text: `“${visibleText(name)}” is not among its settings, which are ${names.join(', ')}`,
            example: null,
          },
        ],
  )
}

function refuse({ title }: Entry, problems: readonly SlotProblem[]): never {
  const count = problems.length === 1 ? 'one reason' : `${problems.length} reasons`
  const reasons = problems.map(({ text, example }) =>
    example === null ? `${text}.` : `${text} (for example: ${example}).`,
  )
  fail({
    kind: 'invalid-input',
    path: problems[0]?.slot ?? 'slots',
    message: `“${title}” was not set up, for ${count}; nothing was changed. ${reasons.join(' ')}`,
    detail: { problems: problems.map(({ slot, text, example }) => ({ slot, text, example })) },
  })
}

function defaultName(entry: Entry, values: ReadonlyMap<string, SlotValue>): string {
  const name = fillText(entry.name, values).replace(/-+$/, '')
  return NAME.test(name) ? name : entry.id
}

function summaryOf({ id, title, promise, icon, version }: Entry): GallerySummary {
  return { id, title, promise, icon, version }
}

export function shownSlot(slot: Slot): GallerySlot {
  const { name, label, question, kind, example, required } = slot
  const choices = slot.kind === 'choice' ? slot.choices.map(({ value, label }) => ({ value, label })) : []
  const own = { name, label, question, kind, example, required, choices }
  return { ...own, takes: slotWords(slot), default: slot.default ?? null }
}

function idsIn({ folder = SHIPPED }: GalleryOptions): string[] {
  return fs
    .readdirSync(folder, { withFileTypes: true })
    .filter(found => found.isDirectory())
    .map(({ name }) => name)
    .sort()
}

function readEntry(options: GalleryOptions, id: string): Entry {
  const ids = idsIn(options)
  if (!ids.includes(id)) {
    fail({
      kind: 'invalid-input',
      path: 'id',
      message: `There is no “${visibleText(id)}” in the gallery. Nothing was changed. There are: ${ids.join(', ')}.`,
    })
  }
  const entry = entrySchema.parse(readJson(options, id, 'gallery.json'))
  const words = germanOf(options, id)
  return words === null ? entry : inGerman(entry, words)
}

/** Null where German is not asked for, or an entry has none. */
function germanOf(options: GalleryOptions, id: string): GermanWords | null {
  if (options.language !== 'de') return null
  const file = path.join(options.folder ?? SHIPPED, id, 'de.json')
  return fs.existsSync(file) ? germanSchema.parse(readJson(options, id, 'de.json')) : null
}

function readJson(options: GalleryOptions, id: string, file: string): Json {
  return JSON.parse(readText(options, id, file)) as Json
}

function readText({ folder = SHIPPED }: GalleryOptions, id: string, file: string): string {
  return fs.readFileSync(path.join(folder, id, file), 'utf8')
}
