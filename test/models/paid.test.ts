/** What a request reserves and what it comes to, where the parts around it fail or the provider counts unkindly. */
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import fc from 'fast-check'
import { afterEach, beforeEach, expect, it } from 'vitest'
import type { Connection } from '../../src/domain/connection.ts'
import type { JsonObject } from '../../src/domain/json.ts'
import type { CostLedger } from '../../src/domain/spending.ts'
import { ConnectedModels } from '../../src/main/models/models.ts'
import type { ModelDesk } from '../../src/main/models/models.ts'
import type { Wire } from '../../src/main/models/wire.ts'
import { costLedger } from '../../src/main/store/cost-ledger.ts'
import { listCosts } from '../../src/main/store/costs.ts'
import { preferencesOf } from '../../src/main/store/settings.ts'
import { openStore } from '../../src/main/store/store.ts'
import type { Store } from '../../src/main/store/store.ts'
import { asking } from '../support/model-world.ts'

let folder: string
let store: Store
let sent: string[]

beforeEach(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'steward-paid-'))
  store = openStore({ folder, now: () => Date.now() })
  sent = []
})
afterEach(async () => {
  await store.close()
  fs.rmSync(folder, { recursive: true, force: true })
})

const CONNECTION: Connection = {
  id: 'con_1',
  name: 'model',
  kind: 'model',
  auth: 'api-key',
  origins: ['https://models.example'],
  settings: { maker: 'openrouter', url: 'https://models.example/v1', model: 'openai/gpt-6-luna' },
  state: 'connected',
  message: null,
  checkedAt: null,
  version: 1,
  createdAt: 0,
  updatedAt: 0,
}

const FULL = new Error('the disk is full')

function modelsWith(
  wire: Wire,
  { ledger = costLedger(store), ...desk }: Partial<ModelDesk> & { ledger?: CostLedger } = {},
): ConnectedModels {
  return new ConnectedModels({
    desk: {
      find: () => CONNECTION,
      serving: () => CONNECTION,
      refused: () => Promise.reject(FULL),
      accepted: () => Promise.resolve(),
      ...desk,
    },
    wire,
    ledger,
    wishes: () => preferencesOf(store),
    now: store.now,
    observe: (_note, work) => work(),
  })
}

interface Usage {
  prompt_tokens: number
  completion_tokens: number
}

/** Answers with this text, and counts as it likes. */
function answering(content: string, usageOf: (body: string) => Usage | null): Wire {
  return (_connection, { body = '' }) => {
    sent.push(body)
    const usage = usageOf(body)
    const pieces = [
      { choices: [{ delta: { content }, finish_reason: 'stop' }] },
      ...(usage === null ? [] : [{ choices: [], usage }]),
    ]
    const text = `${pieces.map(piece => `data: ${JSON.stringify(piece)}\n\n`).join('')}data: [DONE]\n\n`
    return Promise.resolve({
      status: 200,
      headers: { 'content-type': 'text/event-stream' },
      body: new Blob([text]).stream(),
      hide: said => said,
    })
  }
}

const USED = { prompt_tokens: 2_000, completion_tokens: 1_000 }
const costs = () => listCosts(store, 100).map(({ state, micros }) => ({ state, micros }))

it('an answer that came is paid for as reported where nothing could be made of it', async () => {
  const wire = answering('Yes.', () => USED)
  const failing = modelsWith(wire, { accepted: () => Promise.reject(FULL) })
  await expect(failing.ask(asking('hello'))).rejects.toBe(FULL)
  await expect(failing.ask(asking('hello', { settles: 'caller' }))).rejects.toBe(FULL)
  const answer = { type: 'no such type' }
  const json = modelsWith(answering('{}', () => USED))
  await expect(json.ask(asking('hello', { answer }))).rejects.toThrow()
  expect(costs()).toEqual([1, 2, 3].map(() => ({ state: 'spent', micros: 700 })))
})

