import { afterEach, describe, expect, it } from 'vitest'
import type { ModelWorld } from '../support/model-world.ts'
import { asking, createModelWorld, PROTOCOLS } from '../support/model-world.ts'
import type { TestedProtocol } from '../support/model-world.ts'

const [, CHAT, ANTHROPIC, GEMINI] = PROTOCOLS

let world: ModelWorld

afterEach(async () => {
  await world.end()
})

const USED = { prompt_tokens: 120, completion_tokens: 30, total_tokens: 150 }
const USED_BY = {
  openai: { input_tokens: 120, output_tokens: 30, total_tokens: 150 },
  compatible: USED,
  anthropic: { input_tokens: 120, output_tokens: 30 },
  google: { promptTokenCount: 120, candidatesTokenCount: 30, totalTokenCount: 150 },
} as const

const usage = ({ maker }: TestedProtocol) => ({ usage: USED_BY[maker] })
const models = () => world.core.engine.models

describe.each(PROTOCOLS)('over $protocol', protocol => {
  it('a text comes as it is written, and costs what the provider says it used', async () => {
    world = await createModelWorld(protocol)
    world.mock.onMessage('hello', { content: 'Good day to you.', ...usage(protocol) }, { chunkSize: 4 })
    const pieces: string[] = []
    const reply = await models().ask(asking('hello', { onText: delta => pieces.push(delta) }))
    expect(reply).toMatchObject({ text: 'Good day to you.', calls: [], finish: 'stop' })
    expect(pieces.join('')).toBe('Good day to you.')
    expect(pieces.length).toBeGreaterThan(1)
    expect(reply.tokens).toMatchObject({ input: 120, output: 30 })
    expect(world.costs()).toMatchObject([
      { state: 'spent', input_tokens: 120, output_tokens: 30, micros: reply.micros, model: protocol.model },
    ])
  })

  it('calls of tools come with their arguments, and their answers go back', async () => {
    world = await createModelWorld(protocol)
    const call = { name: 'look', arguments: '{"at":"page","depth":2}', id: 'call_look1' }
    world.mock.on({ hasToolResult: true }, { content: 'It says so.', ...usage(protocol) })
    world.mock.onMessage('look at it', { toolCalls: [call], ...usage(protocol) })
    const tools = [
      {
        name: 'look',
        description: 'Looks.',
        input: { type: 'object', properties: { at: { type: 'string' }, depth: { type: 'number' } } },
      },
    ]
    const first = await models().ask(asking('look at it', { tools }))
    expect(first).toMatchObject({
      finish: 'calls',
      calls: [{ tool: 'look', input: { at: 'page', depth: 2 } }],
    })
    const second = await models().ask(
      asking('look at it', {
        tools,
        messages: [
          { from: 'user', text: 'look at it' },
          { from: 'model', text: first.text, calls: first.calls },
          {
            from: 'tools',
            answers: first.calls.map(({ id, tool }) => ({ callId: id, tool, text: 'There is a page.' })),
          },
        ],
      }),
    )
    expect(second).toMatchObject({ text: 'It says so.', finish: 'stop' })
    expect(JSON.stringify(world.asked().at(-1)?.body)).toContain('There is a page.')
  })

  it('an answer of a schema comes parsed', async () => {
    world = await createModelWorld(protocol)
    world.mock.onMessage('how many', { content: '{"count":3}', ...usage(protocol) })
    const reply = await models().ask(asking('how many', { answer: COUNT }))
    expect(reply).toMatchObject({ value: { count: 3 }, finish: 'stop', calls: [] })
  })

  it('an answer beside the schema is told to the model once, and both are paid for', async () => {
    world = await createModelWorld(protocol)
    world.mock.onMessage('not an answer', { content: '{"count":4}', ...usage(protocol) })
    world.mock.onMessage('how many', { content: '{"count":"three"}', ...usage(protocol) })
    const reply = await models().ask(asking('how many', { answer: COUNT }))
    expect(reply).toMatchObject({ value: { count: 4 }, tokens: { input: 240, output: 60 } })
    expect(world.costs().map(row => row.input_tokens)).toEqual([120, 120])
  })

  it('two answers beside the schema are a bad response', async () => {
    world = await createModelWorld(protocol)
    world.mock.onMessage(/./, { content: 'about three', ...usage(protocol) })
    const asked = models().ask(asking('how many', { answer: COUNT }))
    await expect(asked).rejects.toMatchObject({ failure: { kind: 'bad-response' } })
    expect(world.costs()).toMatchObject([{ state: 'spent' }, { state: 'spent' }])
  })

  it('arguments that are no JSON are null', async () => {
    world = await createModelWorld(protocol)
    const call = { name: 'look', arguments: '{"at": "pa', id: 'call_bad1' }
    world.mock.onMessage('look', { toolCalls: [call], ...usage(protocol) })
    const tools = [{ name: 'look', description: 'Looks.', input: { type: 'object', properties: {} } }]
    const asked = models().ask(asking('look', { tools }))
    // The other two carry arguments as an object: there, the mock cannot send any that are none.
    const input = protocol.maker === 'openai' || protocol.maker === 'compatible' ? null : {}
    await expect(asked).resolves.toMatchObject({ calls: [{ tool: 'look', input }] })
  })

  it('a request that is refused for now is made again after the time that was asked for', async () => {
    world = await createModelWorld(protocol)
    world.mock.on(
      { userMessage: 'hello', sequenceIndex: 0 },
      { error: { message: 'slow down', type: 'rate_limit_error' }, status: 429, retryAfter: 1 },
    )
    world.mock.onMessage('hello', { content: 'Now then.', ...usage(protocol) })
    const begun = performance.now()
    await expect(models().ask(asking('hello'))).resolves.toMatchObject({ text: 'Now then.' })
    expect(performance.now() - begun).toBeGreaterThan(900)
    expect(world.costs()).toHaveLength(1)
  })

  it('a server that stumbles is asked again, three times at most, and nothing is paid', async () => {
    world = await createModelWorld(protocol)
    world.mock.onMessage('hello', { error: { message: 'oops', type: 'server_error' }, status: 500 })
    const asked = models().ask(asking('hello'))
    await expect(asked).rejects.toMatchObject({ failure: { kind: 'unavailable', status: 500 } })
    expect(world.asked()).toHaveLength(3)
    expect(world.costs()).toEqual([])
  })

  it('a request that is wrong is made once', async () => {
    world = await createModelWorld(protocol)
    world.mock.onMessage('hello', {
      error: { message: 'that is no request', type: 'invalid_request_error' },
      status: 400,
    })
    const failed = await models()
      .ask(asking('hello'))
      .catch((error: unknown) => error)
    expect(failed).toMatchObject({ failure: { kind: 'rejected', status: 400 } })
    expect(String(failed)).toContain('that is no request')
    expect(world.asked()).toHaveLength(1)
  })

  it('an answer that breaks off is asked for again as a whole', async () => {
    world = await createModelWorld(protocol)
    const long = 'A long answer that will not come to its end the first time it is given.'
    world.mock.on(
      { userMessage: 'hello', sequenceIndex: 0 },
      { content: long },
      { chunkSize: 5, truncateAfterChunks: 6, latency: 20 },
    )
    world.mock.onMessage('hello', { content: 'All of it.', ...usage(protocol) })
    await expect(models().ask(asking('hello'))).resolves.toMatchObject({ text: 'All of it.' })
    expect(world.costs()).toMatchObject([
      { state: 'spent', estimated: 1 },
      { state: 'spent', input_tokens: 120 },
    ])
  })

  it('what broke before there was any answer goes on counting with the most it can have cost', async () => {
    world = await createModelWorld(protocol)
    world.mock.on(
      { userMessage: 'hello', sequenceIndex: 0 },
      { content: 'never seen' },
      { chunkSize: 5, truncateAfterChunks: 1 },
    )
    world.mock.onMessage('hello', { content: 'All of it.', ...usage(protocol) })
    await expect(models().ask(asking('hello'))).resolves.toMatchObject({ text: 'All of it.' })
    expect(world.costs()).toMatchObject([{ state: 'reserved' }, { state: 'spent', input_tokens: 120 }])
  })

  it('an answer that always breaks off is a failure of the network', async () => {
    world = await createModelWorld(protocol)
    world.mock.onMessage('hello', { content: 'word '.repeat(40) }, { chunkSize: 5, truncateAfterChunks: 6 })
    const asked = models().ask(asking('hello'))
    await expect(asked).rejects.toMatchObject({ failure: { kind: 'network' } })
    expect(world.asked()).toHaveLength(3)
  })

  it('a key that is not accepted is noted on the connection, and asked for', async () => {
    world = await createModelWorld(protocol, { key: 'sk-some-other-key-123' })
    world.mock.onMessage('hello', { content: 'no' })
    const asked = models().ask(asking('hello'))
    await expect(asked).rejects.toMatchObject({ failure: { kind: 'auth-revoked', connection: 'model' } })
    expect(world.core.connections.find('model')).toMatchObject({ state: 'refused' })
    expect(world.costs()).toEqual([])
  })
})

