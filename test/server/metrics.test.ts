import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { readExposition } from '../support/exposition.ts'
import { serveHttp } from '../support/loopback-server.ts'
import { install, removeHome, startCore, temporaryHome } from './api.ts'
import type { TestCore } from './api.ts'

let steward: TestCore

beforeEach(async () => {
  steward = await startCore({ home: temporaryHome() })
})
afterEach(async () => {
  await steward.end()
  removeHome(steward.home)
})

async function scraped() {
  const { status, text, headers } = await steward.call({ path: '/metrics' })
  expect(status).toBe(200)
  expect(headers['content-type']).toBe('text/plain; version=0.0.4; charset=utf-8')
  const families = readExposition(text)
  return {
    names: [...families.keys()],
    value: (name: string, labels: Record<string, string> = {}, sample = name) =>
      families
        .get(name)
        ?.samples.find(
          found =>
            found.name === sample &&
            Object.entries(labels).every(([label, value]) => found.labels[label] === value),
        )?.value,
    families,
  }
}

async function ran(name: string, payload: unknown): Promise<void> {
  await steward.call({
    method: 'POST',
    path: `/api/v1/automations/${name}/events?wait=20000`,
    json: { payload },
  })
}

const SCRIPT = `export default event => { if (event === 'fail') throw new Error('it was told to') }`

describe('/metrics', () => {
  it('has every name that is promised', async () => {
    const { names } = await scraped()
    expect(names).toEqual(
      expect.arrayContaining([
        'workflow_execution_total',
        'connector_request_latency_seconds',
        'connector_error_total',
        'agent_task_latency_ms',
        'rag_query_latency_ms',
        'ocr_job_latency_ms',
        'scrape_job_latency_ms',
        'task_success_total',
        'task_failure_total',
        'task_duration_seconds',
        'llm_tokens_used',
        'llm_cost_usd',
      ]),
    )
  })

  it('needs the token, as everything does', async () => {
    expect(await steward.call({ path: '/metrics', withoutToken: true })).toMatchObject({ status: 401 })
  })

  it('counts how runs ended, over restarts', async () => {
    await install(steward, 'one', SCRIPT)
    await ran('one', 'ok')
    await ran('one', 'ok')
    await ran('one', 'fail')
    const before = await scraped()
    expect(before.value('workflow_execution_total', { status: 'succeeded' })).toBe(2)
    expect(before.value('task_success_total')).toBe(2)
    expect(before.value('task_failure_total')).toBe(1)
    expect(before.value('task_duration_seconds', {}, 'task_duration_seconds_count')).toBe(3)
    expect(before.value('steward_open_actions', { kind: 'run-failed' })).toBe(1)
    await steward.end()
    steward = await startCore({ home: steward.home })
    await ran('one', 'ok')
    const after = await scraped()
    expect(after.value('task_success_total')).toBe(3)
    expect(after.value('task_failure_total')).toBe(1)
    expect(after.value('task_duration_seconds', {}, 'task_duration_seconds_count')).toBe(1)
  })

  it('measures steps by their tool, and requests by who made them, failed ones too', async () => {
    const site = await serveHttp((request, response) => {
      response.writeHead(request.path === '/gone' ? 410 : 200).end('{}')
    })
    try {
      const script = `import { get } from 'tools/http'
        export default event => get(event.url)`
      await install(steward, 'one', script, { reads: { hosts: [site.host] } })
      await ran('one', { url: site.url('/there') })
      await ran('one', { url: site.url('/gone') })
      const { value } = await scraped()
      const of = { slug: 'http', action: 'get' }
      expect(
        value('steward_step_duration_seconds', { tool: 'http.get' }, 'steward_step_duration_seconds_count'),
      ).toBe(2)
      expect(value('steward_step_failures_total', { tool: 'http.get', kind: 'rejected' })).toBe(1)
      expect(value('connector_request_latency_seconds', of, 'connector_request_latency_seconds_count')).toBe(
        2,
      )
      expect(value('connector_error_total', of)).toBe(1)
    } finally {
      await site.close()
    }
  })

  it('measures what reads a page, be it a step or a look of a trigger', async () => {
    const site = await serveHttp((_request, response) => {
      response.writeHead(200, { 'content-type': 'text/html' }).end('<title>x</title><p>x</p>')
    })
    const read = async () =>
      (await scraped()).value('scrape_job_latency_ms', { engine: 'http' }, 'scrape_job_latency_ms_count') ?? 0
    try {
      const script = `import { changed } from 'tools/pages'
        import { page } from 'tools/web'
        export default async event => event.read === 'page' ? page(event.url) : changed(event.url)`
      const reads = { hosts: [site.host] }
      await install(steward, 'one', script, { reads, uses: ['tools/pages', 'tools/web'] })
      await ran('one', { url: site.url('/a'), read: 'page' })
      expect(await read()).toBe(1)
      await ran('one', { url: site.url('/a'), read: 'changes' })
      expect(await read()).toBe(2)
      await install(steward, 'two', SCRIPT, { reads, when: [{ kind: 'page', url: site.url('/a') }] })
      expect(await read()).toBe(3)
    } finally {
      await site.close()
    }
  })

  it('shows how things stand, and the loop from the second look on', async () => {
    const first = await scraped()
    expect(first.value('steward_database_bytes')).toBeGreaterThan(0)
    expect(first.value('process_resident_memory_bytes')).toBeGreaterThan(0)
    expect(first.value('steward_queue_events')).toBe(0)
    expect(first.value('steward_stopped')).toBe(0)
    expect(first.value('nodejs_eventloop_lag_p99_seconds')).toBeUndefined()
    await steward.call({ method: 'POST', path: '/api/v1/stop-everything' })
    await new Promise(resolve => setTimeout(resolve, 300))
    const second = await scraped()
    expect(second.value('steward_stopped')).toBe(1)
    expect(second.value('nodejs_eventloop_lag_p99_seconds')).toBeGreaterThanOrEqual(0)
  })

  it('says nothing that an automation works with', async () => {
    const secret = 'Canary-7f3K9qLm2xVt'
    await install(steward, 'one', `export default event => { throw new Error(event) }`)
    await ran('one', secret)
    const { text } = await steward.call({ path: '/metrics' })
    expect(text).not.toContain(secret)
    expect(text).not.toContain(steward.core.token)
  })
})
