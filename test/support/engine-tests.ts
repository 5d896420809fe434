/** What the tests of the engine ask of a world again and again. */
import { listActions } from '../../src/main/store/actions.ts'
import type { ActionRow } from '../../src/main/store/actions.ts'
import type { RunRow } from '../../src/main/store/runs.ts'
import type { HeldSite } from './held-site.ts'
import { until } from './world.ts'
import type { World } from './world.ts'

type Approval = 'never' | 'always'

/** Reads of the site, and posts to it under this approval. */
export function forSite(site: HeldSite, approval: Approval = 'never') {
  return {
    reads: { hosts: [site.host], paths: [] },
    changes: [{ tool: 'http.post', hosts: [site.host], approval }],
    items: { mail: 'id' },
  }
}

/** Lets an event in and answers with its id, whatever becomes of it. */
export async function send(world: World, workflow: string, payload: object = {}): Promise<string> {
  const request = { workflow, type: 'manual', payload: { ...payload }, sourceType: 'test', sourceId: 'test' }
  return (await world.emit(request)).row.id
}

/** Starts the automation and waits until the site was asked for the path; answers with the run's id. */
export async function untilAsked(
  world: World,
  site: HeldSite,
  workflow: string,
  path: string,
): Promise<string> {
  const eventId = await send(world, workflow)
  await until(() => site.paths().includes(path), `nobody asked for ${path}`)
  return until(() => world.engine.event(eventId).run_id, `${workflow} was never claimed`)
}

export function openActions(world: World): ActionRow[] {
  return listActions(world.store, 'open', 50)
}

export function openKinds(world: World): string[] {
  return openActions(world)
    .map(action => action.kind)
    .toSorted()
}

/** Waits for the one open action of this kind. */
export async function actionOf(world: World, kind: string): Promise<ActionRow> {
  return until(() => openActions(world).find(action => action.kind === kind), `no action ${kind}`)
}

export async function resolve(world: World, kind: string, choice: string): Promise<void> {
  const { id } = await actionOf(world, kind)
  await world.engine.resolve({ actionId: id, choice, payload: null })
}

/** Waits until the run is over in this state, and nothing of it is in memory. */
export async function inState(world: World, runId: string, state: RunRow['state']): Promise<RunRow> {
  return until(() => {
    const run = world.engine.run(runId)
    return run.state === state && world.engine.isAtRest(runId) ? run : null
  }, `the run was never ${state}`)
}

/** Whoever may start has started: an automation that comes later in every queue has run to its end. */
export async function settled(world: World): Promise<void> {
  const name = `bystander-${world.store.ids.next('evt').slice(-8)}`
  await world.install(name, 'export default async function run() { return 1 }')
  await world.run(name)
  await world.store.flushed()
}
