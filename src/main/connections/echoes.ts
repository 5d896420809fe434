/**
 * Finds a secret that a remote sends back, in whatever form it usually comes: as it is, in an address, in JSON, in
 * HTML, in hexadecimal, in base64 at any alignment. What is found is masked before a script, the journal or a log
 * sees it. It cannot find what a remote disguises on purpose: whoever is given a secret has it.
 */
import type { Json } from '../../domain/json.ts'

export const MASK = '•••'
/** Shorter ones would be found in every text. */
export const SHORTEST_SECRET = 4
const SHORTEST_PART = 6
/** A shorter secret may be part of an ordinary word: there it is masked only where it stands alone. */
const SHORTEST_INSIDE = 8

export class Echoes {
  readonly #pattern: RegExp | null

  constructor(secrets: readonly string[]) {
    const forms = [...new Set(secrets.flatMap(formsOf))].sort((a, b) => b.length - a.length)
    this.#pattern = forms.length === 0 ? null : new RegExp(forms.map(patternOf).join('|'), 'gi')
  }

  hideInText(text: string): string {
    if (this.#pattern === null) return text
    const bytes = asBytes(text)
    const hidden = bytes.replace(this.#pattern, asBytes(MASK))
    return hidden === bytes ? text : asText(hidden)
  }

  hideInBytes(bytes: Uint8Array): Uint8Array {
    if (this.#pattern === null) return bytes
    const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1')
    const hidden = text.replace(this.#pattern, asBytes(MASK))
    return hidden === text ? bytes : new Uint8Array(Buffer.from(hidden, 'latin1'))
  }

  hideInJson(value: Json): Json {
    if (typeof value === 'string') return this.hideInText(value)
    if (Array.isArray(value)) return value.map(member => this.hideInJson(member))
    if (value === null || typeof value !== 'object') return value
    return Object.fromEntries(
      Object.entries(value).map(([name, member]) => [this.hideInText(name), this.hideInJson(member)]),
    )
  }
}

/** A text as its UTF-8 bytes, one character each: then text and bytes are searched alike. */
function asBytes(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1')
}

function asText(bytes: string): string {
  return Buffer.from(bytes, 'latin1').toString('utf8')
}

function formsOf(secret: string): string[] {
  if (secret.length < SHORTEST_SECRET) return []
  const inJson = JSON.stringify(secret).slice(1, -1)
  const forms = [
    secret,
    secret.toLowerCase(),
    secret.toUpperCase(),
    encodeURIComponent(secret),
    encodeURI(secret),
    new URLSearchParams({ '': secret }).toString().slice(1),
    inJson,
    inJson.replaceAll('/', '\\/'),
    inAscii(inJson),
    inHtml(secret),
    Buffer.from(secret, 'utf8').toString('hex'),
  ]
  return [...forms.map(asBytes), ...inBase64(secret)]
}

function inAscii(text: string): string {
  return text.replace(/[\u0080-\uffff]/g, unit => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

function inHtml(text: string): string {
  return text.replace(/[&<>"']/g, sign => ENTITIES[sign] ?? sign)
}

/** What of the secret is sure to be seen when it stands anywhere in a text that is encoded as a whole. */
function inBase64(secret: string): string[] {
  const bytes = Buffer.from(secret, 'utf8')
  return [0, 1, 2].flatMap(before => {
    const whole = Buffer.concat([Buffer.alloc(before), bytes])
      .toString('base64')
      .replaceAll('=', '')
    const from = Math.ceil((before * 8) / 6)
    const to = Math.floor(((before + bytes.length) * 8) / 6)
    const part = whole.slice(from, to)
    return part.length < SHORTEST_PART ? [] : [part, part.replaceAll('+', '-').replaceAll('/', '_')]
  })
}

function patternOf(form: string): string {
  const exact = escaped(form)
  return form.length < SHORTEST_INSIDE ? `(?<![A-Za-z0-9])${exact}(?![A-Za-z0-9])` : exact
}

function escaped(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/-]/g, String.raw`\$&`)
}
