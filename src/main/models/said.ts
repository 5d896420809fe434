/** What a model says, gathered from the stream of its protocol: text, calls, how it ended, what it used. */
import type { Json } from '../../domain/json.ts'
import type { ModelCall } from '../../domain/model.ts'
import { besideIn } from './beside.ts'
import type { Beside } from './beside.ts'
import { hear } from './pieces.ts'
import type { Heard } from './pieces.ts'
import type { Charged } from './prices.ts'
import type { ProtocolPart } from './protocols.ts'
import { reportedUse } from './usage.ts'

type Finish = Extract<ProtocolPart, { type: 'finish' }>

export interface Said {
  text: string
  calls: ModelCall[]
  /** All of it, in the order in which it came. */
  readonly heard: Heard[]
  /** What came beside the whole message. */
  beside: Beside | null
  /** undefined: the stream was cut before it said how it ended. */
  finish: Finish['finishReason']['unified'] | undefined
  raw: string | undefined
  /** As the provider reported it; null where it did not, or where that cannot be. */
  tokens: Charged | null
  /** Of all that came, reasoning and arguments included. */
  characters: number
  /** What the provider said went wrong in the middle. */
  error: unknown
}

export function nothingSaid(): Said {
  return {
    text: '',
    calls: [],
    heard: [],
    beside: null,
    finish: undefined,
    raw: undefined,
    tokens: null,
    characters: 0,
    error: undefined,
  }
}

/** Adds to `said` as it comes, so that what came before a failure is known. */
export async function gather(
  stream: ReadableStream<ProtocolPart>,
  said: Said,
  onText: (delta: string) => void,
): Promise<void> {
  for await (const part of stream) {
    hear(said.heard, part)
    add(said, part, onText)
  }
}

function add(said: Said, part: ProtocolPart, onText: (delta: string) => void): void {
  switch (part.type) {
    case 'text-delta':
      said.text += part.delta
      said.characters += part.delta.length
      onText(part.delta)
      return
    case 'reasoning-delta':
    case 'tool-input-delta':
      said.characters += part.delta.length
      return
    case 'tool-call':
      said.calls.push({ id: part.toolCallId, tool: part.toolName, input: inputOf(part.input) })
      return
    case 'error':
      said.error ??= part.error
      return
    case 'finish':
      finishWith(said, part)
      return
    default:
      return
  }
}

function finishWith(said: Said, { finishReason, usage, providerMetadata }: Finish): void {
  said.beside = besideIn(providerMetadata)
  said.finish = finishReason.unified
  said.raw = finishReason.raw
  const { inputTokens, outputTokens } = usage
  said.tokens = reportedUse({
    input: inputTokens.total,
    cached: inputTokens.cacheRead,
    written: inputTokens.cacheWrite,
    output: outputTokens.total,
    reasoning: outputTokens.reasoning,
  })
}

/** The arguments of a call; a call without any has none to be wrong. */
function inputOf(text: string): Json {
  return text.trim() === '' ? {} : (jsonOf(text)?.value ?? null)
}

/** Undefined where it is no JSON. A model's `__proto__` is no key. */
export function jsonOf(text: string): { value: Json } | undefined {
  try {
    const value = JSON.parse(text, (key, member: Json) => (key === '__proto__' ? undefined : member)) as Json
    return { value }
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}
