/**
 * What a person is shown of a payload before they allow it, and the hash that binds their answer to it (P4). The text
 * hides nothing behind terminal codes, invisible or reordering characters, look-alike domains or sheer length, and
 * nothing in a value can pass for another field: every further line of a value carries a mark.
 */
import { markLookalikes } from './lookalike.ts'
import { hashJson } from './json.ts'
import type { Json } from './json.ts'

const LONGEST_VALUE = 2_000
const LONGEST_TEXT = 20_000
const MOST_MEMBERS = 100
const DEEPEST = 12
/** Of a value that is cut, the last part is shown too: what matters is often at the end. */
const SHOWN_END = 400

/** The hash of exactly this call of exactly this tool. */
export function payloadHash(tool: string, payload: Json): string {
  return hashJson([tool, payload])
}

/** A payload in readable lines, `name: value`, nested by indentation, at most about 20,000 characters long. */
export function approvalText(payload: Json): string {
  const text = linesOf(payload, 0).join('\n')
  if (text.length <= LONGEST_TEXT) return text
  return `${whole(text.slice(0, LONGEST_TEXT))}\n… cut here: ${LONGEST_TEXT} of ${text.length} characters are shown`
}

/** One line of text from outside, as a person may safely see it. */
export function visibleText(text: string, longest = 200): string {
  const { shown, note } = cleaned(text, longest)
  return shown.replaceAll('\n', ' ⏎ ') + note
}

function linesOf(value: Json, depth: number): string[] {
  if (depth > DEEPEST) return ['… nested too deeply to show']
  if (Array.isArray(value))
    return membersOf(
      value.map(member => ['-', member]),
      depth,
    )
  if (value === null || typeof value !== 'object') return scalarLines(value)
  return membersOf(
    Object.entries(value).map(([key, member]) => [`${visibleText(key)}:`, member]),
    depth,
  )
}

function membersOf(members: readonly (readonly [string, Json])[], depth: number): string[] {
  if (members.length === 0) return ['(none)']
  const lines = members.slice(0, MOST_MEMBERS).flatMap(([label, member]) => {
    const [first = '', ...rest] = linesOf(member, depth + 1)
    const inline = member === null || typeof member !== 'object' || first === '(none)'
    return inline
      ? [`${label} ${first}`, ...rest.map(indented)]
      : [label, indented(first), ...rest.map(indented)]
  })
  const left = members.length - MOST_MEMBERS
  return left > 0 ? [...lines, `… and ${left} more of ${members.length}`] : lines
}

function indented(line: string): string {
  return `  ${line}`
}

function scalarLines(value: null | boolean | number | string): string[] {
  if (typeof value !== 'string') return [String(value)]
  const { shown, note } = cleaned(value, LONGEST_VALUE)
  if (shown === '') return [`(empty)${note}`]
  const [first = '', ...rest] = shown.split('\n')
  if (rest.length === 0) return [first + note]
  return [`(${rest.length + 1} lines)${note}`, ...[first, ...rest].map(line => `│ ${line}`)]
}

interface Cleaned {
  /** Only printable characters and line feeds. */
  shown: string
  /** What was taken out or left out, in words. */
  note: string
}

function cleaned(text: string, longest: number): Cleaned {
  const cut = text.length > longest
  const end = cut ? Math.min(SHOWN_END, Math.floor(longest / 4)) : 0
  const ends = cut ? [text.slice(0, longest - end), text.slice(text.length - end)].map(whole) : [text]
  const parts = ends.map(part => part.replace(LINE_BREAK, '\n'))
  const printable = parts.map(printed)
  const hidden = parts.join('').length - printable.join('').length
  const notes = [
    ...(cut ? [`${longest} of ${text.length} characters shown`] : []),
    ...(hidden > 0 ? [`${hidden} hidden removed`] : []),
  ]
  return {
    shown: printable.map(markLookalikes).join(' […] '),
    note: notes.length === 0 ? '' : ` ‹${notes.join(', ')}›`,
  }
}

/** Without the half of a character that a cut may leave at either end. */
function whole(text: string): string {
  return text.replace(/^[\udc00-\udfff]|[\ud800-\udbff]$/g, '')
}

const ESC = String.fromCharCode(0x1b)
const CSI = String.fromCharCode(0x9b)
/** Colour and cursor sequences. Of the others only the control characters go: what they carry is shown. */
const TERMINAL = new RegExp(`(?:${ESC}\\[|${CSI})[0-?]*[ -/]*[@-~]`, 'g')
const LINE_BREAK = /\r\n|[\r\v\f\u0085\u2028\u2029]/g
/** Control, format (bidi, zero-width, tags), private, unassigned and half characters; fillers; variation selectors. */
const INVISIBLE =
  /[^\P{C}\n\t]|[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\uffa0]|[\ufe00-\ufe0f\u{e0100}-\u{e01ef}]/gu
const ODD_SPACE = /[^\P{Zs} ]|\t/gu
/** More marks on one letter than any language writes. */
const PILED_MARKS = /(\p{M}{4})\p{M}+/gu

function printed(text: string): string {
  return text.replace(TERMINAL, '').replace(INVISIBLE, '').replace(ODD_SPACE, ' ').replace(PILED_MARKS, '$1')
}