// The mock of the responses cannot refuse; `wire.test.ts` has that.
describe.each([
  { ...CHAT, finishReason: 'content_filter' },
  { ...ANTHROPIC, finishReason: 'refusal' },
  { ...GEMINI, finishReason: 'SAFETY' },
])('over $protocol', ({ finishReason, ...protocol }) => {
  it('a refusal is rejected, made once, and paid for', async () => {
    world = await createModelWorld(protocol)
    world.mock.onMessage('hello', { content: 'I will not say.', finishReason, ...usage(protocol) })
    const failed = await models()
      .ask(asking('hello'))
      .catch((error: unknown) => error)
    expect(failed).toMatchObject({ failure: { kind: 'rejected' } })
    expect(String(failed)).toContain('refused to answer')
    expect(world.asked()).toHaveLength(1)
    expect(world.costs()).toMatchObject([{ state: 'spent', input_tokens: 120, output_tokens: 30 }])
  })
})

const COUNT = {
  type: 'object',
  properties: { count: { type: 'integer' } },
  required: ['count'],
  additionalProperties: false,
}

describe('a server of open models', () => {
  it('that leaves what the model thinks in its text is heard without it', async () => {
    world = await createModelWorld(PROTOCOLS[1])
    world.mock.onMessage('hello', { content: '<think>They greet.</think>Good day.' }, { chunkSize: 5 })
    const pieces: string[] = []
    const reply = await models().ask(asking('hello', { onText: delta => pieces.push(delta) }))
    expect(reply).toMatchObject({ text: 'Good day.', calls: [], finish: 'stop' })
    expect(pieces.join('')).toBe('Good day.')
  })
})
