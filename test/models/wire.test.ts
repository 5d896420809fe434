/** What goes over the wire byte by byte, and answers that no mock gives: a server of our own, the real core. */
import { afterEach, beforeEach, expect, it } from 'vitest'
import type { ModelMaker } from '../../src/domain/model-makers.ts'
import { listCosts } from '../../src/main/store/costs.ts'
import { startCore } from '../server/api.ts'
import type { TestCore } from '../server/api.ts'
import { failureFrom, serve } from '../support/guarded-client.ts'
import type { LoopbackServer } from '../support/loopback-server.ts'
import { asking, CANARY } from '../support/model-world.ts'

let steward: TestCore

beforeEach(async () => {
  steward = await startCore()
})
afterEach(async () => {
  await steward.end()
})

const ask = (text: string, more: Parameters<typeof asking>[1] = {}) =>
  steward.core.engine.models.ask(asking(text, more))

async function connect(
  maker: ModelMaker,
  model: string,
  server: LoopbackServer,
  auth?: 'none',
): Promise<void> {
  await steward.core.connections.add({
    name: 'model',
    kind: 'model',
    settings: { maker, url: server.url('/v1'), model },
    ...(auth === 'none' ? { auth } : { secrets: { key: CANARY } }),
  })
}

const events = (...pieces: object[]) => pieces.map(piece => `data: ${JSON.stringify(piece)}\n\n`).join('')

function streaming(text: string) {
  return serve((_request, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' }).end(text)
  })
}

const ANTHROPIC_CALL = events(
  {
    type: 'message_start',
    message: {
      id: 'msg_1',
      type: 'message',
      role: 'assistant',
      model: 'claude-haiku-5-5',
      content: [],
      stop_reason: null,
      usage: {
        input_tokens: 1_000,
        cache_read_input_tokens: 10_000,
        cache_creation_input_tokens: 2_000,
        output_tokens: 1,
      },
    },
  },
  {
    type: 'content_block_start',
    index: 0,
    content_block: { type: 'tool_use', id: 'tu_1', name: 'look', input: {} },
  },
  { type: 'content_block_delta', index: 0, delta: { type: 'input_json_delta', partial_json: '{"at": "pa' } },
  { type: 'content_block_stop', index: 0 },
  {
    type: 'message_delta',
    delta: { stop_reason: 'tool_use', stop_sequence: null },
    usage: { output_tokens: 100 },
  },
  { type: 'message_stop' },
)

it('Anthropic is told what to keep, and what it kept is paid for as such', async () => {
  const server = await streaming(ANTHROPIC_CALL)
  await connect('anthropic', 'claude-haiku-5-5', server)
  const messages = ['first', 'second', 'third'].map(text => ({ from: 'user' as const, text }))
  const tools = [{ name: 'look', description: 'Looks.', input: { type: 'object', properties: {} } }]
  const reply = await ask('', { messages, tools })
  expect(reply.calls).toEqual([{ id: 'tu_1', tool: 'look', input: null }])
  // 0.10 dollars for a million, 0.01 cached, 0.125 kept, 0.50 that come back.
  expect(reply).toMatchObject({
    tokens: { input: 13_000, cached: 10_000, output: 100 },
    micros: 100 + 100 + 250 + 50,
  })
  const [request] = server.seen
  const sent = JSON.parse(request?.body ?? '') as { system: object[]; messages: { content: object[] }[] }
  expect(sent.system).toMatchObject([{ text: 'You are tested.', cache_control: { type: 'ephemeral' } }])
  const marked = sent.messages.flatMap(({ content }) => content).filter(part => 'cache_control' in part)
  expect(marked).toMatchObject([{ text: 'second' }])
  expect(request?.headers).toMatchObject({ 'x-api-key': CANARY, 'user-agent': 'Steward' })
  expect(JSON.stringify(request)).not.toContain('kept-elsewhere')
})

it('what was cached and thought is known over the protocol of OpenAI', async () => {
  const usage = {
    prompt_tokens: 900,
    completion_tokens: 80,
    total_tokens: 980,
    prompt_tokens_details: { cached_tokens: 600 },
    completion_tokens_details: { reasoning_tokens: 50 },
  }
  const server = await streaming(
    events({ choices: [{ delta: { content: 'Yes.' }, finish_reason: 'stop' }] }, { choices: [], usage }) +
      'data: [DONE]\n\n',
  )
  await connect('openrouter', 'openai/gpt-6-luna', server)
  const reply = await ask('hello')
  expect(reply.tokens).toEqual({ input: 900, cached: 600, output: 80, reasoning: 50 })
  // 300 of 0.10, 600 of 0.01, 80 of 0.50 dollars for a million.
  expect(reply).toMatchObject({ micros: 30 + 6 + 40, estimated: false })
  expect(server.seen[0]?.headers.authorization).toBe(`Bearer ${CANARY}`)
})

it('usage that is not reported is estimated, and marked', async () => {
  const server = await streaming(
    `${events({ choices: [{ delta: { content: 'Yes, that is so.' }, finish_reason: 'stop' }] })}data: [DONE]\n\n`,
  )
  await connect('compatible', 'local-one', server, 'none')
  const reply = await ask('hello')
  expect(reply).toMatchObject({ text: 'Yes, that is so.', estimated: true, tokens: { output: 6 } })
  expect(server.seen[0]?.headers).not.toHaveProperty('authorization')
})

it('a refusal over the responses of OpenAI is rejected, with what was said, and paid for', async () => {
  const item = { type: 'message', id: 'msg_1' }
  const place = { item_id: 'msg_1', output_index: 0, content_index: 0 }
  const server = await streaming(
    events(
      { type: 'response.created', response: { id: 'r', created_at: 1, model: 'gpt-6-luna' } },
      { type: 'response.output_item.added', output_index: 0, item },
      { type: 'response.refusal.delta', ...place, delta: 'I will not say.' },
      { type: 'response.refusal.done', ...place, refusal: 'I will not say.' },
      { type: 'response.output_item.done', output_index: 0, item },
      { type: 'response.completed', response: { usage: { input_tokens: 40, output_tokens: 8 } } },
    ),
  )
  await connect('openai', 'gpt-6-luna', server)
  const failure = await failureFrom(ask('hello'))
  expect(failure.kind).toBe('rejected')
  expect(failure.message).toContain('I will not say.')
  expect(listCosts(steward.core.store, 10)).toMatchObject([
    { state: 'spent', input_tokens: 40, output_tokens: 8 },
  ])
})

it('a server that leads elsewhere is not followed, and the key goes nowhere else', async () => {
  const other = await streaming('')
  const server = await serve((_request, response) => {
    response.writeHead(307, { location: other.url('/v1/responses') }).end()
  })
  await connect('openai', 'gpt-6-luna', server)
  expect(await failureFrom(ask('hello'))).toMatchObject({ kind: 'rejected', status: 307 })
  expect(other.seen).toEqual([])
  expect(listCosts(steward.core.store, 10)).toEqual([])
})

it('an answer that is no stream of the protocol is a bad response', async () => {
  const server = await serve((_request, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' }).end('data: {not json}\n\ndata: 7\n\n')
  })
  await connect('openai', 'gpt-6-luna', server)
  const failure = await failureFrom(ask('hello'))
  expect(failure.kind).toBe('bad-response')
  expect(server.seen).toHaveLength(3)
})
