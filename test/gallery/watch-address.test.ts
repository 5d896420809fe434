import fs from 'node:fs'
import type { ServerResponse } from 'node:http'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { fillGallery } from '../../src/main/engine/gallery.ts'
import { chatEventsOf } from '../../src/main/store/chats.ts'
import { closedPort, serveHttp } from '../support/loopback-server.ts'
import type { LoopbackServer } from '../support/loopback-server.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { createWorld } from '../support/world.ts'
import type { World } from '../support/world.ts'

const START = Date.UTC(2026, 0, 10, 12)
const MINUTE = 60_000

let world: World
let clock: ManualClock
let site: LoopbackServer
/** What the site answers now. */
let page: { status: number; text: string }
/** Of this test's automation. */
let name: string
let tests = 0

beforeAll(async () => {
  clock = new ManualClock(START)
  world = await createWorld({ clock })
  site = await serveHttp((_, response: ServerResponse) => {
    response.writeHead(page.status).end(page.text)
  })
})

beforeEach(() => {
  name = `watch-${String(++tests)}`
  page = { status: 200, text: 'hello' }
})

afterAll(async () => {
  await world.stop()
  await site.close()
  fs.rmSync(world.folder, { recursive: true, force: true })
})

async function install(slots: Record<string, string> = {}): Promise<void> {
  // Looks are made one by one: the schedule's own would come far later.
  const given = { url: site.url('/x?key=secret'), everyMinutes: '10080', ...slots }
  await world.engine.install(fillGallery('watch-address', given, name, { zone: 'Europe/Berlin' }))
}

function notices(): { title: string; body: string; level: string }[] {
  const { chat_id } = world.engine.workflow(name)
  const events = chatEventsOf(world.store, chat_id, 100).filter(({ kind }) => kind === 'notice')
  return events.map(({ body }) => body as { title: string; body: string; level: string })
}

/** Looks once, five minutes after the last look; gives what it made of it and the titles of what it said. */
async function look(answer: Partial<typeof page> = {}): Promise<[status: unknown, said: string[]]> {
  page = { ...page, ...answer }
  clock.advance(5 * MINUTE)
  const before = notices().length
  const run = await world.run(name)
  expect([run.state, world.failure(run)]).toEqual(['succeeded', null])
  const { status } = world.result(run) as { status?: unknown }
  const said = notices().slice(before)
  return [status, said.map(({ title }) => title.replace(site.host, 'site'))]
}

/** In winter, when Berlin is one hour ahead of UTC. */
function berlin(at: number): string {
  return `${new Date(at + 60 * MINUTE).toISOString().slice(0, 16).replace('T', ' ')} (Europe/Berlin)`
}

describe('watch-address', () => {
  it('J2 tells of down after two failures, of back with how long, of changed, and is quiet otherwise', async () => {
    await install()
    const start = clock.now()
    expect(await look()).toEqual(['up', []])
    expect(await look()).toEqual(['up', []])
    expect(await look({ status: 500 })).toEqual(['failing', []])
    expect(await look()).toEqual(['down', ['site/x?…: down']])
    expect(await look()).toEqual(['down', []])
    expect(await look({ status: 200 })).toEqual(['up', ['site/x?…: back up']])
    expect(await look()).toEqual(['up', []])
    expect(await look({ text: 'other' })).toEqual(['up', ['site/x?…: changed']])
    expect(await look()).toEqual(['up', []])
    const [down, back] = notices()
    expect(down).toEqual({
      title: `${site.host}/x?…: down`,
      body: `http://${site.host}/x?…\nIt answered with status 500. It failed 2 looks in a row. Last look: ${berlin(start + 20 * MINUTE)}.`,
      level: 'warning',
    })
    expect(back?.body).toBe(
      `http://${site.host}/x?…\nIt was down for 15 minutes. Seen at ${berlin(start + 30 * MINUTE)}.`,
    )
  })

  it('takes one failure between two good looks for nothing', async () => {
    await install()
    await look()
    expect(await look({ status: 503 })).toEqual(['failing', []])
    expect(await look({ status: 200 })).toEqual(['up', []])
    expect(await look({ status: 503 })).toEqual(['failing', []])
  })

  it('takes a host where nothing answers for down, not for a failure of its own', async () => {
    const url = `http://127.0.0.1:${String(await closedPort())}/`
    await install({ failuresBeforeAlert: '1', url })
    expect((await look())[0]).toBe('down')
    expect(notices()[0]?.body).toContain('The connection was refused. It was looked at once.')
  })

  it('goes by the status and text that are expected', async () => {
    await install({ failuresBeforeAlert: '1', expectStatus: '404', contains: '"no" */ {{x}}' })
    expect(await look({ status: 404, text: 'say "no" */ {{x}} here' })).toEqual(['up', []])
    expect(await look({ text: 'say yes' })).toEqual(['down', ['site/x?…: down']])
    expect(await look({ status: 200, text: 'say "no" */ {{x}} here' })).toEqual(['down', []])
    expect(notices()[0]?.body).toContain('Its answer was not what was expected.')
  })

  it('stops telling of content that is never the same, until it keeps still', async () => {
    await install()
    const changed = ['site/x?…: changed']
    const said: string[][] = []
    for (const text of ['0', '1', '2', '3', '4', '5', '5', '6']) said.push((await look({ text }))[1])
    expect(said).toEqual([[], changed, changed, changed, [], [], [], changed])
    expect(notices()[2]?.body).toContain(
      'further changes are not reported until it has stayed the same once.',
    )
    expect(notices()[1]?.body).not.toContain('further changes')
  })

  it('is silent about changes where they are not asked for', async () => {
    await install({ watchChanges: 'no' })
    for (const text of ['a', 'b', 'c']) expect(await look({ text })).toEqual(['up', []])
  })

  it('begins anew when another address is watched', async () => {
    await install()
    await look({ text: 'one' })
    await install({ url: site.url('/y') })
    expect(await look({ text: 'two' })).toEqual(['up', []])
  })
})
