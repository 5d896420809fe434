/**
 * A real core whose model is a mock on loopback that speaks the providers' own protocols: the connection, the guarded
 * client, the caps and the costs are those of production.
 */
import { LLMock } from '@copilotkit/aimock'
import type { JournalEntry, MockServerOptions } from '@copilotkit/aimock'
import type { CoreOptions } from '../../src/main/core.ts'
import type { ModelRequest } from '../../src/domain/model.ts'
import type { ModelMaker } from '../../src/domain/model-makers.ts'
import { listCosts } from '../../src/main/store/costs.ts'
import type { CostRow } from '../../src/main/store/costs.ts'
import { startCore } from '../server/api.ts'
import type { TestCore } from '../server/api.ts'

/** A protocol by the maker whose it is, and a model that the mock and the table of prices know. */
export const PROTOCOLS = [
  { protocol: 'OpenAI responses', maker: 'openai', path: '/v1', model: 'gpt-6-luna' },
  { protocol: 'OpenAI chat', maker: 'compatible', path: '/v1', model: 'local-one' },
  { protocol: 'Anthropic', maker: 'anthropic', path: '/v1', model: 'claude-haiku-5-5' },
  { protocol: 'Gemini', maker: 'google', path: '/v1beta', model: 'gemini-3.8-flash' },
] as const satisfies readonly { protocol: string; maker: ModelMaker; path: string; model: string }[]
export type TestedProtocol = (typeof PROTOCOLS)[number]

/** Found anywhere but on its way to the mock, it has leaked. */
export const CANARY = 'sk-canary-4f9ac31d77aa40be'

export interface ModelWorld extends TestCore {
  mock: LLMock
  /** What the mock was asked, in order. */
  asked(): readonly JournalEntry[]
  costs(): CostRow[]
}

export interface ModelWorldOptions {
  mock?: MockServerOptions
  core?: Partial<CoreOptions>
  key?: string
}

export async function createModelWorld(
  { maker, path, model }: TestedProtocol,
  { mock: mocked = {}, core: cored = {}, key = CANARY }: ModelWorldOptions = {},
): Promise<ModelWorld> {
  const mock = new LLMock({ port: 0, auth: { apiKeys: [CANARY] }, strict: false, ...mocked })
  await mock.start()
  const tested = await startCore(cored)
  await tested.core.connections.add({
    name: 'model',
    kind: 'model',
    settings: { maker, url: `${mock.url}${path}`, model },
    secrets: { key },
  })
  return {
    ...tested,
    mock,
    asked: () => mock.getRequests(),
    costs: () => listCosts(tested.core.store, 100).toReversed(),
    end: async () => {
      await tested.end()
      await mock.stop()
    },
  }
}

export function asking(text: string, more: Partial<ModelRequest> = {}): ModelRequest {
  return {
    role: 'small',
    system: 'You are tested.',
    messages: [{ from: 'user', text }],
    maxOutputTokens: 500,
    timeoutMs: 20_000,
    of: { purpose: 'run', workflowId: null, taskId: null, runId: null, stepId: null, tool: 'llm.extract' },
    signal: new AbortController().signal,
    ...more,
  }
}
