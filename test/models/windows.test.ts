/** A server of one's own that cuts what is too long for it without a word: what it answers then is not used. */
import { afterEach, expect, it } from 'vitest'
import { conversationView } from '../../src/main/engine/views/conversations.ts'
import type { ConversationView } from '../../src/main/engine/views/conversations.ts'
import { listCosts } from '../../src/main/store/costs.ts'
import { startCore } from '../server/api.ts'
import type { TestCore } from '../server/api.ts'
import { serveHttp } from '../support/loopback-server.ts'
import type { LoopbackServer } from '../support/loopback-server.ts'

const BYTES_PER_TOKEN = 4

let tested: TestCore
let server: LoopbackServer
let window: number
const told: number[] = []
afterEach(async () => {
  await tested.end()
  await server.close()
})

/** As Ollama does it: half of its window is kept of what does not fit, and reported as if it were all. */
async function begin(first: number): Promise<void> {
  window = first
  told.length = 0
  server = await serveHttp(({ path, body }, response) => {
    if (path === '/api/ps') {
      response.end(JSON.stringify({ models: [{ name: 'qwen3:latest', context_length: window }] }))
      return
    }
    const whole = Math.ceil(Buffer.byteLength(body) / BYTES_PER_TOKEN)
    const read = whole > window ? window / 2 : whole
    told.push(read)
    const pieces = [
      { choices: [{ delta: { content: 'Every 30 February is no day.' }, finish_reason: 'stop' }] },
      { choices: [], usage: { prompt_tokens: read, completion_tokens: 9 } },
    ]
    response.setHeader('content-type', 'text/event-stream')
    response.end(`${pieces.map(piece => `data: ${JSON.stringify(piece)}\n\n`).join('')}data: [DONE]\n\n`)
  })
  tested = await startCore()
  await tested.core.connections.add({
    name: 'model',
    kind: 'model',
    settings: { maker: 'compatible', url: server.url('/v1'), model: 'qwen3' },
    auth: 'none',
    secrets: {},
  })
}

async function planned(): Promise<ConversationView | undefined> {
  const { engine } = tested.core
  const chat = await engine.edits.createChat('A chat')
  await engine.conversations.say(chat, 'Do it every 30 February.')
  await engine.conversations.rest(chat, 20_000, new AbortController().signal)
  return conversationView(engine, engine.conversations.plans, chat)
}

it('is said to the person, with what to do about it, and asked once', async () => {
  await begin(4_096)
  const view = await planned()
  expect(view?.stage).toBe('failed')
  expect(view?.text).toMatch(
    /takes 4,096 tokens for “qwen3”.*OLLAMA_CONTEXT_LENGTH=32000.*Nothing was changed/s,
  )
  expect(told).toEqual([2_048])
  expect(listCosts(tested.core.store, 10)).toMatchObject([{ state: 'spent', input_tokens: 2_048 }])
})

it('answers where it has room', async () => {
  await begin(32_768)
  expect(await planned()).toMatchObject({ stage: 'told', text: 'Every 30 February is no day.' })
})
