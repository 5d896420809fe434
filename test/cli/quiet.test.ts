/** `quiet` and `notifications` as people type them. */
import { afterAll, beforeAll, expect, it } from 'vitest'
import { Steward } from './steward.ts'

let steward: Steward
const CONTRACT = {
  schema: 1,
  title: 'Tells',
  promise: 'Tells.',
  zone: 'UTC',
  when: [{ kind: 'manual' }],
  uses: ['tools/notify'],
  reads: {},
}
const run = (...args: string[]) => steward.run(...args)

/** But for a minute an hour ago. */
function allDay(): string {
  const clock = (minutesAgo: number) => new Date(Date.now() - minutesAgo * 60_000).toISOString().slice(11, 16)
  return `${clock(60)}-${clock(61)}`
}

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
}, 180_000)

it('steward notifications shows what was told, page by page, with what a digest gathered', async () => {
  expect((await run('notifications')).out).toContain('You were told of nothing yet.')
  const script = steward.write(
    'script.js',
    `import { send } from 'tools/notify'\nexport default event => send(event.title, 'It is \\u001b[2Jhere.')`,
  )
  const contract = steward.write('contract.json', JSON.stringify(CONTRACT))
  await run('dev', 'install', '--name', 'tells', '--script', script, '--contract', contract)
  await run('quiet', allDay(), '--zone', 'UTC')
  const held = await run('run', 'tells', '--event', '{"title":"Held"}', '--wait')
  expect(held).toMatchObject({ code: 0 })
  expect((await run('quiet')).out).toContain('2 notifications are held.')
  await run('quiet', 'off')
  await run('run', 'tells', '--event', '{"title":"Told"}', '--wait')
  const newest = await run('notifications', '--limit', '1')
  expect(newest.out).toMatch(/ {2}tells: Told\n {2}It is here\..*\n\nOlder ones: add --cursor \S+\n$/)
  expect(newest.out).not.toContain('\u001b')
  const cursor = /--cursor (\S+)/.exec(newest.out)?.[1] ?? ''
  expect((await run('notifications', '--cursor', cursor)).out).toMatch(
    / {2}While it was quiet: 1 notice, 1 first success\n {2}tells: Held\n {2}tells: It succeeded/,
  )
}, 180_000)