it('a request that was given up before it was sent costs nothing', async () => {
  const giving = new AbortController()
  const ledger = costLedger(store)
  const reserve: CostLedger['reserve'] = async (reservation, caps) => {
    const reserved = await ledger.reserve(reservation, caps)
    expect(costs()).toMatchObject([{ state: 'reserved' }])
    giving.abort(FULL)
    return reserved
  }
  const models = modelsWith(
    answering('Yes.', () => USED),
    { ledger: { ...ledger, reserve } },
  )
  await expect(models.ask(asking('hello', { signal: giving.signal }))).rejects.toBe(FULL)
  expect(sent).toEqual([])
  expect(costs()).toEqual([])
})

it('P2 never costs more than was reserved, at a token for each byte and the longest answer', async () => {
  const text = fc.oneof(
    fc.stringMatching(/^[0-9]{0,400}$/),
    fc.string({ unit: 'binary', maxLength: 400 }),
    fc.string({ unit: 'grapheme', maxLength: 400 }),
  )
  const name = fc.stringMatching(/^[a-z]{1,60}$/)
  await fc.assert(
    fc.asyncProperty(text, name, fc.nat(300), async (said, key, most) => {
      let reserved = Number.NaN
      const answer: JsonObject = { type: 'object', properties: { [key]: { type: 'string' } } }
      const wire = answering('{}', body => {
        reserved = listCosts(store, 1)[0]?.micros ?? Number.NaN
        return { prompt_tokens: bytesSaid(body), completion_tokens: most }
      })
      const request = asking(said.repeat(20), { answer, maxOutputTokens: most, system: said.repeat(20) })
      const { micros } = await modelsWith(wire).ask(request)
      expect(micros).toBeLessThanOrEqual(reserved)
    }),
    { numRuns: 40 },
  )
})

/** All the text that a model is shown, however its provider puts it. */
function bytesSaid(body: string): number {
  const { messages, ...more } = JSON.parse(body) as { messages: { content: unknown }[] }
  const texts = messages.map(({ content }) =>
    typeof content === 'string' ? content : JSON.stringify(content),
  )
  return Buffer.byteLength([...texts, JSON.stringify(more)].join('\n'))
}

it('an estimate of what nobody reports is no more than was reserved', async () => {
  const most = 100
  const wire = answering('word '.repeat(400), () => null)
  const reply = await modelsWith(wire).ask(asking('hello', { maxOutputTokens: most }))
  expect(reply).toMatchObject({ estimated: true, tokens: { output: most } })
})

it.each([
  ['no whole number', 1.5, 10],
  ['more than can be', 1e30, 10],
  ['more than adds up', 4e18, 4e18],
  ['less than nothing', -5_000, -5_000],
  ['nothing of what was sent', 0, 0],
])('P2 a use that is %s is estimated, and the answer kept', async (_, prompt_tokens, completion_tokens) => {
  const models = modelsWith(answering('Yes.', () => ({ prompt_tokens, completion_tokens })))
  const [first, second] = [await models.ask(asking('hello')), await models.ask(asking('hello'))]
  expect(first).toMatchObject({ text: 'Yes.', estimated: true })
  expect(first.micros).toBeGreaterThan(0)
  expect(costs()).toEqual([first, second].map(({ micros }) => ({ state: 'spent', micros })))
})

it.each([
  ['the longest text that a script may show', 'openai/gpt-6-luna', 2_000, null],
  ['a long conversation with the planner', 'anthropic/claude-opus-5.5', 16_000, 'tsk_one'],
])('%s fits under the caps that nobody changed', async (_, model, maxOutputTokens, taskId) => {
  const connection = { ...CONNECTION, settings: { ...CONNECTION.settings, model } }
  const wire = answering('Yes.', () => USED)
  const request = asking('x'.repeat(200_000), { maxOutputTokens, of: { ...asking('').of, taskId } })
  await expect(modelsWith(wire, { serving: () => connection }).ask(request)).resolves.toMatchObject({ model })
})
