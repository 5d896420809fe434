import { afterEach, beforeEach, expect, it } from 'vitest'
import { until } from '../support/world.ts'
import { Steward } from './steward.ts'

let steward: Steward

beforeEach(() => {
  steward = new Steward()
})
afterEach(() => {
  steward.end()
})

async function ran(): Promise<string> {
  const run = await steward.run('run', 'one', '--wait', '--json')
  return String(run.json()['runId'])
}

it('shows what happened, also when no core runs', { timeout: 60_000 }, async () => {
  const serving = await steward.serve()
  const source = steward.write('one.js', 'export default () => 1')
  const contract = steward.write('contract.json', (await steward.run('dev', 'contract', source)).out)
  await steward.run('dev', 'install', '--name', 'one', '--script', source, '--contract', contract)
  const run = await ran()
  const shown = await steward.run('logs', '--run', run)
  expect(shown).toMatchObject({ code: 0 })
  expect(shown.out.trim().split('\n')).toHaveLength(1)
  expect(shown.out).toMatch(/INFO {3}a run ended .*state=succeeded/)
  expect((await steward.run('logs', '--run', 'x')).code).toBe(2)
  const set = await steward.run('settings', 'set', 'logLevel', 'debug', '--json')
  expect(set.json()).toMatchObject({ logLevel: 'debug' })
  const following = steward.begin('logs', '--follow', '--level', 'debug', '--json')
  await until(() => following.text().includes('the core began'), 'nothing was shown')
  const next = await ran()
  await until(() => following.text().includes(next), 'the next run was not shown')
  following.child.kill('SIGINT')
  await serving.stop()
  const after = await steward.run('logs', '--lines', '1', '--json')
  expect(after.json()).toMatchObject({ items: [{ message: 'the core ended' }] })
})
