/**
 * Keeps a plan's conversation within what a model takes: of old answers of tools only a note stays, and a model that
 * needs one asks again; then of what its old calls were given (scripts, contracts), then what old replies were thought
 * with, and at last whole old exchanges with tools go. What people said stays whole, and so do the newest messages.
 * Pure, and the same for every longer thread, so that a provider's cache of its beginning goes on being of use until
 * room is made the next time.
 */
import { isJsonObject } from '../../domain/json.ts'
import type { Json } from '../../domain/json.ts'
import type { ModelAnswer, ModelCall, ModelInfo, ModelMessage } from '../../domain/model.ts'

/** What a thread may come to, in bytes of JSON, where the model takes as much. */
const USUAL_ROOM = 240_000
const LEAST_ROOM = 24_000
/** Text and code have about so many bytes for a token, or more. */
const BYTES_PER_TOKEN = 3
const MOST_BYTES_PER_TOKEN = 6
/** The newest messages stay whole: the model is about to work with them. */
const KEPT_WHOLE = 4
/** Answers and inputs that are no longer than this stay, and what a reply was thought with. */
const SHORT = 300
const SHORT_INPUT = 1_000
const SHORT_THOUGHT = 4_000
/** Of the room, what exchanges are left out for once nothing is left to shorten. */
const FILLED = 3 / 4

const LEFT_OUT = '[Left out to save room'
/** Whose answers another tool gives again. */
const AGAIN = new Map([
  ['write_script', 'check_script'],
  ['propose_contract', 'read_plan'],
])

export interface Room {
  readonly threadBytes: number
  readonly replyTokens: number
}

const MOST_REPLY_TOKENS = 16_000
const LEAST_REPLY_TOKENS = 4_000

/** `around`: bytes that are sent beside the thread, instructions and tools. */
export function roomIn(model: Pick<ModelInfo, 'window'> | null, around: number): Room {
  const { window } = model ?? {}
  if (window === undefined) return { threadBytes: USUAL_ROOM, replyTokens: MOST_REPLY_TOKENS }
  const replyTokens = Math.min(MOST_REPLY_TOKENS, Math.max(LEAST_REPLY_TOKENS, Math.floor(window / 4)))
  const left = (window - replyTokens) * BYTES_PER_TOKEN - around
  return { threadBytes: Math.min(USUAL_ROOM, Math.max(LEAST_ROOM, left)), replyTokens }
}

/** After a model has said that it takes less; null where less would be of no use. */
export function lessRoom(
  { threadBytes, replyTokens }: Room,
  model: Pick<ModelInfo, 'window'> | null,
  around: number,
): Room | null {
  if (threadBytes === LEAST_ROOM && replyTokens === LEAST_REPLY_TOKENS) return null
  if (around + LEAST_ROOM > ((model?.window ?? Infinity) - LEAST_REPLY_TOKENS) * MOST_BYTES_PER_TOKEN)
    return null
  return {
    threadBytes: Math.max(LEAST_ROOM, Math.floor(threadBytes / 2)),
    replyTokens: Math.max(LEAST_REPLY_TOKENS, Math.floor(replyTokens / 2)),
  }
}

/** Whether a model wrote down the note that stands where something of its own was left out. */
export function isLeftOut(text: string): boolean {
  return text.trimStart().startsWith(LEFT_OUT)
}

/** Whenever the thread, as it grew, came to more than `most`, half of that was made room. */
export function fitted(thread: readonly ModelMessage[], most: number): ModelMessage[] {
  let kept: ModelMessage[] = []
  let bytes = 0
  for (const message of thread) {
    kept.push(message)
    bytes += bytesOf(message)
    if (bytes <= most) continue
    shorten(kept, bytes - most / 2)
    bytes = sizeOf(kept)
    if (bytes <= most) continue
    kept = [...withoutOldest(kept, most)]
    bytes = sizeOf(kept)
  }
  return kept
}

/** Shortens what is old, until so many bytes are gone or nothing is left to shorten. */
function shorten(kept: ModelMessage[], wanted: number): void {
  let gone = 0
  let first = kept.length
  for (const shorter of [shortAnswers, shortCalls, withoutThought])
    for (let place = 0; place < kept.length - KEPT_WHOLE && gone < wanted; place++) {
      const message = kept[place]
      const less = message === undefined ? null : shorter(message)
      if (message === undefined || less === null) continue
      gone += bytesOf(message) - bytesOf(less)
      kept[place] = less
      first = Math.min(first, place)
    }
  for (const [place, message] of kept.entries()) if (place > first) kept[place] = shifted(message)
}

