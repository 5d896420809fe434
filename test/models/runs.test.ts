/** Scripts, their models and a person's caps, with nothing in between that is not production. */
import { afterEach, expect, it } from 'vitest'
import { startCollector } from '../support/collector.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { asking, createModelWorld, PROTOCOLS } from '../support/model-world.ts'
import type { ModelWorld } from '../support/model-world.ts'
import { install } from '../server/api.ts'

const [OPENAI] = PROTOCOLS

let world: ModelWorld

afterEach(async () => {
  await world.end()
})

const SCRIPT = `import { extract } from 'tools/llm'
  export default () => extract({ from: 'Invoice 7: 12.50 EUR', schema: { number: 'string', total: 'number' } })`
const CONTRACT = {
  uses: ['tools/llm'],
  models: true,
  budget: { costPerRunMicros: 1_000_000, costPerDayMicros: 1_000_000 },
}
const FOUND = { number: '7', total: 12.5 }
const WAIT = { timeout: 30_000 }
const usage = { input_tokens: 150, output_tokens: 12, total_tokens: 162 }

async function installed(): Promise<void> {
  world.mock.onMessage(/Invoice/, { content: JSON.stringify(FOUND), usage })
  await install(world, 'asks', SCRIPT, CONTRACT)
}
const start = async () => {
  const { json } = await world.call({
    method: 'POST',
    path: '/api/v1/automations/asks/events?wait=20000',
    json: { payload: {} },
  })
  return json?.['run'] as { id: string; state: string }
}
const run = async (id: string) => (await world.call({ path: `/api/v1/runs/${id}` })).json
const inbox = async () =>
  (await world.call({ path: '/api/v1/actions' })).json?.['items'] as { id: string; kind: string }[]
const set = (spending: object) =>
  world.call({ method: 'PATCH', path: '/api/v1/settings', headers: { 'if-match': '*' }, json: { spending } })

it('J2 what a step asked costs is settled with its outcome, under its run and step', async () => {
  world = await createModelWorld(OPENAI)
  await installed()
  const { id, state } = await start()
  expect(state).toBe('succeeded')
  expect(await run(id)).toMatchObject({ result: FOUND })
  expect(world.costs()).toMatchObject([
    { state: 'spent', run_id: id, purpose: 'run', tool: 'llm.extract', input_tokens: 150, output_tokens: 12 },
  ])
})

it('a run that meets a cap of the person waits in one action, and goes on when the cap is raised', async () => {
  world = await createModelWorld(OPENAI)
  await installed()
  await set({ perMonthMicros: 1 })
  const { id, state } = await start()
  expect(state).toBe('waiting')
  expect(await inbox()).toMatchObject([{ kind: 'budget-exceeded' }])
  expect(world.asked()).toEqual([])
  await set({ perMonthMicros: 5_000_000 })
  await expect.poll(async () => (await run(id))?.['state'], WAIT).toBe('succeeded')
  expect(await inbox()).toEqual([])
  expect(world.asked()).toHaveLength(1)
})

it('P3 a run that its contract leaves no room goes on when the person has raised that and tries again', async () => {
  world = await createModelWorld(OPENAI)
  world.mock.onMessage(/Invoice/, { content: JSON.stringify(FOUND), usage })
  await install(world, 'asks', SCRIPT, { ...CONTRACT, budget: { costPerRunMicros: 1 } })
  const { id, state } = await start()
  expect(state).toBe('waiting')
  const [action] = await inbox()
  expect(action).toMatchObject({ kind: 'budget-exceeded' })
  await install(world, 'asks', SCRIPT, CONTRACT)
  await world.call({ method: 'POST', path: `/api/v1/actions/${action?.id ?? ''}`, json: { choice: 'retry' } })
  await expect.poll(async () => (await run(id))?.['state'], WAIT).toBe('succeeded')
  expect(await inbox()).toEqual([])
})

it('a cap of a day closes its action on the next one, and what waited goes on', async () => {
  const clock = new ManualClock()
  world = await createModelWorld(OPENAI, { core: { clock } })
  await installed()
  world.mock.onMessage('spend', { content: 'Yes.', usage: { input_tokens: 100_000_000, output_tokens: 1 } })
  await world.core.engine.models.ask(asking('spend'))
  const { id, state } = await start()
  expect(state).toBe('waiting')
  expect(await inbox()).toMatchObject([{ kind: 'budget-exceeded' }])
  clock.advance(3_600_000)
  expect(await inbox()).toHaveLength(1)
  clock.advance(24 * 3_600_000)
  await expect.poll(async () => (await run(id))?.['state'], WAIT).toBe('succeeded')
  expect(await inbox()).toEqual([])
})

it('a question to a model is a span below its step, and no word of it is in the trace', async () => {
  const collector = await startCollector()
  try {
    world = await createModelWorld(OPENAI)
    await world.core.engine.observer.traceTo({ tracesTo: collector.endpoint, tellHosts: false })
    await installed()
    await start()
    await world.core.engine.observer.close()
    const spans = collector.spans()
    const named = (name: string) => spans.find(span => span.name === name)
    const step = named('llm.extract')
    expect(named('model')).toMatchObject({
      trace: step?.trace,
      parent: step?.id,
      attributes: { 'gen_ai.request.model': OPENAI.model },
    })
    expect(named('POST')).toMatchObject({ parent: named('model')?.id })
    expect(collector.text()).not.toContain('Invoice')
  } finally {
    await collector.server.close()
  }
})
