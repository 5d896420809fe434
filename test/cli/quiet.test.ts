/** `quiet` and `notifications` as people type them. */
import { afterAll, beforeAll, expect, it } from 'vitest'
import { Steward } from './steward.ts'

let steward: Steward
const run = (...args: string[]) => steward.run(...args)

beforeAll(async () => {
  steward = new Steward()
  await steward.serve()
})
afterAll(() => {
  steward.end()
})

it('steward quiet sets hours in a zone, shows them, and switches them off; what is no time is refused', async () => {
  expect((await run('quiet')).out).toContain('It is never quiet')
  const shown = await run('quiet', '22:00-07:00', '--zone', 'Europe/Berlin', '--days', 'fri-sun,tue')
  expect(shown).toMatchObject({ code: 0, err: '' })
  expect(shown.out).toContain('Quiet from 22:00 to 07:00, Tue, Fri, Sat, Sun (Europe/Berlin).')
  expect(await run('quiet', '22-7')).toMatchObject({ code: 2, out: '' })
  expect(await run('quiet', '22:00-07:00', '--zone', 'Mars/Base')).toMatchObject({ code: 2, out: '' })
  expect((await run('quiet', '--json')).json()).toMatchObject({ hours: { days: [2, 5, 6, 7] }, held: 0 })
  expect((await run('quiet', 'off')).out).toContain('It is never quiet')
  expect((await run('notifications')).out).toContain('You were told of nothing yet.')
}, 180_000)
