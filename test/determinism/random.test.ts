import fs from 'node:fs'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { serveHttp } from '../support/loopback-server.ts'
import type { LoopbackServer } from '../support/loopback-server.ts'
import { createWorld } from '../support/world.ts'
import type { World } from '../support/world.ts'
import { Listener } from './listener.ts'
import { expectSame, recordingOf } from './recorded.ts'
import { perform } from './replay.ts'
import { itemNames, randomScript, scriptOf } from './scripts.ts'

let site: LoopbackServer
let world: World
const listener = new Listener()

/** Answers after as many ms as the path says, and a few more by chance: no two recordings are alike. */
beforeAll(async () => {
  site = await serveHttp((request, response) => {
    const [, kind, ms] = request.path.split('/')
    setTimeout(
      () => {
        response.writeHead(kind === 'refuse' ? 422 : 200, { 'content-type': 'application/json' })
        response.end(JSON.stringify({ path: request.path }))
      },
      Number(ms) + Math.random() * 4,
    )
  })
  world = await createWorld({ wrapPool: listener.listen })
})
afterAll(async () => {
  await world.stop()
  await site.close()
  fs.rmSync(world.folder, { recursive: true, force: true })
})

let scripts = 0

it('J3 S3 whatever a script does, replaying its run makes identical calls, from any point of its journal', async () => {
  await fc.assert(
    fc.asyncProperty(randomScript, fc.double({ min: 0, max: 1, noNaN: true }), async (parts, share) => {
      const name = `script-${String(++scripts)}`
      await world.install(name, scriptOf(site.url(''), parts), {
        reads: { hosts: [site.host] },
        changes: [{ tool: 'http.post', hosts: [site.host], approval: 'never', honoursKeyForMs: 3_600_000 }],
        items: itemNames(parts),
        budget: { actionsPerRun: 10_000, actionsPerHour: 100_000, actionsPerDay: 100_000 },
      })
      const run = await world.run(name)
      expect(['succeeded', 'failed']).toContain(run.state)
      expect(world.failure(run)?.kind ?? 'rejected').toBe('rejected')
      await expectSame(world, listener, run)
      await expectRest(run.id, share)
    }),
    { numRuns: 60 },
  )
})

/** Knowing a part of its journal, the script asks for exactly what is not in that part. */
async function expectRest(runId: string, share: number): Promise<void> {
  const { run, journal } = recordingOf(world, listener, runId)
  const turns = journal.filter(step => step.turn !== null)
  const known = Math.floor(share * turns.length)
  const rest = await perform(world.pool, run, journal, known)
  const all = listener.askedBy(runId)
  const places = new Set(rest.asked.map(call => call.callId))
  expect(rest.asked.sort((a, b) => a.callId - b.callId)).toEqual(all.filter(call => places.has(call.callId)))
  expect(all.length - rest.asked.length).toBe(known)
}
