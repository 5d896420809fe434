import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { closedPort } from '../support/loopback-server.ts'
import { until } from '../support/world.ts'
import { Stage } from './stage.ts'
import type { Automation } from './stage.ts'

const MINUTE = 60_000

let stage: Stage
let tests = 0
/** Of this test's addresses. */
let place: string

beforeAll(async () => {
  stage = await Stage.open(Date.UTC(2026, 0, 10, 12))
})

beforeEach(() => {
  place = `/${String(++tests)}`
})

afterAll(async () => {
  await stage.close()
})

function be(name: string, status: number): string {
  stage.pages.set(`${place}/${name}`, { status, body: 'ok' })
  return stage.site.url(`${place}/${name}`)
}

/** Looks once, ten minutes after the last look; gives what is said of whom. */
async function look(automation: Automation): Promise<string[]> {
  const before = automation.notices().length
  await automation.after(10 * MINUTE, 'schedule')
  return automation
    .notices()
    .slice(before)
    .map(({ title }) => title.replace(stage.site.host + place, ''))
}

const every = { everyMinutes: '10' }

describe('uptime', () => {
  it('J2 tells of each address that is down and back, of several at once, and is quiet otherwise', async () => {
    const urls = `${be('a', 200)} ${be('b', 200)} ${be('c?key=secret', 200)}`
    const uptime = await stage.install('uptime', { urls, ...every })
    expect(await look(uptime)).toEqual([])
    be('a', 500)
    expect(await look(uptime)).toEqual([])
    be('b', 404)
    expect(await look(uptime)).toEqual(['/a: down'])
    be('c?key=secret', 503)
    expect(await look(uptime)).toEqual(['/b: down'])
    for (const name of ['a', 'b', 'c?key=secret']) be(name, 200)
    expect(await look(uptime)).toEqual(['2 addresses: back up'])
    expect(await look(uptime)).toEqual([])
    const [down, , back] = uptime.notices()
    expect(down?.body).toBe(`${stage.site.url(place)}/a: it answered with status 500, 2 times in a row.`)
    expect(back?.body.split('\n')).toEqual([
      `${stage.site.url(place)}/a: it was down for 30 minutes.`,
      `${stage.site.url(place)}/b: it was down for 20 minutes.`,
    ])
    expect(uptime.results('schedule').at(-1)).toMatchObject({ summary: 'All 3 are up.' })
  })

  it('J6 asks when one stays down, goes on looking meanwhile, and takes an answer as the end of it', async () => {
    const urls = `${be('a', 500)} ${be('b', 200)}`
    const uptime = await stage.install('uptime', { urls, ...every, askAfter: '3' })
    expect([await look(uptime), await look(uptime), await look(uptime)]).toEqual([[], ['/a: down'], []])
    const [question, ...others] = uptime.actions()
    expect([question?.kind, others]).toEqual(['input-needed', []])
    be('b', 500)
    expect([await look(uptime), await look(uptime)]).toEqual([[], ['/b: down']])
    const answer = { actionId: question?.id ?? '', choice: 'It is known', payload: null }
    await stage.world.engine.resolve(answer)
    await until(() => uptime.actions().length === 0, 'the question stayed')
    be('b', 200)
    expect([await look(uptime), uptime.actions()]).toEqual([['/b: back up'], []])
  })

  it('J6 tells and asks of addresses as long as they may be, each by itself', async () => {
    const names = Array.from({ length: 7 }, (_, number) => `${'p'.repeat(540)}-${String(number)}`)
    const urls = names.map(name => be(name, 500)).join(' ')
    const uptime = await stage.install('uptime', { urls, ...every, notifyAfter: '1', askAfter: '2' })
    expect(await look(uptime)).toEqual(['7 addresses: down'])
    const told = uptime.notices()[0]?.body.split('\n') ?? []
    const ends = told.map(line => /p-\d(?=: it answered)/.exec(line)?.[0])
    expect(ends).toEqual(names.map(name => name.slice(-3)))
    expect(await look(uptime)).toEqual([])
    await until(() => uptime.actions().length === 7, 'it did not ask of each')
    expect(new Set(uptime.actions().map(({ kind }) => kind))).toEqual(new Set(['input-needed']))
  })

  it('takes back its question when the address is well again', async () => {
    const uptime = await stage.install('uptime', {
      urls: be('a', 500),
      ...every,
      askAfter: '1',
      notifyAfter: '1',
    })
    expect(await look(uptime)).toEqual(['/a: down'])
    const [first] = uptime.actions()
    for (let looks = 0; looks < 7; looks++) await look(uptime)
    await until(() => uptime.actions().some(({ id }) => id !== first?.id), 'it was not asked again')
    expect(uptime.actions()).toHaveLength(1)
    be('a', 200)
    for (let looks = 0; looks < 7; looks++) await look(uptime)
    await until(() => uptime.actions().length === 0, 'the question stayed')
    be('a', 500)
    expect(await look(uptime)).toEqual(['/a: down'])
    expect(uptime.actions()).toHaveLength(1)
  })

  it('takes a host where nothing answers for down, and an answer without the text as well', async () => {
    const nobody = `http://127.0.0.1:${String(await closedPort())}/`
    const urls = `${nobody} ${be('a', 200)}`
    const uptime = await stage.install('uptime', { urls, ...every, notifyAfter: '1', contains: 'well' })
    expect(await look(uptime)).toEqual(['2 addresses: down'])
    expect(uptime.notices()[0]?.body).toBe(
      `${nobody}: the connection was refused, once.\n${stage.site.url(place)}/a: its answer was not what was expected, once.`,
    )
  })
})
