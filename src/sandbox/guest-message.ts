/** The texts a guest posts, read as data. Their shape is the prelude's; anything else is a bug, and ends the run. */
import { z } from 'zod'
import type { ScriptLimit } from '../domain/failure.ts'
import type { Json } from '../domain/json.ts'
import { type GuestError, guestErrorSchema } from './guest-error.ts'

interface Measured {
  /** What the data is, at the start of a sentence. */
  subject: string
  /** How deeply its data is nested: not read any further where that is deeper than is allowed. */
  nesting: number
  /** The data's JSON text, and how many bytes that is. */
  value: string
  bytes: number
}

export type GuestMessage = Measured &
  (
    | { kind: 'call'; callId: number; scope: string; tool: string; stack: string; args: Json }
    | { kind: 'close'; scope: string; error: GuestError | null }
    | { kind: 'end'; error: GuestError | null }
    | { kind: 'verified'; exists: boolean; error: GuestError | null }
    | { kind: 'limit'; limit: ScriptLimit }
  )

/** Deeper data is refused: everything that reads it on the other side may be recursive. */
export const DEEPEST = 256
const LIMITS = ['memory', 'stack', 'bytes-out'] as const

const text = z.string()
const data = z.custom<Json>()
const callShape = z.tuple([z.literal('call'), z.int(), text, text, text, data])
const closeShape = z.union([
  z.tuple([z.literal('close'), text, z.literal(true), data]),
  z.tuple([z.literal('close'), text, z.literal(false), guestErrorSchema]),
])
const endShape = z.union([
  z.tuple([z.enum(['end', 'verified']), z.literal(true), data]),
  z.tuple([z.enum(['end', 'verified']), z.literal(false), guestErrorSchema]),
])
const noVerifyShape = z.tuple([z.literal('verified'), z.null()])
const limitShape = z.tuple([z.literal('limit'), z.enum(LIMITS)])

export function readGuestMessage(posted: string): GuestMessage {
  const nesting = nestingOf(posted) - 1
  const parts: unknown = JSON.parse(posted)
  const kind: unknown = Array.isArray(parts) ? parts[0] : null
  if (kind === 'call') return callOf(callShape.parse(parts), nesting)
  if (kind === 'close') return closeOf(closeShape.parse(parts), nesting)
  if (kind === 'limit') return { ...measured('', null, 0), kind, limit: limitShape.parse(parts)[1] }
  const unverified = noVerifyShape.safeParse(parts)
  if (unverified.success) return { ...measured('', null, 0), kind: 'verified', exists: false, error: null }
  return endOf(endShape.parse(parts), nesting)
}

function callOf(
  [kind, callId, scope, tool, stack, args]: z.infer<typeof callShape>,
  nesting: number,
): GuestMessage {
  return { ...measured(`What was handed to ${tool}`, args, nesting), kind, callId, scope, tool, stack, args }
}

function closeOf([kind, scope, ok, value]: z.infer<typeof closeShape>, nesting: number): GuestMessage {
  const subject = 'What the item returned'
  return ok
    ? { ...measured(subject, value, nesting), kind, scope, error: null }
    : { ...measured(subject, null, nesting), kind, scope, error: value }
}

function endOf([kind, ok, value]: z.infer<typeof endShape>, nesting: number): GuestMessage {
  const subject = kind === 'end' ? 'What the script returned' : 'What verify returned'
  const ended = ok
    ? { ...measured(subject, value, nesting), error: null }
    : { ...measured(subject, null, nesting), error: value }
  return kind === 'end' ? { ...ended, kind } : { ...ended, kind, exists: true }
}

function measured(subject: string, data: Json, nesting: number): Measured {
  const value = nesting > DEEPEST ? '' : JSON.stringify(data)
  return { subject, nesting, value, bytes: Buffer.byteLength(value) }
}

/** Levels of brackets in a JSON text, without recursion. */
function nestingOf(text: string): number {
  if (text.length <= 2 * DEEPEST) return 0
  let level = 0
  let deepest = 0
  let quoted = false
  for (let place = 0; place < text.length; place++) {
    const code = text.charCodeAt(place)
    if (quoted) {
      if (code === BACKSLASH) place += 1
      else if (code === QUOTE) quoted = false
    } else if (code === QUOTE) quoted = true
    else if (code === OPEN_LIST || code === OPEN_RECORD) deepest = Math.max(deepest, (level += 1))
    else if (code === CLOSE_LIST || code === CLOSE_RECORD) level -= 1
  }
  return deepest
}

const [QUOTE, BACKSLASH, OPEN_LIST, CLOSE_LIST, OPEN_RECORD, CLOSE_RECORD] = Array.from('"\\[]{}', each =>
  each.charCodeAt(0),
)