/**
 * Leaves out what the model said, oldest first, with what tools answered, but for what a person answered there. Where
 * even all of that would not be enough, nothing.
 */
function withoutOldest(kept: readonly ModelMessage[], most: number): readonly ModelMessage[] {
  const out = new Set<ModelMessage>()
  let left = sizeOf(kept)
  for (const [place, message] of kept.entries()) {
    if (left <= most * FILLED) break
    const exchange = message.from === 'model' ? exchangeAt(kept, place) : []
    if (place + exchange.length > kept.length - KEPT_WHOLE || exchange.some(isOfPerson)) continue
    for (const part of exchange) out.add(part)
    left -= sizeOf(exchange)
  }
  if (left > most) return kept
  const first = kept.findIndex(message => out.has(message))
  return kept.flatMap((message, place) =>
    out.has(message) ? [] : [first !== -1 && place > first ? shifted(message) : message],
  )
}

function exchangeAt(kept: readonly ModelMessage[], place: number): readonly ModelMessage[] {
  return kept.slice(place, kept[place + 1]?.from === 'tools' ? place + 2 : place + 1)
}

function isOfPerson(message: ModelMessage): boolean {
  return message.from === 'tools' && message.answers.some(isTheirs)
}

/** What a person answered to a question or a card came as an answer of the tool that asked. */
function isTheirs({ text }: ModelAnswer): boolean {
  return text.startsWith('The person ')
}

/** Null where that makes nothing shorter. */
function shortAnswers(message: ModelMessage): ModelMessage | null {
  const stays = (answer: ModelAnswer) => answer.text.length <= SHORT || isTheirs(answer)
  if (message.from !== 'tools' || message.answers.every(stays)) return null
  return {
    ...message,
    answers: message.answers.map(answer => {
      const again = AGAIN.get(answer.tool) ?? answer.tool
      const text = `${LEFT_OUT}. Where it is needed, call ${again} again.]`
      return stays(answer) ? answer : { ...answer, text }
    }),
  }
}

/** Null where nothing that its calls were given is long. What was signed was signed with all of it. */
function shortCalls(message: ModelMessage): ModelMessage | null {
  if (message.from !== 'model' || message.calls.length === 0) return null
  const { text, calls, kept } = message
  const less = calls.map(shortCall)
  const said = text.length <= SHORT_INPUT ? text : `${text.slice(0, SHORT)} ${LEFT_OUT}.]`
  if (said === text && less.every((call, place) => call === calls[place])) return null
  // That nothing more is given back to a provider goes on being known.
  return { from: 'model', text: said, calls: less, ...(kept?.data === null ? { kept } : {}) }
}

function shortCall(call: ModelCall): ModelCall {
  const { input, tool } = call
  if (isShort(input, SHORT)) return call
  const note = noteOf(tool)
  const parts = isJsonObject(input) ? Object.entries(input) : []
  const less = Object.fromEntries(parts.map(([name, part]) => [name, isShort(part, SHORT) ? part : note]))
  return { ...call, input: parts.length > 0 && isShort(less, SHORT_INPUT) ? less : { leftOut: note } }
}

function noteOf(tool: string): string {
  const isOfPlan = tool === 'write_script' || tool === 'propose_contract'
  return `${LEFT_OUT}.${isOfPlan ? ' read_plan gives contract and script as they are now.' : ''}]`
}

function isShort(json: Json, most: number): boolean {
  return JSON.stringify(json).length <= most
}

function withoutThought(message: ModelMessage): ModelMessage | null {
  if (message.from !== 'model') return null
  const { kept, ...said } = message
  return JSON.stringify(kept ?? null).length > SHORT_THOUGHT ? said : null
}

/** What a model thought, it thought about what stood there then. */
function shifted(message: ModelMessage): ModelMessage {
  if (message.from !== 'model' || message.kept === undefined) return message
  return { ...message, kept: { ...message.kept, isShifted: true } }
}

function bytesOf(message: ModelMessage): number {
  return new TextEncoder().encode(JSON.stringify(message)).byteLength
}

function sizeOf(messages: readonly ModelMessage[]): number {
  return messages.reduce((sum, message) => sum + bytesOf(message), 0)
}
