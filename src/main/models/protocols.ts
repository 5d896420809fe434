/**
 * The four protocols behind one shape: the provider packages of the AI SDK, each loaded when it is first needed. They
 * write requests and read answers; every request leaves through the `fetch` they are given, and they hold no key.
 */
import type { createOpenAI } from '@ai-sdk/openai'
import type { createOpenAICompatible } from '@ai-sdk/openai-compatible'
import type { ModelMaker } from '../../domain/model-makers.ts'
import { besideExtractor } from './beside.ts'

/** A model as the SDK shapes it, whatever its provider. */
export type Protocol = ReturnType<ReturnType<typeof createOpenAI>['responses']>
export type ProtocolCall = Parameters<Protocol['doStream']>[0]
export type ProtocolPart =
  Awaited<ReturnType<Protocol['doStream']>>['stream'] extends ReadableStream<infer Part> ? Part : never

/** The same for pictures. */
export type PictureProtocol = Pick<
  ReturnType<ReturnType<typeof createOpenAICompatible>['imageModel']>,
  'doGenerate'
>
export type PictureCall = Parameters<PictureProtocol['doGenerate']>[0]
export type PictureResult = Awaited<ReturnType<PictureProtocol['doGenerate']>>

export interface Asked {
  readonly maker: ModelMaker
  readonly model: string
  readonly base: string
  readonly fetch: typeof globalThis.fetch
}

/** The packages insist on a key. The real one is attached to the request where nobody here sees it. */
const NO_KEY = 'kept-elsewhere'

export async function protocolOf({ maker, model, base, fetch }: Asked): Promise<Protocol> {
  const options = { baseURL: base, apiKey: NO_KEY, fetch }
  switch (maker) {
    case 'anthropic': {
      const { createAnthropic } = await import('@ai-sdk/anthropic')
      return createAnthropic(options)(model)
    }
    case 'openai': {
      const { createOpenAI } = await import('@ai-sdk/openai')
      return createOpenAI(options).responses(model)
    }
    case 'google': {
      const { createGoogle } = await import('@ai-sdk/google')
      return createGoogle(options)(model)
    }
    case 'openrouter':
    case 'compatible': {
      const { createOpenAICompatible } = await import('@ai-sdk/openai-compatible')
      const named = {
        ...options,
        name: maker,
        includeUsage: true,
        supportsStructuredOutputs: true,
        metadataExtractor: besideExtractor,
      }
      const { extractReasoningMiddleware, wrapLanguageModel } = await import('ai')
      const middleware = extractReasoningMiddleware({ tagName: THINKING })
      return wrapLanguageModel({ model: createOpenAICompatible(named).chatModel(model), middleware })
    }
  }
}

/** Servers of open models often leave what a model thinks in its text, between tags of this name. */
const THINKING = 'think'

/** Of makers that can draw. */
export async function pictureProtocolOf({ maker, model, base, fetch }: Asked): Promise<PictureProtocol> {
  const options = { baseURL: base, apiKey: NO_KEY, fetch }
  switch (maker) {
    case 'openai': {
      const { createOpenAI } = await import('@ai-sdk/openai')
      return createOpenAI(options).image(model)
    }
    case 'google': {
      const { createGoogle } = await import('@ai-sdk/google')
      return createGoogle(options).image(model)
    }
    case 'compatible': {
      const { createOpenAICompatible } = await import('@ai-sdk/openai-compatible')
      return createOpenAICompatible({ ...options, name: maker }).imageModel(model)
    }
    case 'anthropic':
    case 'openrouter':
      throw new Error(`${maker} was asked to draw`)
  }
}
