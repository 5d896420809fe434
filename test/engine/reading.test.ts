/** Pages, feeds and downloads in real runs: what they remember belongs to the run, what they may touch to the contract. */
import fs from 'node:fs'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { bodyOfAction, openActionsOfRun } from '../../src/main/store/actions.ts'
import { serveHttp, type LoopbackServer } from '../support/loopback-server.ts'
import { createWorld, type World } from '../support/world.ts'

const feed = (...ids: number[]): string =>
  `<rss version="2.0"><channel><title>News</title>${ids.map(id => `<item><guid>g${id}</guid><title>T${id}</title></item>`).join('')}</channel></rss>`

describe('reading in a run', () => {
  let world: World
  let server: LoopbackServer
  let body = ''
  beforeEach(async () => {
    server = await serveHttp((request, response) => {
      if (request.path === '/robots.txt') response.writeHead(404).end()
      else
        response
          .writeHead(200, { 'content-type': request.path === '/feed' ? 'application/xml' : 'text/html' })
          .end(body)
    })
    world = await createWorld()
  })
  afterEach(async () => {
    await world.stop()
    await server.close()
    fs.rmSync(world.folder, { recursive: true, force: true })
  })

  it('J2 R8 finds each new item of a feed once, also when the run that found it failed', async () => {
    const source = `
      import { newItems } from 'tools/feeds'
      export default async function run(event) {
        const { items, first } = await newItems(event.url)
        if (event.fail) throw new Error('failed')
        return { first, ids: items.map(item => item.id) }
      }`
    await world.install('alert', source, { uses: ['tools/feeds'], reads: { hosts: [server.host] } })
    const look = async (fail = false): Promise<unknown> => {
      const run = await world.run('alert', { url: server.url('/feed'), fail })
      return run.state === 'succeeded' ? world.result(run) : run.state
    }
    body = feed(1)
    expect(await look(true)).toBe('failed')
    expect(await look()).toEqual({ first: true, ids: [] })
    body = feed(3, 2, 1)
    expect(await look(true)).toBe('failed')
    expect(await look()).toEqual({ first: false, ids: ['g2', 'g3'] })
    expect(await look()).toEqual({ first: false, ids: [] })
  })

  it('J2 reports the change of a page once, also when the run that saw it failed', async () => {
    const source = `
      import { changed } from 'tools/pages'
      export default async function run(event) {
        const seen = await changed(event.url, '.price')
        if (event.fail) throw new Error('failed')
        return [seen.changed, seen.numbersBefore.map(n => n.value), seen.numbers.map(n => n.value)]
      }`
    await world.install('price', source, { uses: ['tools/pages'], reads: { hosts: [server.host] } })
    const look = async (fail = false): Promise<unknown> => {
      const run = await world.run('price', { url: server.url('/p'), fail })
      return run.state === 'succeeded' ? world.result(run) : run.state
    }
    body = '<p class="price">10,00 €</p>'
    expect(await look()).toEqual([false, [], [10]])
    body = '<p class="price">8,50 €</p>'
    expect(await look(true)).toBe('failed')
    expect(await look()).toEqual([true, [10], [8.5]])
    expect(await look()).toEqual([false, [8.5], [8.5]])
  })

  it('P2 reads only hosts that the contract names, and downloads only where one clause says so', async () => {
    const source = `
      import { page, download } from 'tools/web'
      export default async function run(event) {
        const codes = []
        for (const attempt of [() => page(event.url), () => download(event.url, event.path)]) {
          try { await attempt(); codes.push('ok') } catch (error) { codes.push(error.code) }
        }
        return codes
      }`
    body = '<p>hello'
    const target = path.join(world.folder, 'down', 'a.html')
    fs.mkdirSync(path.dirname(target))
    const event = { url: server.url('/a'), path: target }
    await world.install('none', source, { uses: ['tools/web'] })
    expect(world.result(await world.run('none', event))).toEqual(['not-permitted', 'not-permitted'])
    expect(server.seen).toEqual([])
    const clause = { tool: 'web.download', paths: [path.dirname(target)], approval: 'never' as const }
    const reads = { hosts: [server.host] }
    await world.install('half', source, { uses: ['tools/web'], reads, changes: [clause] })
    expect(world.result(await world.run('half', event))).toEqual(['ok', 'not-permitted'])
    await world.install('both', source, {
      uses: ['tools/web'],
      reads,
      changes: [{ ...clause, hosts: [server.host] }],
    })
    expect(world.result(await world.run('both', event))).toEqual(['ok', 'ok'])
    expect(fs.readFileSync(target, 'utf8')).toBe(body)
  })

  it('J4 tries a download again that broke off, because nothing had been changed', async () => {
    let asked = 0
    const flaky = await serveHttp((request, response) => {
      if (request.path === '/robots.txt') response.writeHead(404).end()
      else if (++asked > 1) response.end('whole')
      else {
        response.writeHead(200, { 'content-length': '100' }).write('half')
        setTimeout(() => response.destroy(), 20)
      }
    })
    const source = `
      import { download } from 'tools/web'
      export default async event => (await download(event.url, event.path)).bytes`
    const folder = path.join(world.folder, 'down')
    fs.mkdirSync(folder)
    const changes = [
      { tool: 'web.download', hosts: [flaky.host], paths: [folder], approval: 'never' as const },
    ]
    await world.install('get', source, { uses: ['tools/web'], changes })
    const run = await world.run('get', { url: flaky.url('/f'), path: path.join(folder, 'f') })
    await flaky.close()
    expect(world.result(run)).toBe(5)
    expect(asked).toBe(2)
    expect(fs.readdirSync(folder)).toEqual(['f'])
    expect(openActionsOfRun(world.store, run.id)).toEqual([])
  })

  it('waits for a search provider instead of failing, and names the setting', async () => {
    const source = `
      import { search } from 'tools/web'
      export default async () => (await search('tea')).results.length`
    await world.install('ask', source, { uses: ['tools/web'], reads: { accounts: ['search'] } })
    const run = await world.run('ask')
    expect(run.state).toBe('waiting')
    const [action] = openActionsOfRun(world.store, run.id)
    expect(action === undefined ? '' : JSON.stringify(bodyOfAction(world.store, action))).toContain(
      'No search provider',
    )
  })
})
