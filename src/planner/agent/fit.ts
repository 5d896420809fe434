/**
 * Keeps a plan's conversation within what a model takes: of old answers of tools only a note stays, and a model that
 * needs one asks again; where that is not enough, what old replies were thought with goes too. What people and the model
 * said stays whole. Pure, and the same for every longer thread, so that
 * a provider's cache of its beginning goes on being of use until room is made the next time.
 */
import type { ModelInfo, ModelMessage } from '../../domain/model.ts'

/** What a thread may come to, in bytes of JSON, where the model takes as much. */
const USUAL_ROOM = 240_000
const LEAST_ROOM = 24_000
/** Text and code have about so many bytes for a token, or more. */
const BYTES_PER_TOKEN = 3
const MOST_BYTES_PER_TOKEN = 6
/** The newest messages stay whole: the model is about to work with them. */
const KEPT_WHOLE = 4
/** Answers that are no longer than this stay, and what a reply was thought with. */
const SHORT = 300
const SHORT_THOUGHT = 4_000

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

/** Whenever the thread, as it grew, came to more than `most`, half of that was made room. */
export function fitted(thread: readonly ModelMessage[], most: number): ModelMessage[] {
  const kept: ModelMessage[] = []
  let bytes = 0
  for (const message of thread) {
    kept.push(message)
    bytes += bytesOf(message)
    if (bytes > most) bytes -= makeRoom(kept, bytes - most / 2)
  }
  return kept
}

/** Shortens what is old, until so many bytes are gone or nothing is left to shorten; says how many went. */
function makeRoom(kept: ModelMessage[], wanted: number): number {
  let gone = 0
  let first = kept.length
  for (const shorter of [shortAnswers, withoutThought])
    for (let place = 0; place < kept.length - KEPT_WHOLE && gone < wanted; place++) {
      const message = kept[place]
      const less = message === undefined ? null : shorter(message)
      if (message === undefined || less === null) continue
      gone += bytesOf(message) - bytesOf(less)
      kept[place] = less
      first = Math.min(first, place)
    }
  for (const [place, message] of kept.entries()) if (place > first) kept[place] = shifted(message)
  return gone
}

/** Null where that makes nothing shorter. */
function shortAnswers(message: ModelMessage): ModelMessage | null {
  if (message.from !== 'tools' || message.answers.every(({ text }) => text.length <= SHORT)) return null
  return {
    ...message,
    answers: message.answers.map(answer =>
      answer.text.length <= SHORT
        ? answer
        : { ...answer, text: `[Left out to save room. Where it is needed, call ${answer.tool} again.]` },
    ),
  }
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
