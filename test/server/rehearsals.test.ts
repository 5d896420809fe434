import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { serveHeld } from '../support/held-site.ts'
import type { HeldSite } from '../support/held-site.ts'
import { CONTRACT, install, startCore } from './api.ts'
import type { TestCore } from './api.ts'

let steward: TestCore
let site: HeldSite

beforeAll(async () => {
  site = await serveHeld()
  steward = await startCore()
})
afterAll(async () => {
  await steward.end()
  await site.close()
})

const get = (path: string) => steward.call({ path: `/api/v1${path}` })
const post = (path: string, json?: unknown) => steward.call({ method: 'POST', path: `/api/v1${path}`, json })

const contract = () => ({
  ...CONTRACT,
  uses: ['tools/http'],
  reads: { hosts: [site.host] },
  changes: [{ tool: 'http.post', hosts: [site.host], approval: 'always' }],
})
const reading = () =>
  `import { get } from 'tools/http'\nexport default async () => (await get('${site.url('/slow')}')).status`
const sending = () =>
  `import { post } from 'tools/http'\nexport default async event => (await post('${site.url('/send')}', event)).ok`

describe('rehearsals', () => {
  it('S6 O2 play a script that is not installed, and show its hash and what it would have sent and asked', async () => {
    const source = sending()
    const answer = await post('/rehearsals?wait=20000', {
      source,
      contract: contract(),
      event: { to: 'you', token: 'abc' },
    })
    expect(answer).toMatchObject({
      status: 200,
      json: {
        state: 'returned',
        automation: null,
        script: { version: null },
        counts: { reads: 0, changes: 1, asks: 1, refused: 0 },
        result: true,
        steps: [
          {
            kind: 'change',
            sentence: `Would have sent POST to ${site.host}/send`,
            wouldAsk: { clause: 'changes[0]' },
          },
        ],
      },
    })
    const [step] = answer.json?.['steps'] as { payload: string; wouldAsk: { text: string } }[]
    expect(step?.payload).toContain('to: you')
    expect(step?.wouldAsk.text).toMatch(/^Changes: http\.post at .*asks every time/)
    expect(site.seen).toEqual([])
    const { hash } = answer.json?.['script'] as { hash: string }
    const refused = await post('/automations', {
      name: 'sender',
      source: `${source} `,
      contract: contract(),
      rehearsed: hash,
    })
    expect(refused).toMatchObject({ status: 422 })
    await install(steward, 'sender', source, { ...contract(), rehearsed: undefined })
    const installed = await post('/rehearsals?wait=20000', { automation: 'sender' })
    expect(installed.json).toMatchObject({ automation: { name: 'sender' }, script: { hash, version: '1.0' } })
    expect((await get('/automations/sender')).json).toMatchObject({ script: { hash } })
  })

  it('S6 are looked at while they play, and stopped', async () => {
    site.hold('/slow')
    const begun = await post('/rehearsals', { source: reading(), contract: contract() })
    expect(begun).toMatchObject({ status: 202, json: { state: 'running' } })
    const at = `/rehearsals/${String(begun.json?.['id'])}`
    await expect.poll(() => site.paths()).toContain('/slow')
    expect((await get(`${at}?wait=10`)).json).toMatchObject({ state: 'running' })
    expect((await post(`${at}/cancel`)).json).toMatchObject({ state: 'stopped' })
    expect((await get(at)).json).toMatchObject({ state: 'stopped', failure: { name: 'Stopped' } })
    expect((await post(`${at}/cancel`)).json).toMatchObject({ state: 'stopped' })
  })

  it('S6 S2 end by themselves, and only so many play at once', async () => {
    site.hold('/slow')
    const body = { source: reading(), contract: contract(), longestMs: 30_000 }
    const begun = await Promise.all([1, 2, 3, 4].map(() => post('/rehearsals', body)))
    expect(begun.map(answer => answer.status)).toEqual([202, 202, 202, 202])
    expect(await post('/rehearsals', body)).toMatchObject({ status: 429 })
    for (const { json } of begun) await post(`/rehearsals/${String(json?.['id'])}/cancel`)
    const short = await post('/rehearsals?wait=20000', { ...body, longestMs: 200 })
    expect(short.json).toMatchObject({ state: 'failed', failure: { kind: 'script-limit', limit: 'wall' } })
  })

  it('are refused whole when there is nothing to play, and say why', async () => {
    const whole = { source: reading(), contract: contract() }
    const bad: [unknown, number, RegExp][] = [
      [{}, 422, /automation/],
      [{ source: reading() }, 422, /together/],
      [{ automation: 'none' }, 404, /no automation “none”/],
      [{ ...whole, source: 'export default (' }, 422, /Nothing was rehearsed.*parse/],
      [
        { ...whole, contract: { ...contract(), uses: [], changes: [] } },
        422,
        /Nothing was rehearsed.*does not grant/,
      ],
      [{ ...whole, contract: { ...contract(), budgets: 1 } }, 422, /budgets/],
      [{ ...whole, longestMs: 1 }, 422, /longestMs/],
    ]
    for (const [body, status, message] of bad) {
      const answer = await post('/rehearsals', body)
      expect(answer.status, JSON.stringify(body)).toBe(status)
      expect(String(answer.json?.['detail'])).toMatch(message)
    }
    expect(await get('/rehearsals/reh_none')).toMatchObject({ status: 404 })
  })
})
