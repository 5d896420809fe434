/** Automations with a webhook, what is posted to them, and what their runs were given of it. */
import type { HookAddress } from '../../src/main/engine/hooks/hooks.ts'
import { listRuns } from '../../src/main/store/lists.ts'
import { resultOf } from '../../src/main/store/runs.ts'
import { until } from '../support/world.ts'
import { install } from './api.ts'
import type { Answer, Call, TestCore } from './api.ts'

export const ECHO = 'export default event => event'

export async function hookedOn(
  steward: TestCore,
  name: string,
  trigger: object = {},
  source = ECHO,
): Promise<HookAddress> {
  await install(steward, name, source, { when: [{ kind: 'webhook', ...trigger }] })
  return addressOn(steward, name)
}

export async function addressOn(steward: TestCore, name: string): Promise<HookAddress> {
  const answer = await steward.call({ path: `/api/v1/automations/${name}/webhooks` })
  const [address] = answer.json?.['items'] as HookAddress[]
  if (address === undefined) throw new Error('it has no webhook')
  return address
}

export function postTo(
  steward: TestCore,
  path: string,
  body: string | Buffer,
  headers: Call['headers'] = {},
  more: Partial<Call> = {},
): Promise<Answer> {
  return steward.call({ method: 'POST', path, body, headers, withoutToken: true, ...more })
}

/** What the runs of the automation were given, the oldest first, once so many have ended. */
export async function givenTo(
  steward: TestCore,
  name: string,
  count: number,
): Promise<Record<string, unknown>[]> {
  const { store, engine } = steward.core
  const workflowId = engine.workflow(name).id
  const runs = await until(() => {
    const all = listRuns(store, { workflowId, limit: 200 })
    return all.length >= count && all.every(run => run.ended_at !== null) && all
  }, `${name} never ran ${count} times`)
  return runs.toReversed().map(({ id }) => resultOf(store, engine.run(id)) as Record<string, unknown>)
}
