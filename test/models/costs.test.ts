import { afterEach, expect, it } from 'vitest'
import { readExposition } from '../support/exposition.ts'
import { asking, createModelWorld, PROTOCOLS } from '../support/model-world.ts'
import type { ModelWorld } from '../support/model-world.ts'

const [OPENAI, CHAT] = PROTOCOLS

let world: ModelWorld

afterEach(async () => {
  await world.end()
})

const get = async (path: string) => (await world.call({ path: `/api/v1${path}` })).json ?? {}
const ask = (text: string, purpose: 'build' | 'run' = 'run', taskId: string | null = null) =>
  world.core.engine.models.ask(asking(text, { of: { ...asking('').of, purpose, taskId } }))

it('the sum over the rows is what the provider reported, to the token', async () => {
  world = await createModelWorld(OPENAI)
  const reported = [
    { input_tokens: 311, output_tokens: 17 },
    { input_tokens: 1_999, output_tokens: 250 },
    { input_tokens: 7, output_tokens: 1 },
  ]
  reported.forEach((usage, at) => {
    world.mock.onMessage(`question ${String(at)}`, { content: 'Yes.', usage })
  })
  await ask('question 0')
  await ask('question 1', 'build', 'tsk_one')
  await ask('question 2', 'build', 'tsk_one')
  const sum = (of: (row: ReturnType<ModelWorld['costs']>[number]) => number) =>
    world.costs().reduce((total, row) => total + of(row), 0)
  expect(sum(row => row.input_tokens)).toBe(311 + 1_999 + 7)
  expect(sum(row => row.output_tokens)).toBe(17 + 250 + 1)
  expect(world.costs().every(row => row.state === 'spent' && row.estimated === 0)).toBe(true)

  const { items } = await get('/costs')
  expect((items as object[]).toReversed()).toMatchObject([
    {
      purpose: 'run',
      model: 'gpt-6-luna',
      connection: 'model',
      tokens: { input: 311, output: 17 },
      taskId: null,
    },
    { purpose: 'build', tokens: { input: 1_999, output: 250 }, taskId: 'tsk_one', state: 'spent' },
    { purpose: 'build', tokens: { input: 7, output: 1 }, isEstimate: false },
  ])
  const micros = sum(row => row.micros)
  expect(await get('/costs/summary')).toMatchObject({
    micros,
    byModel: [{ key: 'gpt-6-luna', micros, entries: 3 }],
    byConnection: [{ key: 'model', micros, entries: 3 }],
  })
  const exposed = readExposition((await world.call({ path: '/metrics' })).text)
  const value = (name: string, label: string, is: string) =>
    exposed.get(name)?.samples.find(sample => sample.labels[label] === is)?.value
  expect(value('llm_tokens_used', 'direction', 'input')).toBe(2_317)
  expect(value('llm_tokens_used', 'direction', 'output')).toBe(268)
  const spent = ['build', 'run'].map(purpose => value('llm_cost_usd', 'purpose', purpose) ?? 0)
  expect(spent.reduce((total, each) => total + each, 0)).toBeCloseTo(micros / 1e6, 9)
})

it('a price that a person sets counts from the next call on, and the shipped one again when it is forgotten', async () => {
  world = await createModelWorld(CHAT)
  const usage = { prompt_tokens: 1_000, completion_tokens: 1_000, total_tokens: 2_000 }
  world.mock.onMessage('hello', { content: 'Yes.', usage })
  await expect(ask('hello')).resolves.toMatchObject({ micros: 0, estimated: false })
  const json = { model: 'local-one', input: 3_000_000, output: 15_000_000 }
  const set = await world.call({ method: 'POST', path: '/api/v1/models/prices', json })
  expect(set.json).toMatchObject({ model: 'local-one', cachedInput: 3_000_000 })
  expect(await get('/models/prices')).toMatchObject({ items: [{ model: 'local-one' }], next: null })
  await expect(ask('hello')).resolves.toMatchObject({ micros: 18_000, estimated: false })
  await world.call({ method: 'DELETE', path: '/api/v1/models/prices/local-one' })
  await expect(ask('hello')).resolves.toMatchObject({ micros: 0 })
  const gone = await world.call({ method: 'DELETE', path: '/api/v1/models/prices/local-one' })
  expect(gone.status).toBe(404)
})

it('roles are served by what was chosen, else by what the connection says', async () => {
  world = await createModelWorld(OPENAI)
  const patch = (models: object) =>
    world.call({ method: 'PATCH', path: '/api/v1/settings', headers: { 'if-match': '*' }, json: { models } })
  await patch({ planner: { model: 'gpt-6.1-sol' } })
  expect(await get('/models')).toMatchObject({
    roles: [
      {
        role: 'planner',
        isChosen: true,
        serving: { model: 'gpt-6.1-sol', provider: 'openai', price: { input: 2_000_000, isEstimate: false } },
      },
      { role: 'maintainer', isChosen: false, serving: { model: 'gpt-6-luna' } },
      { role: 'small', isChosen: false },
      { role: 'images', serving: { model: 'gpt-image-2.5-flare', price: { output: 30_000_000 } } },
    ],
  })
  await patch({ small: { model: 'x', connection: 'other' } })
  expect(await get('/models')).toMatchObject({
    roles: [{ isChosen: true }, {}, { serving: null, isChosen: true }, {}],
  })
  await patch({ planner: null })
  expect(await get('/models')).toMatchObject({
    roles: [{ serving: { model: 'gpt-6-luna' }, isChosen: false }, {}, {}, {}],
  })
})

it('health says how the model is', async () => {
  world = await createModelWorld(OPENAI, { key: 'sk-some-other-key-123' })
  expect(await get('/health')).toMatchObject({ ok: true, model: { state: 'connected' } })
  await ask('hello').catch(() => undefined)
  expect(await get('/health')).toMatchObject({ ok: false, model: { state: 'failing' } })
})
