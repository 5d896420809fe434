/** Automations share the machine: whatever one has waiting, every other gets its turn (R3). */
import fs from 'node:fs'
import fc from 'fast-check'
import { afterEach, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { defineTool } from '../../src/domain/tool.ts'
import { listRuns } from '../../src/main/store/lists.ts'
import { send } from '../support/engine-tests.ts'
import { createWorld, until } from '../support/world.ts'
import type { World } from '../support/world.ts'

let world: World
let release: () => void = () => undefined
const held = new Promise<void>(resolve => (release = resolve))
let holding = 0

const hold = defineTool({
  name: 'held.read',
  version: 1,
  title: 'Hold',
  doc: 'Holds its run until the test lets go.',
  effect: 'read',
  input: z.strictObject({}),
  output: z.null(),
  touches: () => ({}),
  risk: 'low',
  idempotency: 'natural',
  run: async () => {
    holding++
    await held
    return null
  },
  describe: () => 'Held',
})

afterEach(async () => {
  release()
  await world.stop()
  fs.rmSync(world.folder, { recursive: true, force: true })
})

const RETURNS = 'export default async function run() { return 1 }'

describe('fairness', () => {
  it('R3 a few automations whose runs hang keep no other from running', async () => {
    world = await createWorld({ tools: [hold], places: 8 })
    const uses = ['tools/held']
    for (const name of ['flood-a', 'flood-b']) {
      const source =
        "import { read } from 'tools/held'\nexport default async function run() { await read({}) }"
      await world.install(name, source, { uses, queue: { concurrency: 16 } })
      for (let place = 0; place < 12; place++) await send(world, name)
    }
    await until(() => holding === 7, 'the floods never began')
    for (const name of ['quiet', 'quieter']) {
      await world.install(name, RETURNS)
      expect((await world.run(name)).state).toBe('succeeded')
    }
    expect(holding).toBe(7)
  })

  it('R3 nobody is served twice while another waits for its first turn since', async () => {
    world = await createWorld({ places: 2 })
    const names = ['a', 'b', 'c', 'd']
    const ids = new Map<string, string>()
    for (const name of names) ids.set(await world.install(name, RETURNS), name)
    const floods = fc.array(fc.integer({ min: 0, max: 8 }), { minLength: 4, maxLength: 4 })
    await fc.assert(
      fc.asyncProperty(floods, async counts => {
        await world.engine.control.stopEverything()
        const events: string[] = []
        for (const [place, count] of counts.entries())
          for (let sent = 0; sent < count; sent++) events.push(await send(world, names[place] ?? ''))
        await world.engine.control.resumeEverything()
        await until(() => events.every(id => world.engine.event(id).state === 'done'), 'not all were run')
        const runs = listRuns(world.store, { limit: events.length }).toReversed()
        expect(runs).toHaveLength(events.length)
        expect(overtakings(runs.map(run => ids.get(run.workflow_id) ?? ''))).toEqual([])
      }),
      { numRuns: 15 },
    )
  })
})

/** Where one was served twice in a row of turns in which another that still waited was not served at all. */
function overtakings(order: readonly string[]): string[] {
  return order.flatMap((name, place) => {
    const next = order.indexOf(name, place + 1)
    if (next === -1) return []
    const between = new Set(order.slice(place + 1, next))
    const waiting = new Set(order.slice(next + 1))
    return [...waiting].flatMap(other =>
      // One with a place left may begin beside whoever is at work.
      other === name || between.has(other) || order[place - 1] === other
        ? []
        : [`${name} before ${other} at ${String(next)}`],
    )
  })
}
