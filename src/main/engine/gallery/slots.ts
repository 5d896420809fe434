/**
 * What a person fills into a slot, read: checked by its kind, turned into the value the script is given, and into the
 * facets a contract's placeholders may name. Looks at the disk (is it a folder?) and changes nothing.
 */
import fs from 'node:fs'
import path from 'node:path'
import { visibleText } from '../../../domain/approval.ts'
import type { Json } from '../../../domain/json.ts'
import { pathProblem, resolvePath } from '../../tools/files/paths.ts'
import { addressProblem, parseTarget } from '../../tools/network/target.ts'
import { validateTrigger } from '../schedule/spec.ts'
import type { Slot, SlotOf } from './format.ts'
import { parseColumns } from './columns.ts'
import { releaseFeed } from './releases.ts'
import { parseRules } from './rules.ts'
import { parseWords } from './words.ts'

export interface SlotValue {
  /** As the script is given it; null where the slot was left empty. */
  value: Json
  /** What `{{slot.facet}}` stands for. */
  facets: Readonly<Record<string, Json>>
}

/** `problem` is the end of a sentence about the text. */
export type SlotAnswer = { ok: true; is: SlotValue } | { ok: false; problem: string }

const LONGEST = 4_096
const LONGEST_NAME = 60
const NOTHING: SlotValue = { value: null, facets: { given: false, empty: true } }

/** Reads what was given for a slot, or its default where nothing was. */
export function readSlot(slot: Slot, given: string | undefined, home: string): SlotAnswer {
  const text = given ?? slot.default ?? ''
  if (text.trim() === '') {
    return slot.required ? { ok: false, problem: 'is missing' } : { ok: true, is: NOTHING }
  }
  if (text.length > LONGEST) return problem(`is longer than ${LONGEST} characters`)
  if (!text.isWellFormed()) return problem('contains half a character')
  const answer = READERS[slot.kind] as (slot: Slot, text: string, home: string) => SlotAnswer
  return answer(slot, text, home)
}

/** What a slot takes, in words. */
export function slotWords(slot: Slot): string {
  const words = TAKES[slot.kind] as string | ((slot: Slot) => string)
  return typeof words === 'string' ? words : words(slot)
}

type Takes = { readonly [K in Slot['kind']]: string | ((slot: SlotOf<K>) => string) }

const TAKES: Takes = {
  folder: 'a folder that exists',
  file: 'a file that exists',
  url: 'an http or https address',
  urls: ({ most }) => `http or https addresses with spaces between them, ${most} at most`,
  releases: ({ most }) =>
    `addresses of projects (at GitHub, GitLab, Codeberg, PyPI or crates.io) or of feeds, ${most} at most`,
  words: 'words with , between them; “a + b” is both of them, “-c” is without c',
  columns: 'names with , between them; “a.b” is b of a, “a as B” calls it B',
  text: ({ maxLength }) => `text, ${maxLength} characters at most`,
  number: slot => `a ${slot.whole ? 'whole ' : ''}number${boundsWords(slot)}`,
  minutes: slot => `whole minutes${boundsWords(slot)}`,
  choice: ({ choices }) =>
    `one of ${choices.map(({ value, label }) => (value === label ? value : `${value} (${label})`)).join(', ')}`,
  time: 'a time of day, HH:MM',
  cron: 'a cron expression of five fields',
  rules: 'rules “endings → sub-folder”, with ; between them; * is any other ending',
}

type Readers = { readonly [K in Slot['kind']]: (slot: SlotOf<K>, text: string, home: string) => SlotAnswer }

const READERS: Readers = {
  folder: (_, text, home) => readPath(text, home, 'folder'),
  file: (_, text, home) => readPath(text, home, 'file'),
  url: (_, text) => readUrl(text.trim()),
  urls: ({ most }, text) => readUrls(most, text, url => url),
  releases: ({ most }, text) => readUrls(most, text, releaseFeed),
  words: (_, text) => {
    const answer = parseWords(text)
    return answer.ok ? filled({ any: answer.words.any, none: answer.words.none }) : answer
  },
  columns: (_, text) => {
    const answer = parseColumns(text)
    return answer.ok ? filled(answer.columns.map(({ path: place, name }) => ({ path: place, name }))) : answer
  },
  text: (slot, text) =>
    text.length > slot.maxLength
      ? problem(`is longer than ${slot.maxLength} characters`)
      : filled(text, { name: shortName(text.trim()), slug: slugOf(text) }),
  number: readNumber,
  minutes: readMinutes,
  choice: readChoice,
  time: (_, text) => readTime(text.trim()),
  cron: (_, text) => readCron(text.trim()),
  rules: (_, text) => {
    const answer = parseRules(text)
    if (!answer.ok) return answer
    const rules = answer.rules.map(({ folder, extensions }) => ({ folder, extensions }))
    return filled(rules, { folders: answer.rules.map(({ folder }) => folder) })
  },
}

function problem(text: string): SlotAnswer {
  return { ok: false, problem: text }
}

function filled(value: Json, facets: SlotValue['facets'] = {}): SlotAnswer {
  return { ok: true, is: { value, facets: { given: true, empty: false, ...facets } } }
}

function readPath(text: string, home: string, wanted: 'folder' | 'file'): SlotAnswer {
  const wrong = pathProblem(text)
  if (wrong !== null) return problem(wrong)
  const full = resolvePath(text, home)
  if (path.dirname(full) === full) return problem('is a whole disk')
  const kind = kindAt(full)
  if (kind !== wanted) return problem(kind === null ? 'does not exist' : `is not a ${wanted}`)
  const name = path.basename(full)
  return filled(full, { name: shortName(name), slug: slugOf(name) })
}

