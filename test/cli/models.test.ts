import fs from 'node:fs'
import path from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { readExposition } from '../support/exposition.ts'
import { Steward } from './steward.ts'
import type { Serving } from './steward.ts'

let steward: Steward
let serving: Serving

beforeEach(async () => {
  steward = new Steward()
  serving = await steward.serve()
})
afterEach(() => {
  steward.end()
})

it('without a connection nobody is asked anything, whatever one looks at', async () => {
  const doctor = await steward.run('doctor', '--json')
  const models = await steward.run('models')
  expect([doctor.code, models.code]).toEqual([0, 0])
  expect(models.out).toMatch(/No model is connected.*steward models find/)
  expect(models.out).toMatch(/one day +\$5\.00/)
  const token = fs.readFileSync(path.join(steward.home, 'token'), 'utf8').trim()
  const metrics = await fetch(`${serving.url}/metrics`, { headers: { authorization: `Bearer ${token}` } })
  const requests = readExposition(await metrics.text()).get('connector_request_latency_seconds')
  expect(requests?.samples).toEqual([])
})

it('caps, prices and the model of a role are set and shown', async () => {
  await steward.run(
    'connections',
    'add',
    'model',
    '--kind',
    'model',
    '--auth',
    'none',
    '--no-check',
    '--set',
    'maker=compatible',
    '--set',
    'url=http://127.0.0.1:9/v1',
  )
  expect((await steward.run('models', 'cap', 'day', '2.50', '--json')).json()).toMatchObject({
    perDayMicros: 2_500_000,
  })
  expect((await steward.run('models', 'cap', 'day', 'much')).code).toBe(2)
  const chosen = await steward.run('models', 'set', 'small', 'qwen:4b', '--json')
  expect(chosen.json()).toMatchObject({
    roles: [
      { serving: null },
      { serving: null },
      { role: 'small', isChosen: true, serving: { model: 'qwen:4b' } },
      { role: 'images', isChosen: false, serving: null },
    ],
    spending: { perDayMicros: 2_500_000, perMonthMicros: 50_000_000 },
  })
  const priced = await steward.run(
    'models',
    'price',
    'qwen:4b',
    '--input',
    '3',
    '--cached',
    '0.3',
    '--output',
    '15',
  )
  expect(priced.out).toMatch(/qwen:4b +\$3\.00 +\$0\.30 +\$15\.00/)
  expect((await steward.run('models')).out).toMatch(/small +qwen:4b +model \(compatible\) +\$3\.00/)
  expect((await steward.run('models', 'price', 'qwen:4b')).code).toBe(2)
  expect((await steward.run('models', 'price', 'qwen:4b', '--forget')).code).toBe(0)
  expect((await steward.run('models', 'prices')).out).toContain('The shipped prices count.')
  expect((await steward.run('models', 'unset', 'small', '--json')).json()).toMatchObject({
    roles: [{}, {}, { serving: null, isChosen: false }, {}],
  })
  expect((await steward.run('models', 'set', 'images', 'sketch:1b', '--json')).json()).toMatchObject({
    roles: [{}, {}, {}, { serving: { model: 'sketch:1b' } }],
  })
})

it('looking for servers on this machine is a command of its own', async () => {
  const found = await steward.run('models', 'find', '--json')
  expect(found.code).toBe(0)
  expect(found.json()).toHaveProperty('items')
})
