import fs from 'node:fs'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { defineTool } from '../../src/domain/tool.ts'
import { listActions, openActionsOfRun } from '../../src/main/store/actions.ts'
import { stepsOfRun } from '../../src/main/store/journal.ts'
import { createWorld, until } from '../support/world.ts'
import type { World } from '../support/world.ts'

let world: World
/** Lets the write in flight end; it is late by then. */
let answer: (text: string) => void
let sent: string[]

const slow = defineTool({
  name: 'test.send',
  version: 1,
  title: 'Send slowly',
  doc: 'A write whose answer comes when the test says.',
  effect: 'write',
  input: z.strictObject({ text: z.string() }),
  output: z.string(),
  touches: () => ({}),
  risk: 'low',
  idempotency: 'none',
  timeoutMs: 60,
  run: input => {
    sent.push(input.text)
    return new Promise<string>(resolve => {
      answer = resolve
    })
  },
  assume: () => 'assumed',
  describe: input => `Sent ${input.text}`,
})
const script = `import { send } from 'tools/test'
  export default async function run() { return send({ text: 'hello' }) }`
const contract = { uses: ['tools/test'], changes: [{ tool: 'test.send', approval: 'never' as const }] }

beforeEach(async () => {
  sent = []
  world = await createWorld({ tools: [slow] })
  await world.install('slow', script, contract)
})
afterEach(async () => {
  await world.stop()
  fs.rmSync(world.folder, { recursive: true, force: true })
})

async function question(runId: string) {
  await until(() => openActionsOfRun(world.store, runId).length > 0, 'never asked')
  await world.rested(runId)
  const [open] = openActionsOfRun(world.store, runId)
  if (open === undefined) throw new Error('nothing was asked')
  return open
}
const ended = (runId: string) =>
  until(() => world.engine.run(runId).ended_at !== null && world.engine.run(runId), 'never ended')

describe('a write that takes too long', () => {
  it('J4 is unknown, and a late success is the evidence that answers the question', async () => {
    const run = await world.run('slow')
    const open = await question(run.id)
    expect(open.kind).toBe('outcome-unknown')
    answer('late')
    expect(world.result(await ended(run.id))).toBe('late')
    expect(listActions(world.store, 'open', 10)).toEqual([])
    expect(sent).toEqual(['hello'])
    expect(stepsOfRun(world.store, run.id).map(step => step.state)).toEqual(['done'])
  })

  it('J4 J2 once a person has answered, a late success changes nothing', async () => {
    const run = await world.run('slow')
    const open = await question(run.id)
    await world.engine.resolve({ actionId: open.id, choice: 'it-went-out', payload: null })
    const end = await ended(run.id)
    answer('late')
    await new Promise(resolve => setTimeout(resolve, 50))
    expect(world.result(end)).toBe('assumed')
    expect(world.result(world.engine.run(run.id))).toBe('assumed')
    expect(sent).toEqual(['hello'])
  })

  it('J4 left as it is, the run ends as declined and nothing is sent', async () => {
    const run = await world.run('slow')
    const open = await question(run.id)
    await world.engine.resolve({ actionId: open.id, choice: 'skip', payload: null })
    expect((await ended(run.id)).state).toBe('declined')
    expect(sent).toEqual(['hello'])
  })
})

describe('versions', () => {
  it('J8 a waiting run keeps the script it started with; a new run takes the new one', async () => {
    const version = (text: string) => `import { waitFor } from 'tools/flow'
      export default async function run() { await waitFor({ name: 'go' }); return '${text}' }`
    await world.install('kept', version('old'))
    const run = await world.run('kept')
    await world.install('kept', version('new'), { queue: { concurrency: 2 } })
    const next = await world.run('kept')
    await world.engine.signal(run.id, 'go', null)
    await world.engine.signal(next.id, 'go', null)
    expect(world.result(await ended(run.id))).toBe('old')
    expect(world.result(await ended(next.id))).toBe('new')
  })

  it('P3 J8 a wider contract does not reach a run that started under the narrower one', async () => {
    const source = `import { waitFor } from 'tools/flow'
      import { get } from 'tools/http'
      export default async function run() { await waitFor({ name: 'go' }); try { await get('http://127.0.0.1:9/') } catch (error) { return error.code } }`
    await world.install('narrow', source)
    const run = await world.run('narrow')
    await world.install('narrow', source, { reads: { hosts: ['127.0.0.1:9'], paths: [] } })
    await world.engine.signal(run.id, 'go', null)
    expect(world.result(await ended(run.id))).toBe('not-permitted')
  })
})
