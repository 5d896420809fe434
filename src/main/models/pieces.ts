/**
 * What an answer is made of, in the order in which it came, with what its provider wants back beside each piece. Pieces
 * name text by its length and calls by their id: both are in the message already, and only there.
 */
import { z } from 'zod'
import { isJsonObject, sha256Hex } from '../../domain/json.ts'
import type { Json } from '../../domain/json.ts'
import type { ModelCall, ModelMessage } from '../../domain/model.ts'
import type { ModelMaker } from '../../domain/model-makers.ts'
import { besideSchema, withThought } from './beside.ts'
import type { Beside } from './beside.ts'
import type { ProtocolCall, ProtocolPart } from './protocols.ts'

type ModelSaid = Omit<Extract<ModelMessage, { from: 'model' }>, 'from'>
type AssistantMessage = Extract<ProtocolCall['prompt'][number], { role: 'assistant' }>
type Content = AssistantMessage['content']
type Options = NonNullable<AssistantMessage['providerOptions']>
type BlockPart = Extract<ProtocolPart, { id: string; providerMetadata?: Options }>

/** As a piece comes: its text grows, and what belongs to it may come with any part of it. */
export interface Heard {
  readonly is: 'text' | 'thought' | 'call'
  readonly id: string
  text: string
  with: Options
  /** It was said that it had ended. */
  isWhole: boolean
}

const withSchema = z.record(z.string(), z.record(z.string(), z.json())).optional()
const dataSchema = z.strictObject({
  /** The text that the lengths are of. */
  of: z.string(),
  pieces: z.array(
    z.union([
      z.strictObject({ text: z.int().min(0), with: withSchema }),
      z.strictObject({ thought: z.string(), with: withSchema }),
      z.strictObject({ call: z.string(), with: withSchema }),
    ]),
  ),
  beside: besideSchema.optional(),
})
type Data = z.output<typeof dataSchema>
type Piece = Data['pieces'][number]

/** Longer than what any provider signs by far; a message whose data is larger goes back without it. */
const MOST_BYTES = 262_144

export function hear(heard: Heard[], part: ProtocolPart): void {
  switch (part.type) {
    case 'text-start':
    case 'reasoning-start':
      heard.push(begun(part))
      return
    case 'text-delta':
    case 'reasoning-delta':
    case 'text-end':
    case 'reasoning-end':
      grow(pieceOf(heard, part), part)
      return
    case 'tool-call':
      heard.push({ ...NOTHING, is: 'call', id: part.toolCallId, with: merged({}, part.providerMetadata) })
      return
    default:
      return
  }
}

const NOTHING = { text: '', isWhole: false }

function begun({ type, id, providerMetadata }: BlockPart): Heard {
  const is = type.startsWith('text') ? 'text' : 'thought'
  return { ...NOTHING, is, id, with: merged({}, providerMetadata) }
}

/** The block that is open, or one that was never begun. */
function pieceOf(heard: Heard[], part: BlockPart): Heard {
  const fresh = begun(part)
  const known = heard.findLast(({ is, id }) => is === fresh.is && id === fresh.id)
  if (known === undefined) heard.push(fresh)
  return known ?? fresh
}

function grow(piece: Heard, part: BlockPart): void {
  if ('delta' in part) piece.text += part.delta
  else piece.isWhole = true
  piece.with = merged(piece.with, part.providerMetadata)
}

function merged(known: Options, more: Options | undefined): Options {
  const all = { ...known }
  for (const [provider, said] of Object.entries(more ?? {})) all[provider] = { ...all[provider], ...said }
  return all
}

/** An answer, as far as it is gathered here. */
interface Answer {
  readonly heard: readonly Heard[]
  readonly text: string
  readonly calls: readonly ModelCall[]
  readonly beside: Beside | null
}

