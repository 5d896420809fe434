/** The texts a guest posts, read as data. Their shape is the prelude's; anything else is a bug, and ends the run. */
import type { ScriptLimit } from '../domain/failure.ts'
import type { Json } from '../domain/json.ts'
import { type GuestError, guestErrorOf } from './guest-error.ts'

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
/**
 * What reading a text may take of this side's memory, bytes: a few brackets can stand for very much of it. About as much
 * again is in use while it is written out anew, and the thread has 512 MB for all of it.
 */
export const ROOM_PER_SLICE = 160 * 1_024 * 1_024
const PER_CHARACTER = 2
const PER_MEMBER = 32
const PER_LEVEL = 96
/** Limits that only the guest can see being reached. */
const LIMITS: readonly ScriptLimit[] = ['memory', 'stack', 'bytes-out']

/** `room`: bytes that reading it may take. What would take more is not read, and stops the run by its memory limit. */
export function readGuestMessage(posted: string, room: number): GuestMessage & { weight: number } {
  const { nesting, weight } = weighed(posted)
  if (weight > room) return { ...measured('', null, 0), kind: 'limit', limit: 'memory', weight: 0 }
  return { ...messageIn(posted, nesting - 1), weight }
}

function messageIn(posted: string, nesting: number): GuestMessage {
  const parts: unknown = JSON.parse(posted)
  if (!Array.isArray(parts)) throw foreign()
  const [kind, ...rest] = parts as Json[]
  if (kind === 'call') return callOf(rest, nesting)
  if (kind === 'close') return closeOf(rest, nesting)
  if (kind === 'end') return { ...resultOf(rest, 'What the script returned', nesting), kind }
  if (kind === 'verified') return verifiedOf(rest, nesting)
  const limit = LIMITS.find(name => kind === 'limit' && name === rest[0])
  if (limit === undefined) throw foreign()
  return { ...measured('', null, 0), kind: 'limit', limit }
}

function callOf([callId, scope, tool, stack, args = null]: Json[], nesting: number): GuestMessage {
  if (typeof callId !== 'number' || typeof scope !== 'string' || typeof tool !== 'string') throw foreign()
  const about = {
    kind: 'call',
    callId,
    scope,
    tool,
    stack: typeof stack === 'string' ? stack : '',
    args,
  } as const
  return { ...measured(`What was handed to ${tool}`, args, nesting), ...about }
}

function closeOf([scope, ...result]: Json[], nesting: number): GuestMessage {
  if (typeof scope !== 'string') throw foreign()
  return { ...resultOf(result, 'What the item returned', nesting), kind: 'close', scope }
}

function verifiedOf(result: Json[], nesting: number): GuestMessage {
  if (result[0] === null) return { ...measured('', null, 0), kind: 'verified', exists: false, error: null }
  return { ...resultOf(result, 'What verify returned', nesting), kind: 'verified', exists: true }
}

function resultOf(
  [ok, value = null]: Json[],
  subject: string,
  nesting: number,
): Measured & { error: GuestError | null } {
  if (ok === true) return { ...measured(subject, value, nesting), error: null }
  const error = guestErrorOf(value)
  if (ok !== false || error === null) throw foreign()
  return { ...measured(subject, null, nesting), error }
}

function foreign(): Error {
  return new Error('The guest posted a text that its prelude does not make.')
}

function measured(subject: string, data: Json, nesting: number): Measured {
  const value = nesting > DEEPEST ? '' : JSON.stringify(data)
  return { subject, nesting, value, bytes: Buffer.byteLength(value) }
}

/** Levels of brackets in a JSON text, and what reading it takes, without recursion and before it is read. */
function weighed(text: string): { nesting: number; weight: number } {
  if (text.length <= 2 * DEEPEST) return { nesting: 0, weight: 0 }
  let [level, nesting, levels, members, quoted] = [0, 0, 0, 0, false]
  for (let place = 0; place < text.length; place++) {
    const code = text.charCodeAt(place)
    if (quoted) {
      if (code === BACKSLASH) place += 1
      else if (code === QUOTE) quoted = false
    } else if (code === QUOTE) quoted = true
    else if (code === COMMA) members += 1
    else if (code === OPEN_LIST || code === OPEN_RECORD) {
      nesting = Math.max(nesting, (level += 1))
      levels += 1
    } else if (code === CLOSE_LIST || code === CLOSE_RECORD) level -= 1
  }
  return {
    nesting,
    weight: text.length * PER_CHARACTER + members * PER_MEMBER + levels * PER_LEVEL,
  }
}

const [QUOTE, BACKSLASH, OPEN_LIST, CLOSE_LIST, OPEN_RECORD, CLOSE_RECORD, COMMA] = Array.from(
  '"\\[]{},',
  each => each.charCodeAt(0),
)
