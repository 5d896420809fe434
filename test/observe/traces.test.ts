import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Observer } from '../../src/main/engine/observe/observer.ts'
import { install, removeHome, startCore, temporaryHome } from '../server/api.ts'
import type { TestCore } from '../server/api.ts'
import { startCollector } from '../support/collector.ts'
import type { Collector } from '../support/collector.ts'
import { serveHttp } from '../support/loopback-server.ts'
import type { LoopbackServer } from '../support/loopback-server.ts'
import { until } from '../support/world.ts'

const SECRET = 'Canary-7f3K9qLm2xVt'

let home: string
let collector: Collector
let site: LoopbackServer

beforeEach(async () => {
  home = temporaryHome()
  collector = await startCollector()
  site = await serveHttp((request, response) => {
    response.writeHead(request.path.startsWith('/gone') ? 410 : 200).end(JSON.stringify({ SECRET }))
  })
})
afterEach(async () => {
  collector.goOn()
  await collector.server.close()
  await site.close()
  removeHome(home)
})

async function started(): Promise<TestCore> {
  const steward = await startCore({ home, env: { OTEL_EXPORTER_OTLP_ENDPOINT: collector.endpoint } })
  await tracing(steward)
  return steward
}

/** What sends traces is loaded beside other work. */
const tracing = (steward: TestCore) =>
  steward.core.engine.observer.traceTo({ tracesTo: collector.endpoint, tellHosts: false })

const SCRIPT = `import { get } from 'tools/http'
  export default async event => { for (const url of event.urls) await get(url) }`

async function installed(steward: TestCore): Promise<void> {
  await install(steward, 'one', SCRIPT, { reads: { hosts: [site.host] } })
}

interface Ran {
  id: string
  state: string
}

async function ran(steward: TestCore, urls: string[], name = 'one'): Promise<Ran> {
  const { json } = await steward.call({
    method: 'POST',
    path: `/api/v1/automations/${name}/events?wait=20000`,
    json: { payload: { urls, secret: SECRET } },
  })
  return json?.['run'] as Ran
}

async function set(steward: TestCore, edit: Record<string, unknown>): Promise<number> {
  const { headers } = await steward.call({ path: '/api/v1/settings' })
  const { status } = await steward.call({
    method: 'PATCH',
    path: '/api/v1/settings',
    headers: { 'if-match': String(headers.etag) },
    json: edit,
  })
  return status
}

describe('traces', () => {
  it('are a run, its steps and their requests, and hold nothing that these carried', async () => {
    const steward = await started()
    await installed(steward)
    const run = await ran(steward, [site.url(`/there?key=${SECRET}`), site.url(`/gone/${SECRET}`)])
    expect(run.state).toBe('failed')
    await steward.end()
    const spans = collector.spans()
    const [root] = spans.filter(span => span.name === 'run')
    const steps = spans.filter(span => span.name === 'http.get')
    const requests = spans.filter(span => span.name === 'GET')
    expect(spans).toHaveLength(5)
    expect(new Set(spans.map(span => span.trace)).size).toBe(1)
    expect(root).toMatchObject({ parent: undefined, failed: true })
    expect(root?.attributes).toMatchObject({
      'steward.run': run.id,
      'steward.state': 'failed',
      'error.type': 'rejected',
    })
    expect(steps.map(step => [step.parent, step.failed])).toEqual([
      [root?.id, false],
      [root?.id, true],
    ])
    expect(requests.map(request => request.parent)).toEqual(steps.map(step => step.id))
    expect(requests.map(request => request.attributes)).toEqual([
      { 'http.request.method': 'GET', 'server.address': site.host, 'http.response.status_code': 200 },
      {
        'http.request.method': 'GET',
        'server.address': site.host,
        'http.response.status_code': 410,
        'error.type': 'rejected',
      },
    ])
    expect(collector.text()).not.toContain(SECRET)
    expect(collector.text()).not.toContain(steward.core.token)
  })

  it('go on in the same trace after a restart', async () => {
    const script = `import { waitFor } from 'tools/flow'
      import { get } from 'tools/http'
      export default async event => { await get(event.urls[0]); await waitFor('go'); await get(event.urls[0]) }`
    let steward = await started()
    await install(steward, 'two', script, { reads: { hosts: [site.host] } })
    const run = await ran(steward, [site.url('/there')], 'two')
    expect(run.state).toBe('waiting')
    await steward.end()
    steward = await started()
    await steward.call({ method: 'POST', path: `/api/v1/runs/${run.id}/signals/go`, json: { payload: 1 } })
    await until(() => steward.core.engine.run(run.id).state === 'succeeded', 'the run did not go on')
    await steward.end()
    const spans = collector.spans()
    const [root] = spans.filter(span => span.name === 'run')
    expect(new Set(spans.map(span => span.trace)).size).toBe(1)
    expect(spans.filter(span => span.name === 'http.get').map(span => span.parent)).toEqual([
      root?.id,
      root?.id,
    ])
  })

  it('are sent nowhere until an address is set, and from then on there', async () => {
    const steward = await startCore({ home, env: {} })
    await installed(steward)
    await ran(steward, [])
    expect(await set(steward, { tracesTo: 'ftp://somewhere' })).toBe(422)
    expect(await set(steward, { tracesTo: 'http://me:secret@127.0.0.1:1' })).toBe(422)
    expect(await set(steward, { tracesTo: collector.endpoint })).toBe(200)
    await tracing(steward)
    const second = await ran(steward, [])
    expect(await set(steward, { tracesTo: null })).toBe(200)
    await ran(steward, [])
    await steward.end()
    expect(collector.spans().map(span => span.attributes['steward.run'])).toEqual([second.id])
  })

  it('are told to the hosts that are asked only where that is wanted', async () => {
    const steward = await started()
    await installed(steward)
    await ran(steward, [site.url('/there')])
    await set(steward, { tellHosts: true })
    await ran(steward, [site.url('/there')])
    await steward.end()
    const [first, second] = site.seen.map(request => request.headers['traceparent'])
    const request = collector
      .spans()
      .filter(span => span.name === 'GET')
      .at(-1)
    expect(first).toBeUndefined()
    expect(second).toBe(`00-${String(request?.trace)}-${String(request?.id)}-01`)
  })
})

describe('a collector that does not answer', () => {
  it.each(['refuses', 'hangs'])('changes nothing for runs when it %s', async how => {
    if (how === 'hangs') collector.hang()
    else await collector.server.close()
    const steward = await started()
    await installed(steward)
    for (let index = 0; index < 5; index++)
      expect(await ran(steward, [site.url('/there')])).toMatchObject({ state: 'succeeded' })
    expect(await steward.call({ path: '/health' })).toMatchObject({ status: 200 })
    await steward.end()
    expect(site.seen).toHaveLength(5)
  })

  it('costs the spans that do not fit into the queue, and no more memory', async () => {
    collector.hang()
    const observer = new Observer(() => undefined, '0.0.0')
    await observer.traceTo({ tracesTo: collector.endpoint, tellHosts: false })
    const note = { automation: 'wf_1', run: 'run_1', item: undefined, tool: 'state.get', attempt: 1 }
    for (let index = 0; index < 6_000; index++)
      await observer.step(
        { ...note, step: `stp_${String(index)}` },
        () => Promise.resolve(1),
        () => undefined,
      )
    collector.goOn()
    await observer.close()
    const kept = collector.spans().length
    expect(kept).toBeGreaterThan(0)
    expect(kept).toBeLessThanOrEqual(2_048 + 256)
  })
})
