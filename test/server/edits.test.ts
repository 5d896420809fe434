import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { CONTRACT, install, startCore } from './api.ts'
import type { Answer, TestCore } from './api.ts'

let steward: TestCore

beforeAll(async () => {
  steward = await startCore()
})
afterAll(() => steward.end())

const get = (path: string) => steward.call({ path: `/api/v1${path}` })
const tagOf = (answer: Answer) => answer.headers.etag ?? ''
const edit = (method: 'PUT' | 'PATCH', path: string, json: unknown, tag?: string): Promise<Answer> =>
  steward.call({
    method,
    path: `/api/v1${path}`,
    json,
    headers: tag === undefined ? {} : { 'if-match': tag },
  })

describe('an edit', () => {
  it('must say of what it was made', async () => {
    await install(steward, 'unsaid', 'export default () => 1')
    for (const [method, path, json] of [
      ['PATCH', '/settings', { keepRunsDays: 3 }],
      ['PATCH', '/automations/unsaid/settings', { name: 'other' }],
      ['PUT', '/automations/unsaid/contract', { contract: { ...CONTRACT, uses: [] } }],
      ['PUT', '/automations/unsaid/schedule', { when: [] }],
    ] as const) {
      const answer = await edit(method, path, json)
      expect(answer).toMatchObject({ status: 428, json: { title: 'The request must say what it changes' } })
    }
    expect(await get('/automations/unsaid')).toMatchObject({ status: 200, json: { version: '1.0' } })
  })

  it('of two writers with the same ETag is taken from one, and the other is told', async () => {
    const before = await get('/settings')
    const answers = await Promise.all(
      [11, 12, 13].map(days => edit('PATCH', '/settings', { keepRunsDays: days }, tagOf(before))),
    )
    expect(answers.map(answer => answer.status).sort()).toEqual([200, 412, 412])
    const after = await get('/settings')
    const winner = answers.find(answer => answer.status === 200)
    expect(after.json).toEqual(winner?.json)
    expect(tagOf(after)).toBe(winner?.headers.etag)
    expect(tagOf(after)).not.toBe(tagOf(before))
    const next = await edit('PATCH', '/settings', { keepRunsDays: 30 }, tagOf(after))
    expect(next).toMatchObject({ status: 200, json: { keepRunsDays: 30 } })
  })

  it('takes any of several ETags, or whatever is there, and no weak one', async () => {
    const tag = tagOf(await get('/settings'))
    const same = { keepRunsDays: 30 }
    expect(await edit('PATCH', '/settings', same, `"other", ${tag}`)).toMatchObject({ status: 200 })
    expect(await edit('PATCH', '/settings', same, '*')).toMatchObject({ status: 200 })
    expect(await edit('PATCH', '/settings', same, `W/${tag}`)).toMatchObject({ status: 412 })
    expect(await edit('PATCH', '/settings', same, 'nonsense')).toMatchObject({ status: 412 })
  })

  it('is refused whole where its content is', async () => {
    const tag = tagOf(await get('/settings'))
    for (const json of [{ keepRunsDays: 0 }, { keepRunsDays: '30' }, { keepRunDays: 3 }])
      expect(await edit('PATCH', '/settings', json, tag), JSON.stringify(json)).toMatchObject({ status: 422 })
    expect(tagOf(await get('/settings'))).toBe(tag)
  })
})

