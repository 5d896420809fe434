/** A request as a protocol takes it: messages, tools, the schema of an answer, and what a provider should cache. */
import type { JsonObject } from '../../domain/json.ts'
import type { ModelMessage, ModelRequest, ModelTool } from '../../domain/model.ts'
import type { ModelMaker } from '../../domain/model-makers.ts'
import type { Manner } from './manner.ts'
import { assistantMessage } from './pieces.ts'
import type { ProtocolCall } from './protocols.ts'
import { plainSchema } from './schemas.ts'

type Prompt = ProtocolCall['prompt']
type Message = Prompt[number]

/** As a tool that the model has to call, where the provider takes no schema for an answer. */
export const ANSWER_TOOL = 'answer'

export function callFor(request: ModelRequest, maker: ModelMaker, manner: Manner): ProtocolCall {
  const { answer, tools = [], temperature, maxOutputTokens } = request
  const { answerBy, hasTemperature } = manner
  const schema = answer === undefined ? undefined : plainSchema(answer, maker)
  return {
    prompt: promptOf(request, manner),
    maxOutputTokens,
    ...(temperature === undefined || !hasTemperature ? {} : { temperature }),
    ...(schema !== undefined && answerBy === 'tool' ? byCalling(schema) : withTools(tools, maker)),
    ...(schema !== undefined && answerBy === 'schema'
      ? { responseFormat: { type: 'json', schema, name: 'answer' } }
      : {}),
    providerOptions: SETTINGS[maker],
  }
}

/** A schema is what an answer is held against here; to providers it is no more than told. */
const SETTINGS: Readonly<Record<ModelMaker, NonNullable<ProtocolCall['providerOptions']>>> = {
  anthropic: {},
  // What is not stored there comes back sealed, and goes there again with each request.
  openai: { openai: { store: false, strictJsonSchema: false } },
  google: {},
  openrouter: { openrouter: { strictJsonSchema: false } },
  compatible: { compatible: { strictJsonSchema: false } },
}

/**
 * What is sent, as far as it is text, and what it may stand for beyond that. The schema of an answer is sent twice: in
 * the text, and as providers want it.
 */
export function bytesOf({ system, messages, tools = [], answer = {} }: ModelRequest): number {
  return Buffer.byteLength(JSON.stringify([system, messages, tools, answer, answer])) + unseen(messages)
}

/** Of the reasoning that goes back, what is more than the bytes it goes back in. */
export function unseen(messages: readonly ModelMessage[]): number {
  const kept = messages.flatMap(message => (message.from === 'model' ? (message.kept ?? []) : []))
  return kept.reduce((sum, { tokens, data }) => sum + Math.max(0, tokens - JSON.stringify(data).length), 0)
}

function withTools(tools: readonly ModelTool[], maker: ModelMaker): Pick<ProtocolCall, 'tools'> {
  if (tools.length === 0) return {}
  return {
    tools: tools.map(({ name, description, input }) => {
      return { type: 'function', name, description, inputSchema: plainSchema(input, maker) }
    }),
  }
}

function byCalling(schema: JsonObject): Pick<ProtocolCall, 'tools' | 'toolChoice'> {
  const description = 'Takes the answer. It is the only way to answer.'
  return {
    tools: [{ type: 'function', name: ANSWER_TOOL, description, inputSchema: schema }],
    toolChoice: { type: 'tool', toolName: ANSWER_TOOL },
  }
}

/** The system's text and all but the newest message come again with the next request: providers are told to keep them. */
function promptOf({ system, answer, messages }: ModelRequest, { saysBlanks }: Manner): Prompt {
  const said = answer === undefined ? system : `${system}\n\n${schemaText(answer)}`
  const kept = messages.length - 2
  return [
    { role: 'system', content: said, ...CACHED },
    ...messages.map((message, place) => {
      const sent = messageOf(message, saysBlanks)
      if (place !== kept) return sent
      return { ...sent, providerOptions: { ...sent.providerOptions, ...CACHED.providerOptions } }
    }),
  ]
}

const CACHED = { providerOptions: { anthropic: { cacheControl: { type: 'ephemeral' } } } }

/** For servers that ignore a schema beside the request. */
function schemaText(schema: JsonObject): string {
  return `Answer with one JSON value of this JSON Schema and nothing else:\n${JSON.stringify(schema)}`
}

function messageOf(message: ModelMessage, saysBlanks: boolean): Message {
  switch (message.from) {
    case 'user':
      return { role: 'user', content: [{ type: 'text', text: message.text }] }
    case 'model':
      return assistantMessage(message, saysBlanks)
    case 'tools':
      return {
        role: 'tool',
        content: message.answers.map(({ callId, tool, text }) => ({
          type: 'tool-result',
          toolCallId: callId,
          toolName: tool,
          output: { type: 'text', value: text },
        })),
      }
  }
}
