/** What a policy file would have decided: judged from what is on record, changing nothing, a bounded piece at a time. */
import fs from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { PolicyPreview } from '../../src/main/engine/policy/preview.ts'
import { forSite, inState, resolve, send } from '../support/engine-tests.ts'
import { serveHeld } from '../support/held-site.ts'
import type { HeldSite } from '../support/held-site.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { createWorld, until } from '../support/world.ts'
import type { World } from '../support/world.ts'

const DAY = 86_400_000
let site: HeldSite
let world: World
let clock: ManualClock

/** Two days ago a run of each; one of today: a read and a post, allowed; a post that was asked about; a denied one. */
beforeAll(async () => {
  clock = new ManualClock()
  site = await serveHeld()
  world = await createWorld({ clock })
  const source = (calls: string) => `
    import { get, post } from 'tools/http'
    const S = '${site.url('')}'
    export default async function run() { ${calls} }`
  await world.install('sends', source(`await get(S + '/read'); await post(S + '/post', {})`), forSite(site))
  await world.install('asks', source(`await post(S + '/asked', {})`), forSite(site, 'always'))
  await world.install('denied', source(`await post('http://other.example/', {}).catch(() => null)`), {
    reads: { hosts: [site.host] },
  })
  await world.run('sends')
  clock.advance(2 * DAY)
  await world.run('sends')
  const asked = await send(world, 'asks')
  await resolve(world, 'approval', 'approve')
  await inState(world, await until(() => world.engine.event(asked).run_id, 'never claimed'), 'succeeded')
  await world.run('denied')
})
afterAll(async () => {
  await world.stop()
  await site.close()
  fs.rmSync(world.folder, { recursive: true, force: true })
})

const file = (rules: object[]) =>
  JSON.stringify({ version: '1.0', rules: rules.map((rule, n) => ({ name: `rule ${String(n)}`, ...rule })) })
const preview = (
  rules: object[],
  more: { days?: number; limit?: number; cursor?: string; signal?: AbortSignal } = {},
) => world.engine.policies.preview({ source: file(rules), days: 1, limit: 50, ...more })
const changes = ({ items }: PolicyPreview) =>
  items.map(({ automation, tool, was, would }) => [automation.name, tool, was, would])

describe('the preview of a policy', () => {
  it('P1 counts what it would have answered, and lists what would differ', async () => {
    const seen = await preview([
      { action: 'send_request', approval: 'ask' },
      { name: 'no reads', action: 'http.get', approval: 'deny' },
    ])
    expect(changes(seen)).toEqual([
      ['sends', 'http.get', 'allow', 'deny'],
      ['sends', 'http.post', 'allow', 'ask'],
    ])
    expect(seen.items[0]).toMatchObject({
      clause: 'policy.rules[1]',
      reason: 'The policy’s rule “no reads” denies this.',
    })
    // The denied post stays denied, and the one that was asked about is asked about.
    expect(seen).toMatchObject({
      runs: 3,
      steps: 4,
      would: { allow: 0, ask: 2, deny: 2 },
      unjudged: 0,
      next: null,
    })
  })

  it('P1 looks at the runs of so many days', async () => {
    const rules = [{ action: 'http.get', approval: 'deny' }]
    expect((await preview(rules)).items).toHaveLength(1)
    expect((await preview(rules, { days: 3 })).items).toHaveLength(2)
  })

  it('P1 shows the same in pages of any size, each step once', async () => {
    const rules = [{ approval: 'deny' }]
    const whole = await preview(rules, { days: 3 })
    expect(whole.items.length).toBeGreaterThan(3)
    for (const limit of [1, 2, 3]) {
      const pages: PolicyPreview[] = []
      for (let cursor: string | undefined; ;) {
        const page = await preview(rules, { days: 3, limit, ...(cursor === undefined ? {} : { cursor }) })
        pages.push(page)
        if (page.next === null) break
        cursor = page.next
      }
      expect(pages.flatMap(page => page.items)).toEqual(whole.items)
      const sum = (of: (page: PolicyPreview) => number) => pages.reduce((total, page) => total + of(page), 0)
      expect([sum(page => page.steps), sum(page => page.runs)]).toEqual([whole.steps, whole.runs])
    }
    await expect(preview(rules, { cursor: 'elsewhere' })).rejects.toThrow('is not a place in this list')
  })

  it('P1 ends early once nobody waits for it', async () => {
    const seen = await preview([{ approval: 'deny' }], { signal: AbortSignal.abort() })
    expect(seen).toMatchObject({ steps: 0, items: [] })
  })

  it('P1 tells what the file in force decided from what the contract had said', async () => {
    await expect(world.engine.policies.preview({ days: 1, limit: 50 })).rejects.toThrow(
      'There was no policy file.',
    )
    await world.engine.policies.import(file([{ action: 'http.post', approval: 'deny' }]))
    clock.advance(2 * DAY)
    await world.run('sends').catch(() => null)
    await world.engine.policies.remove()
    const before = site.paths().length
    expect(changes(await preview([{ action: 'http.get', approval: 'auto', risk: 'low' }]))).toEqual([
      ['sends', 'http.post', 'deny', 'allow'],
    ])
    expect(site.paths()).toHaveLength(before)
  })
})