function kindAt(full: string): 'folder' | 'file' | 'other' | null {
  try {
    const stat = fs.statSync(full)
    return stat.isDirectory() ? 'folder' : stat.isFile() ? 'file' : 'other'
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'ENAMETOOLONG') return null
    if (code === 'EACCES' || code === 'EPERM' || code === 'ELOOP') return 'other'
    throw error
  }
}

function readUrl(text: string): SlotAnswer {
  const wrong = addressProblem(text)
  if (wrong !== null) return problem(wrong)
  const { url, host } = parseTarget(text)
  const name = `${host}${url.pathname}`.replace(/\/$/, '')
  return filled(url.href, { host, site: shortName(host), name: shortName(name), slug: slugOf(name) })
}

function readUrls(most: number, text: string, leadsTo: (url: URL) => URL): SlotAnswer {
  const given = plainAddresses(text)
    .split(/\s+|[,;]+(?=\s|$|https?:)/i)
    .filter(part => part !== '')
  if (given.length === 0) return problem('holds no address')
  for (const address of given) {
    const wrong = addressProblem(address)
    if (wrong !== null) return problem(`holds “${visibleText(address)}”, which ${wrong}`)
  }
  const targets = given.map(address => parseTarget(leadsTo(parseTarget(address).url).href))
  const addresses = [...new Set(targets.map(({ url }) => url.href))]
  if (addresses.length > most) return problem(`holds more than ${most} addresses`)
  const hosts = [...new Set(targets.map(({ host }) => host))]
  const [first = ''] = hosts
  const name = hosts.length === 1 ? first : `${first} and ${hosts.length - 1} more`
  return filled(addresses, { hosts, name: shortName(name), slug: slugOf(first) })
}

/** Calendars and feeds are offered under schemes of their own, and fetched like anything else. */
function plainAddresses(text: string): string {
  return text.replaceAll(/(?<![^\s,;])(?:webcals?|feed):\/\//gi, 'https://')
}

function readTime(text: string): SlotAnswer {
  const [, hour, minute] = /^([01]\d|2[0-3]):([0-5]\d)$/.exec(text) ?? []
  if (hour === undefined || minute === undefined) return problem('is not a time of day from 00:00 to 23:59')
  return filled(text, { hour: Number(hour), minute: Number(minute) })
}

function readNumber(slot: SlotOf<'number'>, text: string): SlotAnswer {
  const number = numberOf(text)
  if (number === null) return problem('is not a number')
  if (slot.whole && !Number.isInteger(number)) return problem('is not a whole number')
  const wrong = boundsProblem(slot, number)
  return wrong === null ? filled(number) : problem(wrong)
}

function readMinutes(slot: SlotOf<'minutes'>, text: string): SlotAnswer {
  const minutes = numberOf(text)
  if (minutes === null || !Number.isInteger(minutes)) return problem('is not a whole number of minutes')
  const wrong = boundsProblem({ ...slot, min: slot.min ?? 0 }, minutes)
  if (wrong !== null) return problem(wrong)
  const many = `${minutes} minutes`
  return filled(minutes, {
    ms: minutes * 60_000,
    words: minutes === 1 ? '1 minute' : many,
    rhythm: minutes === 1 ? 'minute' : many,
  })
}

function readChoice(slot: SlotOf<'choice'>, text: string): SlotAnswer {
  const wanted = text.trim().toLowerCase()
  const choice = slot.choices.find(({ value }) => value.toLowerCase() === wanted)
  if (choice === undefined) return problem(`is none of ${slot.choices.map(({ value }) => value).join(', ')}`)
  const is = slot.choices.map(({ value }): [string, Json] => [`is.${value}`, value === choice.value])
  return filled(choice.value, { phrase: choice.phrase, ...Object.fromEntries(is) })
}

function readCron(expression: string): SlotAnswer {
  const failure = validateTrigger({ kind: 'cron', expression })
  return failure === null ? filled(expression) : problem(`was not understood (${failure.message})`)
}

/** Plain decimals only: `0x10`, `1e9` and blanks are slips, and `1,234` is read in two ways. */
function numberOf(text: string): number | null {
  const plain = text.trim().replace(/,(?=\d{1,2}$)/, '.')
  return /^-?\d{1,15}(\.\d{1,9})?$/.test(plain) ? Number(plain) : null
}

interface Bounds {
  min?: number | undefined
  max?: number | undefined
}

function boundsProblem({ min, max }: Bounds, number: number): string | null {
  if (min !== undefined && number < min) return `is less than ${min}`
  return max !== undefined && number > max ? `is more than ${max}` : null
}

function boundsWords({ min, max }: Bounds): string {
  if (min !== undefined && max !== undefined) return ` from ${min} to ${max}`
  if (min !== undefined) return ` from ${min}`
  return max === undefined ? '' : ` up to ${max}`
}

/** For titles: printable, and cut between characters. */
function shortName(text: string): string {
  const characters = Array.from(visibleText(text))
  return characters.length > LONGEST_NAME
    ? `${characters.slice(0, LONGEST_NAME - 1).join('')}…`
    : characters.join('')
}

/** Lower-case letters, digits and hyphens; empty where nothing of the kind is in it. */
function slugOf(text: string): string {
  return text
    .normalize('NFKD')
    .toLowerCase()
    .replaceAll(/\p{M}/gu, '')
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-+|-+$/g, '')
    .slice(0, 40)
    .replace(/-+$/, '')
}