/** What has to come back with the message; undefined where that is nothing, or cannot be. */
export function keptData(maker: ModelMaker, { heard, text, calls, beside }: Answer): Json | undefined {
  const pieces = heard.flatMap(piece => written(maker, piece))
  const isNeeded = beside !== null || pieces.some(piece => 'thought' in piece || piece.with !== undefined)
  if (!isNeeded) return undefined
  const data = asJson({ of: markOf(text), pieces, ...(beside === null ? {} : { beside }) })
  const isFaithful = contentOf({ text, calls }, data) !== undefined
  return isFaithful && Buffer.byteLength(JSON.stringify(data)) <= MOST_BYTES ? data : undefined
}

function written(maker: ModelMaker, { is, id, text, with: options, isWhole }: Heard): Piece[] {
  const beside = Object.keys(options).length === 0 ? {} : { with: asJson(options) as Piece['with'] }
  switch (is) {
    case 'call':
      return [{ call: id, ...beside }]
    case 'text':
      return text === '' && options['google']?.['thoughtSignature'] === undefined
        ? []
        : [{ text: text.length, ...beside }]
    case 'thought':
      return isWhole && isSigned(maker, options) ? [{ thought: text, ...beside }] : []
  }
}

/** Thoughts that bear no mark of their provider are refused, or looked up where they were never stored. */
function isSigned(maker: ModelMaker, options: Options): boolean {
  switch (maker) {
    case 'anthropic':
      return isText(options['anthropic']?.['signature']) || isText(options['anthropic']?.['redactedData'])
    case 'openai':
      return isText(options['openai']?.['reasoningEncryptedContent'])
    case 'google':
      return isText(options['google']?.['thoughtSignature'])
    case 'openrouter':
    case 'compatible':
      return false
  }
}

function isText(value: unknown): boolean {
  return typeof value === 'string' && value !== ''
}

/** As the protocols take a message of a model: as it was said, else its text and then its calls. */
export function assistantMessage(message: ModelSaid, withBlank = false): AssistantMessage {
  const { text, calls, kept } = message
  const { content, beside } = (kept && contentOf(message, kept.data)) ?? {
    content: [
      ...(text === '' ? [] : [{ type: 'text' as const, text }]),
      ...calls.map(call => callPart(call)),
    ],
    beside: undefined,
  }
  const said = withBlank && calls.length > 0 ? withThought(beside) : beside
  return {
    role: 'assistant',
    content,
    ...(said === undefined ? {} : { providerOptions: { openaiCompatible: said } }),
  }
}

/** Undefined where the pieces are not those of this text and these calls. */
function contentOf(
  { text, calls }: Pick<ModelSaid, 'text' | 'calls'>,
  data: Json,
): { content: Content; beside: Beside | undefined } | undefined {
  const read = dataSchema.safeParse(data)
  if (!read.success || read.data.of !== markOf(text)) return undefined
  const { pieces, beside } = read.data
  let at = 0
  const content = pieces.flatMap((piece): Content => {
    const options = piece.with === undefined ? {} : { providerOptions: piece.with }
    if ('thought' in piece) return [{ type: 'reasoning', text: piece.thought, ...options }]
    if ('text' in piece) return [{ type: 'text', text: text.slice(at, (at += piece.text)), ...options }]
    // Of many calls not all are made: those that were not are not in the message.
    const call = calls.find(({ id }) => id === piece.call)
    return call === undefined ? [] : [{ ...callPart(call), ...options }]
  })
  const made = content.flatMap(part => (part.type === 'tool-call' ? [part.toolCallId] : []))
  const isSame = at === text.length && made.join() === calls.map(({ id }) => id).join()
  return isSame ? { content, beside } : undefined
}

function callPart({ id, tool, input }: ModelCall) {
  return {
    type: 'tool-call' as const,
    toolCallId: id,
    toolName: tool,
    // Providers take an object; what was no JSON is told to the model in the answer to the call.
    input: isJsonObject(input) ? input : {},
  }
}

function markOf(text: string): string {
  return sha256Hex(text).slice(0, 16)
}

function asJson(value: unknown): Json {
  return JSON.parse(JSON.stringify(value)) as Json
}
