/** What the tests of watching triggers share: worlds whose clock is the test's, and what their automations were told. */
import type { ContractInput } from '../../src/domain/contract.ts'
import type { Json } from '../../src/domain/json.ts'
import { listRuns } from '../../src/main/store/lists.ts'
import { watchesOf } from '../../src/main/store/watches.ts'
import type { WatchRow } from '../../src/main/store/watches.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { contractFor, until } from '../support/world.ts'
import type { World } from '../support/world.ts'

export const HOUR = 3_600_000
/** Ten thousand files take a while on a machine that has other things to do. */
const LONGEST_MS = 60_000

/** Its runs give back what they were told. */
export const ECHO = 'export default event => event'

export function clockAt(now = Date.now()): ManualClock {
  return new ManualClock(now)
}

export function activate(world: World, name: string, contract: Partial<ContractInput>, source = ECHO) {
  return world.engine.install({ name, source, contract: contractFor(contract) as unknown as Json })
}

/** The one thing the automation watches. */
export function watchOf(world: World, workflowId: string): WatchRow {
  const [row] = watchesOf(world.store, workflowId)
  if (row === undefined) throw new Error('it watches nothing')
  return row
}

/** Lets time pass until the next look of the automation is on record, whatever came of it. */
export async function nextLook(world: World, clock: ManualClock, workflowId: string): Promise<WatchRow> {
  const before = watchOf(world, workflowId)
  clock.advance(Math.max(0, before.next_look - clock.now()))
  return lookAfter(world, workflowId, before)
}

export function lookAfter(world: World, workflowId: string, before: WatchRow): Promise<WatchRow> {
  return until(() => {
    const row = watchOf(world, workflowId)
    return row.version > before.version || row.failures > before.failures ? row : null
  }, 'nobody looked')
}

/** The events of all its runs that have ended, the oldest first. */
export async function told(world: World, workflowId: string): Promise<Json[]> {
  await until(
    () => listRuns(world.store, { workflowId, limit: 200 }).every(run => run.ended_at !== null),
    'a run never ended',
    LONGEST_MS,
  )
  return listRuns(world.store, { workflowId, limit: 200 })
    .toReversed()
    .map(({ id }) => world.result(world.engine.run(id)))
}

/** Waits until its runs were told so many things; answers with all of them. */
export async function untilTold(world: World, workflowId: string, runs: number): Promise<Json[]> {
  await until(
    () => listRuns(world.store, { workflowId, limit: 200 }).length >= runs,
    `there were never ${runs} runs`,
    LONGEST_MS,
  )
  return told(world, workflowId)
}
