/**
 * Requests and answers as logs and views may show them. What has the name of a secret is masked everywhere. What has
 * only its form is masked where nobody wrote for the owner to read: headers, queries, excerpts of answers. Links,
 * file names and texts that are meant for the owner stay as they are: a masked link is a lost one.
 */
import type { Json } from '../../../domain/json.ts'

const MASK = '•••'
/** Names, in small letters with their words hyphenated: `clientSecret` is `client-secret`. */
const SECRET_NAME =
  /passw|passphrase|passcode|(^|-)(pwd|(client|app)?secrets?|credentials?|authori[sz]ation|bearer)(-|$)|(^|-)(auth|[a-z]*token|(api|access|private|secret|signing|auth)-?key|(set-)?cookies?|session-?id|jwt)$/
/** Secrets where a request carries them, and ordinary words in what people and scripts name. */
const SECRET_IN_REQUEST = /(^|-)(key|session|signature|sig|pin|otp)$/
const UNBROKEN = /(?<![A-Za-z0-9_-])[A-Za-z0-9_-]{24,}(?![A-Za-z0-9_-])/g

/** Masks what keys look like: long, without a space, and with a part that mixes digits and letters as no word does. */
export function maskText(text: string): string {
  return text.replace(UNBROKEN, run => (partsOf(run).some(isRandom) ? MASK : run))
}

/** For paths and what people wrote, where ids, hashes and titles are to be read: masks only what can be nothing but a key. */
export function maskKeys(text: string): string {
  return text.replace(UNBROKEN, run => (partsOf(run).some(part => isMixed(part, 16)) ? MASK : run))
}

function partsOf(run: string): string[] {
  return run.split(/[_-]/)
}

function isRandom(part: string): boolean {
  return isMixed(part, 12) || (part.length >= 20 && /\d/.test(part) && /[A-Za-z]/.test(part))
}

function isMixed(part: string, least: number): boolean {
  return part.length >= least && /\d/.test(part) && /[a-z]/.test(part) && /[A-Z]/.test(part)
}

/** Headers, queries and forms: by name, and by form. */
export function maskRecord(record: Readonly<Record<string, unknown>>): { [key: string]: Json } {
  return Object.fromEntries(
    Object.entries(record).map(([name, value]) => [name, maskInRequest(name, String(value))]),
  )
}

function maskInRequest(name: string, value: string): string {
  const words = wordsOf(name)
  return SECRET_NAME.test(words) || SECRET_IN_REQUEST.test(words) ? MASK : maskText(value)
}

/** The address with the values of its query masked where they look like secrets, and without a fragment. */
export function maskUrl(text: string): string {
  const url = URL.parse(text)
  if (url === null) return MASK
  const query = [...url.searchParams]
    .map(([name, value]) => `${name}=${maskInRequest(name, value)}`)
    .join('&')
  return `${url.origin}${maskKeys(url.pathname)}${query === '' ? '' : `?${query}`}`
}

/** Masks what is named as a secret, and nothing else: for the owner's own eyes. */
export function maskNamed(value: Json): Json {
  return masked(value, text => text)
}

/** Masks by name and by form: for what goes to others, such as the provider of a model. */
export function maskForOthers(value: Json): Json {
  return masked(value, maskText)
}

function masked(value: Json, textOf: (text: string) => string): Json {
  if (typeof value === 'string') return textOf(value)
  if (Array.isArray(value)) return value.map(member => masked(member, textOf))
  if (value === null || typeof value !== 'object') return value
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [
      name,
      SECRET_NAME.test(wordsOf(name)) ? MASK : masked(member, textOf),
    ]),
  )
}

function wordsOf(name: string): string {
  return name
    .replace(/([a-z0-9])([A-Z])/g, '$1-$2')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
}
