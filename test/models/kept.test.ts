/** What is kept of an answer, what goes back of it, and what is told while a stream breaks. */
import { afterEach, beforeEach, expect, it } from 'vitest'
import type { JsonObject } from '../../src/domain/json.ts'
import type { Kept, ModelMessage, ModelReply } from '../../src/domain/model.ts'
import { bytesOf } from '../../src/main/models/prompt.ts'
import { listCosts } from '../../src/main/store/costs.ts'
import { startCore } from '../server/api.ts'
import type { TestCore } from '../server/api.ts'
import { serveHttp } from '../support/loopback-server.ts'
import type { LoopbackServer } from '../support/loopback-server.ts'
import { asking, CANARY } from '../support/model-world.ts'

let steward: TestCore
let server: LoopbackServer

beforeEach(async () => {
  steward = await startCore()
})
afterEach(async () => {
  await steward.end()
  await server.close()
})

interface Streamed {
  deltas: readonly JsonObject[]
  finish?: string
  isCut?: boolean
}

/** A chat whose nth request gets the nth of these streams. */
async function chat(...streams: readonly Streamed[]): Promise<void> {
  server = await serveHttp((_request, response) => {
    const { deltas, finish = 'stop', isCut = false } = streams[server.seen.length - 1] ?? { deltas: [] }
    const chunks = deltas.map(delta => ({ choices: [{ delta, finish_reason: null }] }))
    const end = [{ choices: [{ delta: {}, finish_reason: finish }] }]
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    const text = [...chunks, ...(isCut ? [] : end)].map(each => `data: ${JSON.stringify(each)}\n\n`).join('')
    if (isCut) response.write(text, () => setTimeout(() => response.destroy(), 30))
    else response.end(text)
  })
  const settings = { maker: 'compatible', url: server.url('/v1'), model: 'local-one' }
  await steward.core.connections.add({ name: 'model', kind: 'model', settings, secrets: { key: CANARY } })
}

const ask = (more: Parameters<typeof asking>[1] = {}) => steward.core.engine.models.ask(asking('hello', more))
const sent = () =>
  server.seen.map(({ body }) => JSON.parse(body) as { messages: JsonObject[]; max_tokens: number })
const thinking = (text: string): JsonObject => ({ reasoning_content: text })
const calling = (id: string, index: number): JsonObject => ({
  tool_calls: [{ index, id, type: 'function', function: { name: 'look', arguments: '{}' } }],
})
const thread = ({ text, calls, kept }: ModelReply, most = calls.length): ModelMessage[] => [
  { from: 'user', text: 'hello' },
  { from: 'model', text, calls: calls.slice(0, most), ...(kept === undefined ? {} : { kept }) },
  {
    from: 'tools',
    answers: calls.slice(0, most).map(({ id, tool }) => ({ callId: id, tool, text: 'It is there.' })),
  },
]

it('what was thought goes back under its name, with those calls that were made', async () => {
  const calls = Array.from({ length: 10 }, (_none, place) => calling(`c${String(place)}`, place))
  await chat(
    {
      deltas: [thinking('So '), thinking('be it.'), { content: 'Looking.' }, ...calls],
      finish: 'tool_calls',
    },
    { deltas: [{ content: 'Yes.' }] },
  )
  const reply = await ask()
  expect(reply.calls).toHaveLength(10)
  await ask({ messages: thread(reply, 8) })
  const said = sent()[1]?.messages.find(({ role }) => role === 'assistant')
  expect(said).toMatchObject({ content: 'Looking.', reasoning_content: 'So be it.' })
  expect(said?.['tool_calls']).toHaveLength(8)
})

it('what was thought in the text is no part of it', async () => {
  await chat(
    { deltas: [{ content: '<think>They greet.</think>Good day.' }] },
    { deltas: [{ content: 'Yes.' }] },
  )
  const reply = await ask()
  expect(reply).toMatchObject({ text: 'Good day.' })
  expect(reply.kept).toBeUndefined()
})

it('a message that is another by now goes back as it is now', async () => {
  await chat({ deltas: [thinking('Hm.'), { content: 'Good day.' }] }, { deltas: [{ content: 'Yes.' }] })
  const reply = await ask()
  await ask({ messages: thread({ ...reply, text: '(nothing)' }) })
  const said = sent()[1]?.messages.find(({ role }) => role === 'assistant')
  expect(said).toEqual({ role: 'assistant', content: '(nothing)' })
})

