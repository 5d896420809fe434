/** A request as a protocol takes it: messages, tools, the schema of an answer, and what a provider should cache. */
import { isJsonObject } from '../../domain/json.ts'
import type { JsonObject } from '../../domain/json.ts'
import type { ModelMessage, ModelRequest, ModelTool } from '../../domain/model.ts'
import type { ModelMaker } from '../../domain/model-makers.ts'
import type { ProtocolCall } from './protocols.ts'

type Prompt = ProtocolCall['prompt']
type Message = Prompt[number]

/** As a tool that the model has to call, where the provider takes no schema for an answer. */
export const ANSWER_TOOL = 'answer'

export interface Shape {
  readonly maker: ModelMaker
  /** How a structured answer is asked for. */
  readonly answerBy: 'schema' | 'tool'
}

export function callFor(request: ModelRequest, { maker, answerBy }: Shape): ProtocolCall {
  const { answer, tools = [], temperature, maxOutputTokens } = request
  const byTool = answer !== undefined && answerBy === 'tool'
  return {
    prompt: promptOf(request),
    maxOutputTokens,
    ...(temperature === undefined ? {} : { temperature }),
    ...(byTool ? byCalling(answer) : withTools(tools)),
    ...(answer === undefined || byTool
      ? {}
      : { responseFormat: { type: 'json', schema: answer, name: 'answer' } }),
    ...(maker === 'openai' ? { providerOptions: { openai: { store: false, strictJsonSchema: false } } } : {}),
  }
}

/** What is sent, as far as it is text. The schema of an answer is sent twice: in the text, and as providers want it. */
export function bytesOf({ system, messages, tools = [], answer = {} }: ModelRequest): number {
  return Buffer.byteLength(JSON.stringify([system, messages, tools, answer, answer]))
}

function withTools(tools: readonly ModelTool[]): Pick<ProtocolCall, 'tools'> {
  if (tools.length === 0) return {}
  return {
    tools: tools.map(({ name, description, input }) => {
      return { type: 'function', name, description, inputSchema: input }
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
function promptOf({ system, answer, messages }: ModelRequest): Prompt {
  const said = answer === undefined ? system : `${system}\n\n${schemaText(answer)}`
  const kept = messages.length - 2
  return [
    { role: 'system', content: said, ...CACHED },
    ...messages.map((message, place) => ({
      ...messageOf(message),
      ...(place === kept ? CACHED : {}),
    })),
  ]
}

const CACHED = { providerOptions: { anthropic: { cacheControl: { type: 'ephemeral' } } } }

/** For servers that ignore a schema beside the request. */
function schemaText(schema: JsonObject): string {
  return `Answer with one JSON value of this JSON Schema and nothing else:\n${JSON.stringify(schema)}`
}

function messageOf(message: ModelMessage): Message {
  switch (message.from) {
    case 'user':
      return { role: 'user', content: [{ type: 'text', text: message.text }] }
    case 'model':
      return {
        role: 'assistant',
        content: [
          ...(message.text === '' ? [] : [{ type: 'text' as const, text: message.text }]),
          ...message.calls.map(({ id, tool, input }) => ({
            type: 'tool-call' as const,
            toolCallId: id,
            toolName: tool,
            // Providers take an object; what was no JSON is told to the model in the answer to the call.
            input: isJsonObject(input) ? input : {},
          })),
        ],
      }
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
