import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { install, startCore } from './api.ts'
import type { Answer, Call, TestCore } from './api.ts'

let steward: TestCore

beforeAll(async () => {
  steward = await startCore()
})
afterAll(() => steward.end())

const call = (request: Call): Promise<Answer> => steward.call(request)
const get = (path: string) => call({ path: `/api/v1${path}` })
const post = (path: string, json?: unknown) => call({ method: 'POST', path: `/api/v1${path}`, json })

type Fields = Record<string, unknown>
const fieldsOf = (answer: Answer, name: string) => answer.json?.[name] as Fields
const listOf = (answer: Answer, name = 'items') => answer.json?.[name] as Fields[]

/** Starts the automation and answers with its run once that has ended or rests. */
async function run(name: string, payload: unknown = null): Promise<Fields> {
  const answer = await post(`/automations/${name}/events?wait=20000`, { payload })
  expect(answer).toMatchObject({ status: 200, json: { settled: true, duplicate: false } })
  return fieldsOf(answer, 'run')
}

describe('runs', () => {
  it('show effects first, then steps with what went in and out, without what is named as a secret', async () => {
    await install(
      steward,
      'shown',
      `import { info } from 'tools/log'
       import { set } from 'tools/state'
       import { send } from 'tools/notify'
       export default async event => {
         await info('saw it', { password: 'hunter2-canary', plain: 'open' })
         await set('seen', event)
         await send('Done', 'All of it')
         return { apiKey: 'sk1234567890abcdefghijklmn', plain: 'open' }
       }`,
    )
    const { id } = await run('shown', { token: 'canary-in-the-event', plain: 'open' })
    const shown = await get(`/runs/${String(id)}`)
    expect(shown.json).toMatchObject({
      state: 'succeeded',
      version: '1.0',
      effects: [{ sentence: 'Notified you: “Done”', state: 'done' }],
    })
    expect(listOf(shown, 'steps').map(step => step['tool'])).toEqual(['log.info', 'state.set', 'notify.send'])
    expect(listOf(shown, 'steps')[0]).toMatchObject({ sentence: 'Noted: saw it', ok: true, tries: 1 })
    expect(shown.text).toContain('open')
    for (const secret of ['hunter2-canary', 'canary-in-the-event', 'sk1234567890abcdefghijklmn'])
      expect(shown.text).not.toContain(secret)
  })

  it('tell and show links, file names, authors and titles as they are', async () => {
    const link = 'https://www.heise.de/tests/Apple-MacBook-Pro-14-mit-M5-im-Test-10787654.html'
    const file = 'Invoice-2026-11-acme-corporation-0042.pdf'
    await install(
      steward,
      'tells',
      `import { send } from 'tools/notify'
       export default async event => {
         await send('New: ${file}', 'Read ${link}')
         return { summary: 'Told of ${file}', link: event.link, author: event.author }
       }`,
    )
    const { id } = await run('tells', { link, author: 'A. Writer' })
    const told = listOf(await get('/notifications?limit=9'))
    expect(told.map(each => `${String(each['title'])}: ${String(each['text'])}`)).toContain(
      `New: ${file}: Read ${link}`,
    )
    const shown = await get(`/runs/${String(id)}`)
    expect(shown.json).toMatchObject({
      event: { payload: { link, author: 'A. Writer' } },
      result: { link, author: 'A. Writer', summary: `Told of ${file}` },
      summary: `Told of ${file}`,
      steps: [{ tool: 'notify.send', input: { title: `New: ${file}`, body: `Read ${link}` } }],
    })
    const chat = listOf(await get('/chats?limit=20')).find(
      each => (each['automation'] as Fields | null)?.['name'] === 'tells',
    )
    const said = await get(`/chats/${String(chat?.['id'])}/events?limit=1`)
    expect(said.text).toContain(link)
    const exported = await get('/export/steps?format=ndjson&automation=tells')
    expect(exported.text).toContain(link)
  })

  it('page through steps and runs without missing or repeating one', async () => {
    await install(
      steward,
      'long',
      "import { set } from 'tools/state'\nexport default async n => { for (let i = 0; i < n; i++) await set('k', i) }",
    )
    const { id } = await run('long', 23)
    const seen: unknown[] = []
    let page = await get(`/runs/${String(id)}/steps?limit=5`)
    seen.push(...listOf(page).map(step => step['position']))
    while (typeof page.json?.['next'] === 'string') {
      page = await get(`/runs/${String(id)}/steps?limit=5&cursor=${page.json['next']}`)
      seen.push(...listOf(page).map(step => step['position']))
    }
    expect(seen).toEqual(Array.from({ length: 23 }, (_, place) => place + 1))
    for (let place = 0; place < 4; place++) await run('long', 0)
    const first = await get('/runs?automation=long&limit=3')
    const rest = await get(`/runs?automation=long&limit=3&cursor=${String(first.json?.['next'])}`)
    const ids = [...listOf(first), ...listOf(rest)].map(item => String(item['id']))
    expect(new Set(ids).size).toBe(5)
    expect(ids).toEqual([...ids].sort().reverse())
    expect(rest.json?.['next']).toBeNull()
    expect(listOf(await get('/runs?automation=long&state=failed'))).toEqual([])
  })

  it('show one step whole, where the list shows its beginning', async () => {
    await install(
      steward,
      'large',
      "import { set } from 'tools/state'\nimport { get } from 'tools/state'\nexport default async () => { await set('k', 'x '.repeat(9000)); await get('k') }",
    )
    const { id } = await run('large')
    const [, read] = listOf(await get(`/runs/${String(id)}`), 'steps')
    expect(read?.['output']).toMatchObject({ characters: 18_002 })
    const whole = await get(`/runs/${String(id)}/steps/${String(read?.['id'])}`)
    expect(whole.json?.['output']).toBe('x '.repeat(9_000))
  })

  it('R7 a failed run is retried from the step that failed, and only then', async () => {
    await install(
      steward,
      'failing',
      "import { get } from 'tools/state'\nexport default async () => { if ((await get('ready')) === null) throw new Error('not ready') }",
    )
    const failed = await run('failing')
    expect(failed).toMatchObject({ state: 'failed', failure: { kind: 'script-error' } })
    expect(await post(`/runs/${String(failed['id'])}/cancel`)).toMatchObject({ status: 409 })
    expect(await post(`/runs/${String(failed['id'])}/retry`)).toMatchObject({ status: 202 })
    const again = await get(`/runs/${String(failed['id'])}?wait=20000`)
    expect(again.json).toMatchObject({ state: 'failed', attempt: 2 })
    const good = await run('long', 0)
    expect(await post(`/runs/${String(good['id'])}/retry`)).toMatchObject({ status: 409 })
  })

  it('wait for a signal, take it, and can be cancelled instead', async () => {
    await install(
      steward,
      'waiting',
      "import { waitFor } from 'tools/flow'\nexport default () => waitFor('go')",
    )
    const first = await run('waiting')
    expect(first).toMatchObject({ state: 'waiting', waits: [{ kind: 'signal', name: 'go', until: null }] })
    expect(await post(`/runs/${String(first['id'])}/signals/go`, { payload: { by: 'hand' } })).toMatchObject({
      status: 202,
    })
    const ended = await get(`/runs/${String(first['id'])}?wait=20000`)
    expect(ended.json).toMatchObject({ state: 'succeeded' })
    const second = await run('waiting')
    expect(await post(`/runs/${String(second['id'])}/cancel`)).toMatchObject({
      status: 200,
      json: { state: 'cancelled' },
    })
  })

  it('a client is not kept waiting for a run that rests longer than it waits', async () => {
    await install(
      steward,
      'sleeping',
      "import { sleep } from 'tools/flow'\nexport default () => sleep({ for: '3d' })",
    )
    const answer = await post('/automations/sleeping/events?wait=60000', {})
    expect(answer.json).toMatchObject({
      settled: true,
      run: { state: 'waiting', waits: [{ kind: 'sleep' }] },
    })
  })
})

