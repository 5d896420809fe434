/** Notes as their owner reads them: of every automation, without running anything. */
import fs from 'node:fs'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { install, startCore } from './api.ts'
import type { TestCore } from './api.ts'

type Fields = Record<string, unknown>

const SOURCE = `
  import { append, create } from 'tools/notes'
  export default async notes => {
    for (const { title, text, tags } of notes) await create({ title, text, tags })
    await append('Log', 'one line')
  }`
const LINK = 'https://example.com/2026/11/21/10-things-about-apple-you-did-not-know'

let steward: TestCore
beforeAll(async () => {
  steward = await startCore()
  for (const name of ['reads', 'watches']) await install(steward, name, SOURCE, { uses: ['tools/notes'] })
  await write('reads', [
    { title: 'Digest', text: `New: ${LINK}`, tags: ['news'] },
    { title: 'Prices', text: 'apples cost 3 euros', tags: ['news', 'shop'] },
  ])
  await write('watches', [{ title: 'Apples', text: 'seen; apples again', tags: [] }])
})
afterAll(() => steward.end())

async function write(name: string, payload: unknown): Promise<void> {
  const path = `/api/v1/automations/${name}/run?wait=20000`
  const done = await steward.call({ method: 'POST', path, json: { payload } })
  expect(done.json).toMatchObject({ run: { state: 'succeeded' } })
}

const get = (path: string) => steward.call({ path: `/api/v1${path}` })
const list = async (path: string) => (await get(path)).json?.['items'] as Fields[]
const titles = async (path: string) => (await list(path)).map(note => note['title'])

describe('notes', () => {
  it('of all automations or one are listed, the one changed last first, and paged', async () => {
    const all = await list('/notes')
    expect(all.map(note => [(note['automation'] as Fields)['name'], note['title']])).toEqual(
      expect.arrayContaining([
        ['watches', 'Apples'],
        ['watches', 'Log'],
        ['reads', 'Digest'],
        ['reads', 'Prices'],
        ['reads', 'Log'],
      ]),
    )
    const times = all.map(note => Number(note['updatedAt']))
    expect(times).toEqual(times.toSorted((a, b) => b - a))
    expect(new Set(await titles('/notes?automation=reads'))).toEqual(new Set(['Digest', 'Prices', 'Log']))
    expect(new Set(await titles('/notes?tag=news'))).toEqual(new Set(['Digest', 'Prices']))
    expect(await titles('/notes?tag=news&automation=watches')).toEqual([])
    for (const filter of ['', '&automation=reads', '&tag=news']) {
      const paged: unknown[] = []
      let page = await get(`/notes?limit=1${filter}`)
      paged.push(...(page.json?.['items'] as Fields[]))
      while (typeof page.json?.['next'] === 'string') {
        page = await get(`/notes?limit=1${filter}&cursor=${page.json['next']}`)
        paged.push(...(page.json?.['items'] as Fields[]))
      }
      expect(paged).toEqual(await list(`/notes?limit=200${filter}`))
    }
  })

  it('are shown whole, with every link', async () => {
    const digest = (await list('/notes?automation=reads')).find(note => note['title'] === 'Digest')
    const shown = await get(`/notes/${String(digest?.['id'])}`)
    expect(shown.json).toEqual({ ...digest, text: `New: ${LINK}` })
    expect(shown.json).toMatchObject({ tags: ['news'], characters: `New: ${LINK}`.length, outside: false })
    expect(await get('/notes/note_none')).toMatchObject({ status: 404 })
  })

  it('are found by their words over all automations, best first', async () => {
    expect(await titles('/notes/search?query=apples')).toEqual(['Apples', 'Prices'])
    expect(await titles('/notes/search?query=apples&automation=reads')).toEqual(['Prices'])
    expect(await titles(`/notes/search?query=${encodeURIComponent('"apples cost"')}`)).toEqual(['Prices'])
    const [found] = await list('/notes/search?query=again')
    expect(found?.['excerpt']).toContain('apples again')
    const first = await get('/notes/search?query=apples&limit=1')
    const rest = await list(`/notes/search?query=apples&limit=1&cursor=${String(first.json?.['next'])}`)
    expect(rest.map(note => note['title'])).toEqual(['Prices'])
    expect(await titles('/notes/search?query=pears')).toEqual([])
    for (const wrong of ['', '?query=', '?query=%20%22', '?query=apples&limit=51', '?query=a&cursor=x1'])
      expect((await get(`/notes/search${wrong}`)).status, wrong).toBe(400)
  })

  it('are exported with their texts', async () => {
    const { text } = await get('/export/notes')
    const rows = text
      .split('\n')
      .filter(line => line !== '')
      .map(line => JSON.parse(line) as Fields)
    const heads = rows.map(({ text: _text, ...head }) => head)
    expect(heads).toEqual(await list('/notes?limit=200'))
    expect(rows.map(row => row['text'])).toContain('apples cost 3 euros')
    const table = await get('/export/notes?format=csv&automation=reads&tag=shop')
    expect(table.text).toMatch(
      /^id,automation,title,.*\r\n[^\r]*,reads,Prices,"news, shop",.*apples cost 3 euros\r\n$/,
    )
  })

  it('J12 stay sealed in the files', () => {
    const files = fs.readdirSync(steward.home, { recursive: true, withFileTypes: true })
    for (const file of files.filter(each => each.isFile())) {
      const bytes = fs.readFileSync(path.join(file.parentPath, file.name), 'latin1')
      expect(bytes.includes('apples'), file.name).toBe(false)
    }
  })
})