it('what is longer than any provider signs is not kept', async () => {
  await chat({ deltas: [thinking('x'.repeat(300_000)), { content: 'Yes.' }] })
  const reply = await ask()
  expect(reply.text).toBe('Yes.')
  expect(reply.kept).toBeUndefined()
})

it('where the key is in it, none of it is kept', async () => {
  await chat({ deltas: [thinking(`The key is ${CANARY}.`), { content: 'Yes.' }] })
  expect(JSON.stringify(await ask())).not.toContain(CANARY)
})

it('it is paid for before it is sent: by its bytes, and by what it stands for', async () => {
  const kept: Kept = { by: 'anybody', data: { pieces: [] }, tokens: 5_000, isAfresh: false }
  const messages: ModelMessage[] = [{ from: 'model', text: 'Yes.', calls: [] }]
  const bare = bytesOf(asking('', { messages }))
  const more = bytesOf(
    asking('', { messages: messages.map(message => ({ ...message, kept }) as ModelMessage) }),
  )
  expect(more).toBeGreaterThan(bare + 5_000)
})

it.each(['its own', 'another'])('%s model is given it back, or not', async whose => {
  await chat({ deltas: [thinking('Hm.'), { content: 'Good day.' }] }, { deltas: [{ content: 'Yes.' }] })
  const { text, kept } = await ask()
  if (kept === undefined) throw new Error('nothing was kept')
  const by = whose === 'its own' ? kept.by : 'somebody else'
  await ask({
    messages: [
      { from: 'user', text: 'hello' },
      { from: 'model', text, calls: [], kept: { ...kept, by } },
      { from: 'user', text: 'so?' },
    ],
  })
  expect(server.seen[1]?.body.includes('reasoning_content')).toBe(whose === 'its own')
})

it('whoever refuses all that it gave is given nothing back any more', async () => {
  let refused = 0
  server = await serveHttp(({ body }, response) => {
    if (body.includes('"reasoning"')) {
      refused++
      response.writeHead(400).end('{"error":{"message":"property \'reasoning\' is unsupported"}}')
      return
    }
    const choices = [{ delta: { content: 'Yes.', reasoning: 'Hm.' }, finish_reason: 'stop' }]
    response
      .writeHead(200, { 'content-type': 'text/event-stream' })
      .end(`data: ${JSON.stringify({ choices })}\n\n`)
  })
  const settings = { maker: 'compatible', url: server.url('/v1'), model: 'local-one' }
  await steward.core.connections.add({ name: 'model', kind: 'model', settings, secrets: { key: CANARY } })
  const messages: ModelMessage[] = []
  for (let turn = 0; turn < 6; turn++) {
    messages.push({ from: 'user', text: 'so?' })
    const { text, calls, kept } = await ask({ messages })
    messages.push({ from: 'model', text, calls, ...(kept === undefined ? {} : { kept }) })
  }
  expect(refused).toBe(2)
})

it('what was told of an answer that broke off is taken back', async () => {
  await chat(
    { deltas: [{ content: 'It begins ' }, { content: 'and' }], isCut: true },
    { deltas: [thinking('Hm.')], isCut: true },
    { deltas: [{ content: 'It begins ' }, { content: 'and ends.' }] },
  )
  let told = ''
  let again = 0
  const reply = await ask({
    onText: delta => {
      told += delta
    },
    onAgain: () => {
      told = ''
      again++
    },
  })
  expect(told).toBe('It begins and ends.')
  expect(reply.text).toBe(told)
  // Of the second nothing had been told.
  expect(again).toBe(1)
  expect(listCosts(steward.core.store, 10)).toHaveLength(3)
})

it('an answer that had no room is asked for with more, in the same words', async () => {
  const answer = { type: 'object', properties: { count: { type: 'integer' } }, required: ['count'] }
  await chat(
    { deltas: [thinking('Hm. '.repeat(50))], finish: 'length' },
    { deltas: [{ content: '{"count":3}' }] },
  )
  await expect(ask({ answer, maxOutputTokens: 500 })).resolves.toMatchObject({ value: { count: 3 } })
  expect(sent().map(({ max_tokens: most }) => most)).toEqual([500, 2_000])
  expect(sent()[1]?.messages).toEqual(sent()[0]?.messages)
})