describe('actions and items', () => {
  it('a question is listed, shown and answered, once', async () => {
    await install(
      steward,
      'asking',
      "import { ask } from 'tools/flow'\nexport default () => ask({ question: 'Which one?', choices: ['this', 'that'] })",
    )
    const waiting = await run('asking')
    const [action] = listOf(await get('/actions')).filter(found => found['runId'] === waiting['id'])
    const id = String(action?.['id'])
    expect(action).toMatchObject({
      kind: 'input-needed',
      cause: 'Which one?',
      state: 'open',
      automation: { name: 'asking' },
    })
    expect(await post(`/actions/${id}`, { choice: 'other' })).toMatchObject({ status: 422 })
    expect(await post(`/actions/${id}`, { choice: 'that' })).toMatchObject({
      status: 200,
      json: { state: 'resolved', choice: 'that' },
    })
    expect(await post(`/actions/${id}`, { choice: 'that' })).toMatchObject({ status: 409 })
    const ended = await get(`/runs/${String(waiting['id'])}?wait=20000`)
    expect(ended.json).toMatchObject({ state: 'succeeded' })
    expect(JSON.stringify(ended.json?.['result'])).toContain('that')
  })

  it('J7 an item set aside is shown with why, and gone on with when told', async () => {
    await install(
      steward,
      'items',
      `import { each } from 'tools/flow'
       import { get } from 'tools/state'
       export default () => each('thing', ['good', 'bad'], t => t, async t => {
         if (t === 'bad' && (await get('fixed')) === null) throw new Error('it was bad')
       })`,
      { items: { thing: 'its text' } },
    )
    const { id } = await run('items')
    const shown = await get(`/runs/${String(id)}`)
    const { counts, first } = fieldsOf(shown, 'items') as { counts: Fields; first: Fields[] }
    expect(counts).toEqual({ done: 1, aside: 1 })
    const bad = first.find(item => item['key'] === 'bad')
    expect(bad).toMatchObject({
      state: 'aside',
      error: { message: expect.stringContaining('it was bad') as string },
    })
    const good = first.find(item => item['key'] === 'good')
    expect(await post(`/items/${String(good?.['id'])}/rerun`)).toMatchObject({ status: 409 })
    expect(await post(`/items/${String(bad?.['id'])}/rerun`)).toMatchObject({ status: 202 })
  })
})
