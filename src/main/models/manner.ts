/**
 * How a request is put to a provider, and what of it is given up where that was refused: each once, and of the length of
 * an answer some more each time, so that a model that takes no temperature, no longer knows its own signatures, or says
 * little at once, still answers.
 */
import type { Kept, ModelMessage, ModelRequest } from '../../domain/model.ts'
import type { ModelMaker } from '../../domain/model-makers.ts'
import type { TryFailed } from './failures.ts'
import { isTakenForAnswer } from './schemas.ts'

export interface Manner {
  /** How a structured answer is asked for, beside words. */
  readonly answerBy: 'schema' | 'tool' | 'words'
  readonly hasTemperature: boolean
  /** Whether models get back what they gave. */
  readonly givesBack: boolean
  /** Whether calls of which it is not known what was thought before them say that nothing was. */
  readonly saysBlanks: boolean
  /** Tokens that may come back at most; Infinity where nobody has said. */
  readonly mostOutput: number
}

/** Less is asked for only where a provider names it. */
const LEAST_OUTPUT = 1_000
/** Rather than an answer of less, less is sent. */
const LEAST_BESIDE = 4_000

export function usualManner(
  { answer }: ModelRequest,
  maker: ModelMaker,
  mostOutput: number = Infinity,
): Manner {
  const answerBy = answer === undefined || isTakenForAnswer(answer, maker) ? 'schema' : 'words'
  return { answerBy, hasTemperature: true, givesBack: true, saysBlanks: false, mostOutput }
}

type Refusal = Pick<TryFailed, 'refused' | 'named'>

interface Put {
  readonly request: ModelRequest
  readonly maker: ModelMaker
}

/** The same with less of it, by what was refused; null where nothing is left to give up. */
export function milder(manner: Manner, refusal: Refusal, put: Put): Manner | null {
  return shorter(manner, refusal, put.request) ?? without(manner, refusal, put)
}

/** As long an answer as is named the first time, and then half of it: no list of limits is worked through. */
function shorter({ mostOutput, ...manner }: Manner, refusal: Refusal, request: ModelRequest): Manner | null {
  const { refused, named } = refusal
  const asked = Math.min(request.maxOutputTokens, mostOutput)
  const half = Math.floor(asked / 2)
  const limit = mostOutput === Infinity ? Math.max(0, ...named.filter(each => each < asked)) : 0
  const room = limit > 0 ? limit : Math.max(LEAST_OUTPUT, half)
  const rest = Math.max(LEAST_BESIDE, half)
  const less = refused.includes('room') ? room : refused.includes('rest') ? rest : asked
  return less < asked ? { ...manner, mostOutput: less } : null
}

function without(manner: Manner, { refused }: Refusal, { request, maker }: Put): Manner | null {
  const isOpen = maker === 'compatible' || maker === 'openrouter'
  const isOf = {
    temperature: manner.hasTemperature && request.temperature !== undefined,
    'no-thought': isOpen && !manner.saysBlanks,
    thought: manner.givesBack && request.messages.some(message => keptIn(message) !== undefined),
    room: false,
    rest: false,
    something: request.answer !== undefined && manner.answerBy !== 'words',
  }
  switch (refused.find(each => isOf[each])) {
    case 'temperature':
      return { ...manner, hasTemperature: false }
    case 'no-thought':
      return { ...manner, saysBlanks: true }
    case 'thought':
      return { ...manner, givesBack: false }
    case 'something':
      // Some servers take no schema beside the request, and some of these no tool that has to be called.
      return { ...manner, answerBy: isOpen && manner.answerBy === 'schema' ? 'tool' : 'words' }
    default:
      return null
  }
}

/** Those who bind what a model thought to all that stood before it. */
const BINDING: readonly ModelMaker[] = ['anthropic', 'openrouter']

/**
 * What is sent of what was kept: what is the model's own, and of that only what came after it last had to do without.
 * What it thought then was thought without the rest.
 */
export function ownKept(
  messages: readonly ModelMessage[],
  { by, maker }: { by: string; maker: ModelMaker },
): readonly ModelMessage[] {
  const own = messages.map(message => (keptIn(message)?.by === by ? keptIn(message) : undefined))
  if (own.some(kept => kept?.data === null)) return messages.map(bare)
  const first = own.findLastIndex(kept => kept?.isAfresh === true)
  const isSent = (kept: Kept | undefined, place: number) =>
    kept !== undefined && place >= first && !(kept.isShifted === true && BINDING.includes(maker))
  return messages.map((message, place) => (isSent(own[place], place) ? message : bare(message)))
}

/** What is to be kept of an answer; of whoever refuses also what it gave after the last refusal, nothing any more. */
export function toBeKept(kept: Kept, given: readonly ModelMessage[]): Kept {
  const isHopeless = kept.isAfresh && given.some(message => keptIn(message)?.isAfresh === true)
  return isHopeless ? { ...kept, data: null } : kept
}

function keptIn(message: ModelMessage): Kept | undefined {
  return message.from === 'model' ? message.kept : undefined
}

export function bare(message: ModelMessage): ModelMessage {
  if (message.from !== 'model') return message
  const { from, text, calls } = message
  return { from, text, calls }
}
