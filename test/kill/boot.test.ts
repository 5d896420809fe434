/**
 * A run that was killed with its core goes on when the core starts again, before anything else could make it (R2):
 * there is no lease to run out, and nobody has to ask.
 */
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import type { Json } from '../../src/domain/json.ts'
import { contractFor } from '../support/world.ts'
import { LifeEnded, Lives } from './life.ts'
import { Outside } from './outside.ts'
import { connectModel } from './spent.ts'

let outside: Outside
let lives: Lives
let home: string

beforeEach(async () => {
  outside = await Outside.open()
  lives = new Lives()
  home = fs.mkdtempSync(path.join(os.tmpdir(), 'steward-boot-'))
})
afterEach(async () => {
  await lives.close()
  await outside.close()
  fs.rmSync(home, { recursive: true, force: true })
})

it('R2 a run killed with the core goes on at the next boot, without a lease to wait for', async () => {
  const first = lives.next()
  await first.start(home, null)
  await first.install('writer', writer(outside.keyed), contractOf(outside.keyed))
  await first.arm({ at: 'write.after-remote', nth: 2 })
  await expect(Promise.all([first.emit('writer', 'one', {}), first.ended.then(ended)])).rejects.toThrow(
    LifeEnded,
  )
  await outside.settled()
  expect(await applied()).toEqual(['/ok/1', '/ok/2'])

  const second = lives.next()
  const begun = performance.now()
  await second.start(home, null)
  const ready = performance.now() - begun
  // No event, no answer, no clock: only the boot itself can have made it go on.
  await until(async () => (await applied()).includes('/ok/3'))
  const wentOn = performance.now() - begun
  await until(async () => (await second.standing()).runs === 0)
  await second.stop()
  expect(await applied()).toEqual(['/ok/1', '/ok/2', '/ok/3', '/ok/4'])
  expect(second.points().slice(0, 2)).toEqual(['run.before-launch', 'write.before-reconcile'])
  console.info(
    `From boot to ready ${ready.toFixed(0)} ms, to the first step of the killed run ${wentOn.toFixed(0)} ms.`,
  )
})

it('R2 every run that was alive is taken up at once, in whatever number', async () => {
  const names = Array.from({ length: 12 }, (_none, n) => `writer-${String(n)}`)
  const first = lives.next()
  await first.start(home, null)
  for (const name of names) await first.install(name, held(outside.keyed, name), contractOf(outside.keyed))
  for (const name of names) await first.emit(name, 'one', {})
  await until(async () => (await applied()).length === names.length)
  first.kill()
  await first.ended
  await outside.settled()

  const second = lives.next()
  await second.start(home, null)
  await until(async () => (await second.standing()).runs === 0)
  await second.stop()
  const points = second.points()
  expect(points.filter(point => point === 'run.before-launch')).toHaveLength(names.length)
  expect(points.filter(point => point.startsWith('event.'))).toEqual([])
  expect((await applied()).filter(at => at.endsWith('/after'))).toHaveLength(names.length)
})

it('P2 what a killed question may have cost goes on counting, and nobody waits for its end', async () => {
  const first = lives.next()
  await first.start(home, null)
  await connectModel(first, outside)
  await first.install('asks', ASKS, askingContract())
  await first.arm({ at: 'model.before-ask', nth: 1 })
  await Promise.all([first.emit('asks', 'one', {}).catch(isOver), first.ended])

  const second = lives.next()
  await second.start(home, null)
  await until(async () => (await second.standing()).questions.length > 0)
  const { questions, runs, items } = await second.standing()
  const { items: costs } = await second.get<{ items: { state: string }[] }>('/costs')
  await second.stop()
  expect({ kinds: questions.map(({ kind }) => kind), runs, items }).toEqual({
    kinds: ['budget-exceeded'],
    runs: 1,
    items: 0,
  })
  expect(costs.map(({ state }) => state)).toEqual(['reserved'])
  expect(await outside.asks()).toEqual([])
})

/** Two questions at once, and room for one. */
const ASKS = `
  import { classify } from 'tools/llm'
  export default async function run() {
    await Promise.all(['one', 'two'].map(text => classify({ text, labels: ['red', 'green'] })))
  }`

function askingContract(): Json {
  const budget = { costPerRunMicros: 6_000, costPerDayMicros: 6_000 }
  return contractFor({ uses: ['tools/llm'], models: true, budget }) as unknown as Json
}

function isOver(error: unknown): void {
  if (!(error instanceof LifeEnded)) throw error
}

function ended(): never {
  throw new LifeEnded()
}

async function applied(): Promise<string[]> {
  return (await outside.entries()).filter(entry => entry.is === 'applied').map(entry => entry.path)
}

async function until(look: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + 50_000
  while (!(await look())) {
    if (performance.now() > deadline) throw new Error('it did not come about')
    await new Promise(resolve => setTimeout(resolve, 10))
  }
}

function writer(host: string): string {
  return `
    import { post } from 'tools/http'
    export default async function run() {
      for (const n of [1, 2, 3, 4]) await post('http://${host}/ok/' + n, {})
    }`
}

/** Writes, then reads for as long as its first core lives, then writes again. */
function held(host: string, name: string): string {
  return `
    import { get, post } from 'tools/http'
    export default async function run() {
      await post('http://${host}/ok/${name}/before', {})
      await get('http://${host}/held/${name}')
      await post('http://${host}/ok/${name}/after', {})
    }`
}

function contractOf(host: string): Json {
  return contractFor({
    reads: { hosts: [host] },
    changes: [{ tool: 'http.post', hosts: [host], approval: 'never', honoursKeyForMs: 3_600_000 }],
  }) as unknown as Json
}
