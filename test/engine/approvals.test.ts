/** One approval is one sending: a try that never left does not use it up, and nothing else makes it last (P4). */
import fs from 'node:fs'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { fail } from '../../src/domain/failure.ts'
import type { Failure } from '../../src/domain/failure.ts'
import { defineTool } from '../../src/domain/tool.ts'
import type { Reconciled } from '../../src/domain/tool.ts'
import { approvalOf, bodyOfAction } from '../../src/main/store/actions.ts'
import { stepsOfRun } from '../../src/main/store/journal.ts'
import { waitsOfRun } from '../../src/main/store/waits.ts'
import { actionOf, inState, openActions, openKinds, resolve } from '../support/engine-tests.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { createWorld, until } from '../support/world.ts'
import type { World } from '../support/world.ts'

const HOUR = 3_600_000
const OFFLINE: Failure = { kind: 'offline', message: 'This machine was offline.' }

let world: World
let clock: ManualClock
let tries: string[]
/** How the next tries end; once they are used up, every one succeeds. */
let failures: Failure[]
let found: ((verdict: Reconciled<never>) => void) | null

const put = defineTool({
  name: 'test.put',
  version: 1,
  title: 'Put',
  doc: 'A write that fails as the test says.',
  effect: 'write',
  input: z.strictObject({ text: z.string() }),
  output: z.json(),
  touches: () => ({}),
  risk: 'low',
  idempotency: 'reconcile',
  run: input => {
    tries.push(input.text)
    const failure = failures.shift()
    return Promise.resolve().then(() => (failure === undefined ? null : fail(failure)))
  },
  reconcile: () =>
    new Promise(resolve => {
      found = resolve
    }),
  describe: input => `Put ${input.text}`,
})

beforeEach(async () => {
  tries = []
  failures = []
  found = null
  clock = new ManualClock()
  world = await createWorld({ clock, tools: [put] })
})
afterEach(async () => {
  await world.stop()
  fs.rmSync(world.folder, { recursive: true, force: true })
})

async function approved(text = 'a', approvalExpiresMs = 24 * HOUR): Promise<string> {
  await world.install(
    'puts',
    `import { put } from 'tools/test'
     export default async function run() { return put({ text: ${JSON.stringify(text)} }) }`,
    { uses: ['tools/test'], changes: [{ tool: 'test.put', approval: 'always' }], approvalExpiresMs },
  )
  const { id } = await world.run('puts')
  await resolve(world, 'approval', 'approve')
  return id
}
const approvalOfRun = (runId: string) =>
  approvalOf(world.store, stepsOfRun(world.store, runId)[0]?.stepId ?? '')
const waitsToRetry = (runId: string) =>
  until(
    () => world.engine.isAtRest(runId) && waitsOfRun(world.store, runId).find(wait => wait.kind === 'retry'),
    'it never waited to try again',
  )

describe('the questions of one run', () => {
  it('P4 each say in words of their own what would be done', async () => {
    await world.install(
      'tidies',
      `import { each } from 'tools/flow'
       import { put } from 'tools/test'
       export default event => each('file', event.files, name => name, text => put({ text }))`,
      {
        title: 'Tidy Desktop',
        uses: ['tools/flow', 'tools/test'],
        changes: [{ tool: 'test.put', approval: 'always' }],
        items: { file: 'its name' },
      },
    )
    await world.run('tidies', { files: ['Invoice-2026-11-acme-corporation-0042.pdf', 'b\u202e.txt'] })
    const causes = openActions(world).map(action => bodyOfAction(world.store, action).cause)
    expect(causes.toSorted()).toEqual([
      'Tidy Desktop asked before: it would have put Invoice-2026-11-acme-corporation-0042.pdf.',
      expect.stringMatching(/^Tidy Desktop asked before: it would have put b[^\u202e]*\.txt/u) as string,
    ])
  })
})

describe('an approved write', () => {
  it('P4 that never left this machine is tried again under the same approval, which is then used', async () => {
    failures = [OFFLINE, OFFLINE]
    const runId = await approved()
    for (let failed = 1; failed <= 2; failed++) {
      const wait = await waitsToRetry(runId)
      expect(tries).toHaveLength(failed)
      expect(approvalOfRun(runId)?.state).toBe('granted')
      clock.advance((wait.wake_at ?? 0) - clock.now())
      await until(() => tries.length > failed, 'it was not tried again')
    }
    await inState(world, runId, 'succeeded')
    expect(openKinds(world)).toEqual([])
    expect(tries).toHaveLength(3)
    expect(approvalOfRun(runId)?.state).toBe('used')
  })

  it('P4 that never left is asked about anew once its approval has expired', async () => {
    failures = [OFFLINE]
    const runId = await approved('a', HOUR)
    await waitsToRetry(runId)
    clock.advance(2 * HOUR)
    await actionOf(world, 'approval')
    expect(tries).toHaveLength(1)
    await resolve(world, 'approval', 'deny')
    await inState(world, runId, 'declined')
    expect(tries).toHaveLength(1)
  })

  it('P4 R7 that a pause kept from going out once more goes out under the same approval', async () => {
    failures = [{ kind: 'network', host: 'h', message: 'The connection was reset.' }]
    const runId = await approved()
    const verdict = await until(() => found, 'nobody looked what became of it')
    const { workflow_id: workflowId } = world.engine.run(runId)
    await world.engine.control.pause(workflowId)
    verdict({ is: 'not-applied' })
    await inState(world, runId, 'waiting')
    expect(tries).toHaveLength(1)
    await world.engine.control.resume(workflowId)
    await inState(world, runId, 'succeeded')
    expect(tries).toHaveLength(2)
    expect(approvalOfRun(runId)?.state).toBe('used')
  })

  it('P4 that may have gone out has used its approval', async () => {
    failures = [{ kind: 'network', host: 'h', message: 'The connection was reset.' }]
    const runId = await approved()
    const verdict = await until(() => found, 'nobody looked what became of it')
    expect(approvalOfRun(runId)?.state).toBe('used')
    verdict({ is: 'unknown', evidence: 'Nobody knows.' })
    await actionOf(world, 'outcome-unknown')
    expect(approvalOfRun(runId)?.state).toBe('used')
  })
})
