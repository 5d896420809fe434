import { afterEach, beforeEach, expect, it } from 'vitest'
import { hubHeaders } from '../support/signed-delivery.ts'
import { Steward } from './steward.ts'

let steward: Steward

beforeEach(() => {
  steward = new Steward()
})
afterEach(() => {
  steward.end()
})

const CONTRACT = {
  schema: 1,
  title: 'Pushes',
  promise: 'Notes what was pushed.',
  zone: 'UTC',
  uses: [],
  reads: {},
}

it('R6 hooks shows where to post and what to sign with, why something was refused, and rotates both', async () => {
  const core = await steward.serve()
  const script = steward.write('script.js', 'export default event => event.body')
  const install = (name: string, when: object[]) =>
    steward.run(
      ...['dev', 'install', '--name', name, '--script', script],
      ...['--contract', steward.write(`${name}.json`, JSON.stringify({ ...CONTRACT, when }))],
    )
  expect(await install('one', [{ kind: 'webhook', verify: 'hub' }])).toMatchObject({ code: 0 })
  const two = [{ kind: 'webhook' }, { kind: 'webhook', name: 'bell', verify: 'address' }]
  expect(await install('two', two)).toMatchObject({ code: 0 })

  const shown = await steward.run('hooks', 'one')
  const [, url = ''] = /Address +(\S+)/.exec(shown.out) ?? []
  const [, secret = ''] = /Secret +(\S+)/.exec(shown.out) ?? []
  expect(url.startsWith(`${core.url}/hooks/`)).toBe(true)
  expect(shown.out).toMatch(/Taken in +nothing yet/)
  const post = async (to: string, key: string, body: string) =>
    (await fetch(to, { method: 'POST', body, headers: hubHeaders(key, body) })).status
  expect(await post(url, secret, 'pushed')).toBe(202)
  expect(await post(url, 'wrong', 'pushed')).toBe(401)
  const after = await steward.run('hooks', 'one')
  expect(after.out).toMatch(/Taken in +1 delivery/)
  expect(after.out).toMatch(/Refused +.*X-Hub-Signature-256/)

  const rotated = await steward.run('hooks', 'rotate', 'one', '--json')
  expect(rotated.json()['url']).not.toBe(url)
  expect(await post(url, secret, 'again')).toBe(401)
  expect(await post(String(rotated.json()['url']), String(rotated.json()['secret']), 'again')).toBe(202)

  expect(await steward.run('hooks', 'rotate', 'two')).toMatchObject({ code: 2, out: '' })
  expect(await steward.run('hooks', 'rotate', 'two', 'none')).toMatchObject({ code: 2 })
  const bell = (await steward.run('hooks', 'rotate', 'two', 'bell', '--json')).json()
  expect(bell).toMatchObject({ name: 'bell', secret: null, taken: 0 })
  expect((await fetch(String(bell['url']), { method: 'POST' })).status).toBe(202)
  expect((await steward.run('hooks', 'show', 'two', '--json')).json()['items']).toHaveLength(2)
})