describe('what is edited of an automation', () => {
  it('P3 a contract is confirmed as a new version, and the old one stays to be looked at', async () => {
    await install(steward, 'kept', 'export default () => 1', { title: 'First' })
    const before = await get('/automations/kept/contract')
    expect(before.json).toMatchObject({ intent: 1, version: '1.0', contract: { title: 'First' } })
    const contract = { ...CONTRACT, uses: [], title: 'Second' }
    const edited = await edit('PUT', '/automations/kept/contract', { contract }, tagOf(before))
    expect(edited).toMatchObject({ status: 200, json: { intent: 2, contract: { title: 'Second' } } })
    const stale = await edit('PUT', '/automations/kept/schedule', { when: [] }, tagOf(before))
    expect(stale.status).toBe(412)
    const versions = await get('/automations/kept/versions')
    expect(versions.json?.['items']).toMatchObject([
      { version: '2.0', intent: 2, isDeployed: true, note: 'The contract was changed.' },
      { version: '1.0', intent: 1, isDeployed: false },
    ])
    expect((await get('/automations/kept/versions/1.0')).json).toMatchObject({ contract: { title: 'First' } })
    for (const none of ['3.0', '1', 'x', '1.0.0'])
      expect(await get(`/automations/kept/versions/${none}`), none).toMatchObject({ status: 404 })
  })

  it('P3 what a version grants beyond an earlier one is told, and comes first', async () => {
    const source = 'export default () => 1'
    await install(steward, 'grown', source, { uses: ['tools/state'], title: 'First' })
    const wider = { uses: ['tools/state', 'tools/http'], title: 'Second', reads: { hosts: ['a.com'] } }
    const again = async (parts: object) => {
      const before = await get('/automations/grown/contract')
      const edited = await edit(
        'PUT',
        '/automations/grown/contract',
        { contract: { ...CONTRACT, ...parts } },
        tagOf(before),
      )
      expect(edited.status).toBe(200)
    }
    await again(wider)
    await again({ ...wider, title: 'Third' })
    const changes = (of: string) => get(`/automations/grown/versions/${of}`)
    const widened = [
      { clause: 'reads.hosts', effect: 'widened', before: null, after: 'a.com' },
      { clause: 'uses', effect: 'widened', before: null, after: 'With the tools http' },
    ]
    expect((await changes('2.0/changes')).json).toMatchObject({
      earlier: '1.0',
      changes: [...widened, { clause: 'title', effect: 'changed', before: 'First', after: 'Second' }],
    })
    expect((await changes('3.0/changes?earlier=1.0')).json).toMatchObject({
      earlier: '1.0',
      changes: [...widened, { clause: 'title', before: 'First', after: 'Third' }],
    })
    expect((await changes('3.0/changes')).json).toMatchObject({ changes: [{ clause: 'title' }] })
    expect((await changes('1.0/changes')).json).toEqual({ version: '1.0', earlier: null, changes: [] })
    for (const none of ['4.0/changes', '2.0/changes?earlier=9.0', '2.0/changes?earlier=x'])
      expect(await changes(none), none).toMatchObject({ status: 404 })
  })

  it('a schedule is said in words and judged like every contract', async () => {
    await install(steward, 'timed', 'export default () => 1')
    const before = await get('/automations/timed/schedule')
    expect(before.json).toMatchObject({ zone: 'UTC', nextDue: null })
    const daily = { when: [{ kind: 'cron', expression: '0 8 * * *' }], zone: 'Europe/Berlin' }
    const edited = await edit('PUT', '/automations/timed/schedule', daily, tagOf(before))
    expect(edited).toMatchObject({
      status: 200,
      json: { zone: 'Europe/Berlin', nextDue: expect.any(Number) as number },
    })
    const tag = tagOf(edited)
    for (const wrong of [
      { when: [{ kind: 'cron', expression: '61 8 * * *' }] },
      { when: [], zone: 'Mars/Olympus' },
      { when: 'daily' },
      { when: [], catchUp: 'maybe' },
    ])
      expect(
        await edit('PUT', '/automations/timed/schedule', wrong, tag),
        JSON.stringify(wrong),
      ).toMatchObject({
        status: 422,
      })
    expect((await get('/automations/timed/schedule')).json).toEqual(edited.json)
  })

  it('a name is taken once', async () => {
    await install(steward, 'first-name', 'export default () => 1')
    await install(steward, 'second-name', 'export default () => 1')
    const tag = tagOf(await get('/automations/second-name/settings'))
    const path = '/automations/second-name/settings'
    expect(await edit('PATCH', path, { name: 'first-name' }, tag)).toMatchObject({
      status: 422,
      json: { detail: expect.stringMatching(/another automation “first-name”/) as string },
    })
    expect(await edit('PATCH', path, { name: 'Second Name' }, tag)).toMatchObject({ status: 422 })
    expect(await edit('PATCH', path, { name: 'renamed' }, tag)).toMatchObject({ json: { name: 'renamed' } })
    expect(await get('/automations/second-name')).toMatchObject({ status: 404 })
    const audit = await get('/audit?limit=50')
    expect(JSON.stringify(audit.json)).toContain('"kind":"renamed"')
  })
})

describe('chats', () => {
  it('are begun, retitled by one of two, and said something in, which is only ever added', async () => {
    const begun = await steward.call({ method: 'POST', path: '/api/v1/chats', json: { title: 'Tax' } })
    expect(begun).toMatchObject({ status: 201, json: { title: 'Tax', automation: null } })
    const path = `/chats/${String(begun.json?.['id'])}`
    const retitled = await edit('PATCH', path, { title: 'Taxes' }, tagOf(begun))
    expect(retitled).toMatchObject({ status: 200, json: { title: 'Taxes' } })
    expect(await edit('PATCH', path, { title: 'Tax!' }, tagOf(begun))).toMatchObject({ status: 412 })
    for (const text of ['one', 'two', 'three'])
      await steward.call({ method: 'POST', path: `/api/v1${path}/messages`, json: { text } })
    const newest = await get(`${path}/events?limit=2`)
    expect(newest.json?.['items']).toMatchObject([{ body: { from: 'steward' } }, { body: { text: 'three' } }])
    const oldest = await get(`${path}/events?order=oldest&limit=2`)
    expect(oldest.json?.['items']).toMatchObject([
      { body: { from: 'user', text: 'one' } },
      { body: { from: 'steward' } },
    ])
    const rest = await get(`${path}/events?limit=4&cursor=${String(newest.json?.['next'])}`)
    const user = (text: string) => ({ body: { from: 'user', text } })
    const answer = { body: { from: 'steward' } }
    expect(rest.json).toMatchObject({ items: [answer, user('two'), answer, user('one')], next: null })
    // A place in the one order is no place in the other.
    const crossed = `${path}/events?order=oldest&cursor=${String(newest.json?.['next'])}`
    expect(await get(crossed)).toMatchObject({ status: 400 })
  })
})
