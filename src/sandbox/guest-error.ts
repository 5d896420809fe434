/** What the guest says of an error of its own, as a Failure. Guests may forge every word of it; only data is taken. */
import type { Failure, ScriptLimit, SourcePosition } from '../domain/failure.ts'
import { isJsonObject, type Json } from '../domain/json.ts'
import type { Outcome } from '../domain/tool.ts'

export interface GuestError {
  name: string
  message: string
  stack: string
  /** The number of the call whose failure it is, a code of the runtime's own, or null for the script's own errors. */
  origin: number | 'invalid-input' | null
}

export function guestErrorOf(data: Json): GuestError | null {
  if (!isJsonObject(data)) return null
  const { name, message, stack, origin = null } = data
  if (typeof name !== 'string' || typeof message !== 'string' || typeof stack !== 'string') return null
  if (origin !== null && typeof origin !== 'number' && origin !== 'invalid-input') return null
  return { name, message, stack, origin }
}

type ToolError = Extract<Outcome, { ok: false }>['error']

/** The call an error came from: where it was made, and what the host had answered. */
export interface ErrorOrigin {
  position: SourcePosition | null
  error: ToolError | null
}

export function failureOfGuest(
  error: GuestError,
  thrownAt: SourcePosition | null,
  origin: ErrorOrigin | null,
): Failure {
  const position = origin?.position ?? thrownAt
  const place = position ? { position } : {}
  if (origin?.error) {
    const { code, message, failure } = origin.error
    if (failure) return { ...place, ...failure }
    return { kind: 'script-error', name: nameOf(error), message, detail: { code }, ...place }
  }
  if (error.origin === 'invalid-input') return { kind: 'invalid-input', message: error.message, ...place }
  return { kind: 'script-error', name: nameOf(error), message: error.message || nameOf(error), ...place }
}

export function errorOfGuest(failure: Failure, origin: ErrorOrigin | null): ToolError {
  return { code: origin?.error?.code ?? failure.kind, message: failure.message, failure }
}

/** The first place in the script that a guest stack names, in the transformed text. */
export function placeInStack(stack: string): SourcePosition | null {
  const found = /\bscript:(\d{1,7}):(\d{1,7})\b/.exec(stack)
  return found ? { line: Number(found[1]), column: Number(found[2]) } : null
}

const REACHED: Readonly<Record<ScriptLimit, string>> = {
  cpu: 'used all of its computing time',
  wall: 'ran for longer than it may',
  memory: 'used more memory than it may',
  stack: 'called itself too deeply',
  calls: 'made more tool calls than it may',
  'bytes-in': 'was answered with more data than one call may bring',
  'bytes-out': 'handed over more data than one call may take',
}

export function limitFailure(limit: ScriptLimit, allowed: number): Failure {
  return { kind: 'script-limit', limit, allowed, message: `The script ${REACHED[limit]}, and was stopped.` }
}

function nameOf(error: GuestError): string {
  return error.name === '' ? 'Error' : error.name.slice(0, 100)
}
