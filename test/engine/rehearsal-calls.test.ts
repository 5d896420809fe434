/** What a rehearsal shows is what a run does (O2): the same script makes the same calls for the same event. */
import fs from 'node:fs'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { ContractInput } from '../../src/domain/contract.ts'
import type { Json } from '../../src/domain/json.ts'
import { deployed } from '../../src/main/store/workflows.ts'
import { Listener } from '../determinism/listener.ts'
import { serveHeld } from '../support/held-site.ts'
import type { HeldSite } from '../support/held-site.ts'
import { createWorld, until } from '../support/world.ts'
import type { World } from '../support/world.ts'

let site: HeldSite
let world: World
const listener = new Listener()

beforeAll(async () => {
  site = await serveHeld()
  site.answer('/refuse', 422)
  world = await createWorld({ wrapPool: listener.listen })
})
afterAll(async () => {
  await world.stop()
  await site.close()
  fs.rmSync(world.folder, { recursive: true, force: true })
})

const HEAD = () => `
  import { get, post } from 'tools/http'
  import { each, sleep } from 'tools/flow'
  import { get as recall, set, remove, list } from 'tools/state'
  import { send } from 'tools/notify'
  const S = '${site.url('')}'
  const seen = []
  const note = value => { seen.push(value) }
  const trying = async work => { try { note(await work()) } catch (error) { note(error.code) } }`

const CONTRACT = (): Partial<ContractInput> => ({
  reads: { hosts: [site.host] },
  changes: [{ tool: 'http.post', hosts: [site.host], approval: 'never' }],
  items: { entry: 'the entry', part: 'the part' },
  outsideContent: 'allow',
})

/** One statement of a script. What a write answered is not looked at: only a run can know it. */
const leaf = fc.oneof(
  fc.nat(3).map(n => `await trying(async () => (await get(S + '/read${String(n)}')).status)`),
  fc.constant(`await trying(() => get(S + '/refuse'))`),
  fc.nat(3).map(n => `await trying(async () => (await post(S + '/send${String(n)}', { n: event.n })).ok)`),
  fc.constant(`await trying(() => post('http://elsewhere.example/', {}))`),
  fc.constant(`await trying(() => set('', 1))`),
  fc.tuple(fc.nat(2), fc.nat(2)).map(([k, v]) => `await set('k${String(k)}', [${String(v)}, event.n])`),
  fc.nat(2).map(k => `note(await recall('k${String(k)}'))`),
  fc.nat(2).map(k => `await remove('k${String(k)}')`),
  fc.constant(`note(await list('k'))`),
  fc.constant(`await send('news')`),
  fc.nat(2).map(n => `await Promise.all([get(S + '/left${String(n)}'), recall('k0'), get(S + '/right')])`),
)
/** Inside an item a wait ends the look of a run at it, and a rehearsal goes on: only outside are they the same. */
const outer = fc.oneof({ weight: 12, arbitrary: leaf }, fc.constant('await sleep({ ms: 1 })'))
const items = fc.tuple(fc.array(leaf, { maxLength: 3 }), fc.integer({ min: 0, max: 3 }), fc.boolean()).map(
  ([body, failing, keep]) => `note((await each('entry', event.keys, key => key, async key => {
      ${body.join('\n')}
      if (event.keys.indexOf(key) === ${String(failing)}) throw new Error('bad')
      ${keep ? `await set('k1', key)` : ''}
      return key
    })).done.length)`,
)
const script = fc
  .tuple(fc.array(outer, { maxLength: 4 }), fc.option(items), fc.array(outer, { maxLength: 3 }), fc.boolean())
  .map(([before, between, after, fails]) =>
    [...before, between ?? '', ...after, fails ? `throw new Error('end')` : 'return seen'].join('\n'),
  )

async function rehearsed(workflowId: string, event: Json) {
  const before = new Set(listener.runs.keys())
  const { script, contract } = deployed(world.store, world.engine.workflow(workflowId))
  const { source } = script
  const end = await world.engine.rehearse({ contract, source, event, phase: 'dry-run', workflowId })
  const [name = ''] = [...listener.runs.keys()].filter(id => !before.has(id))
  return { end, asked: listener.askedBy(name) }
}

async function cancelledAt(name: string, event: Json, at: string): Promise<void> {
  site.hold(at)
  const { row } = await world.emit({
    workflow: name,
    type: 'manual',
    payload: event,
    sourceType: 'test',
    sourceId: 'test',
  })
  const runId = await until(() => world.engine.event(row.id).run_id, 'never claimed')
  await until(() => site.paths().includes(at), `nobody asked for ${at}`)
  await world.engine.control.cancelRun(runId)
  await world.rested(runId)
  site.release(at)
}

let made = 0

describe('a rehearsal and a run', () => {
  it('O2 S6 ask for the same calls with the same arguments, and end the same, event after event', async () => {
    await fc.assert(
      fc.asyncProperty(script, async body => {
        const name = `calls-${String(made++)}`
        const source = `${HEAD()}\nexport default async function run(event) {\n${body}\n}`
        const workflowId = await world.install(name, source, CONTRACT())
        for (const event of [
          { n: 1, keys: ['a', 'b'] },
          { n: 2, keys: ['b', 'c', 'a'] },
        ]) {
          const sent = site.seen.filter(request => request.method === 'POST').length
          const { end, asked } = await rehearsed(workflowId, event)
          expect(site.seen.filter(request => request.method === 'POST')).toHaveLength(sent)
          const run = await world.run(name, event)
          expect(asked).toEqual(listener.askedBy(run.id))
          expect(end.result).toEqual(world.result(run))
          expect(end.failure?.kind).toBe(world.failure(run)?.kind)
        }
      }),
      { numRuns: 15 },
    )
  }, 120_000)

  it('O2 S6 J7 go on with an item that is half done: what it has sent is not sent again', async () => {
    const name = 'half'
    const body = `
      return (await each('entry', event.keys, key => key, async key => {
        await set('k0', key)
        const { ok } = await post(S + '/half-' + key, {})
        const { status } = await get(S + '/gate-' + key)
        await post(S + '/rest-' + key, await recall('k0'))
        return [ok, status]
      })).done.map(row => row.result)`
    const source = `${HEAD()}\nexport default async function run(event) {${body}}`
    const workflowId = await world.install(name, source, CONTRACT())
    const event = { keys: ['a', 'b'] }
    await cancelledAt(name, event, '/gate-a')
    const { end, asked } = await rehearsed(workflowId, event)
    const posts = (paths: readonly string[]) => paths.filter(path => /half-|rest-/.test(path))
    expect(posts(site.paths())).toEqual(['/half-a'])
    const run = await world.run(name, event)
    expect(asked).toEqual(listener.askedBy(run.id))
    expect(end.result).toEqual(world.result(run))
    expect(posts(site.paths())).toEqual(['/half-a', '/rest-a', '/half-b', '/rest-b'])
    expect(end.steps.map(step => step.sentence).filter(said => said.includes('half-'))).toHaveLength(1)
  })
})
