import fs from 'node:fs'
import path from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { Stage } from './stage.ts'
import type { Automation, FeedItem } from './stage.ts'

/** A Saturday, 13:00 in Berlin. */
const START = Date.UTC(2026, 0, 10, 12)
const HOUR = 3_600_000

let stage: Stage
let tests = 0
/** Of this test: where its feeds are. */
let place: string

beforeAll(async () => {
  stage = await Stage.open(START)
})

beforeEach(() => {
  place = `/${String(++tests)}`
})

afterAll(async () => {
  await stage.close()
})

function publish(name: string, ...items: FeedItem[]): string {
  return stage.feed(`${place}/${name}`, `The ${name}`, items)
}

/** Lets time pass until the hour of the digest. */
async function digestOf(digest: Automation): Promise<Record<string, unknown>> {
  return digest.after(24 * HOUR, 'schedule')
}

function textOf(digest: Automation): string {
  return digest
    .notes()
    .map(({ text }) => text)
    .join('---')
}

describe('feed-digest', () => {
  it('R8 J2 writes what came since it went live into a note, once, and says so', async () => {
    const feeds = `${publish('Post', { id: 'old' })} ${publish('Times', { id: 'older' })}`
    const digest = await stage.install('feed-digest', { feeds })
    expect(digest.installed.watched).toMatchObject([{ count: 1 }, { count: 1 }])
    publish('Post', { id: 'a', title: 'A [big] *deal*' }, { id: 'old' })
    await digest.looks()
    publish('Times', { id: 'b' }, { id: 'again', link: 'https://example.com/a' }, { id: 'older' })
    await digest.looks()
    expect(digest.results('feed')).toHaveLength(2)
    expect(digest.notices()).toEqual([])

    expect(await digestOf(digest)).toMatchObject({ summary: 'Wrote the note “Digest 2026-01”.' })
    const [note, ...others] = digest.notes()
    expect([note?.title, others]).toEqual(['Digest 2026-01', []])
    expect(note?.text).toMatch(/^## 2026-01-\d\d \d\d:\d\d\n\n### The Post\n\n/)
    expect(note?.text.split('\n').slice(4)).toEqual([
      '- [A \\[big\\] \\*deal\\*](<https://example.com/a>)',
      ...['', '### The Times', '', '- [Title b](<https://example.com/b>)', '', ''],
    ])
    const said = {
      title: 'Digest: 2 items',
      body: 'A [big] *deal*\nTitle b\n\nIn the note “Digest 2026-01”.',
    }
    expect(digest.notices()).toEqual([{ ...said, level: 'info' }])

    expect(await digestOf(digest)).toMatchObject({ summary: 'Nothing new.', digest: null })
    publish('Post', { id: 'c' }, { id: 'a' }, { id: 'old' })
    await digest.looks()
    await digestOf(digest)
    expect(textOf(digest).match(/Title c|deal/g)).toEqual(['deal', 'Title c'])
  })

  it('J1 writes all that came in a month: where its note is full, it goes on in another', async () => {
    const digest = await stage.install('feed-digest', {
      feeds: publish('Post'),
      tell: 'no',
      detail: 'excerpts',
    })
    const ids = Array.from({ length: 560 }, (_, number) => `n${String(number).padStart(3, '0')}`)
    const link = (id: string) => `https://example.com/${id}/${'a'.repeat(560)}`
    publish('Post', ...ids.map(id => ({ id, title: `${id} ${'*'.repeat(195)}`, link: link(id) })))
    await digest.looks()
    await digestOf(digest)
    const titles = ['', ' (2)', ' (3)'].map(part => `Digest 2026-01${part}`)
    expect(
      digest
        .notes()
        .map(({ title }) => title)
        .toSorted(),
    ).toEqual(titles)
    expect(digest.notes().every(({ text }) => /^(## |- \[)/.test(text))).toBe(true)
    const written = textOf(digest)
      .match(/^- \[n\d\d\d/gm)
      ?.map(line => line.slice(3))
    expect(written?.toSorted()).toEqual(ids)
    expect(digest.actions()).toEqual([])
  })

  it('J1 collects as much as its state holds, and writes the digest before it would not', async () => {
    const slots = { feeds: publish('Post'), tell: 'no', detail: 'excerpts' }
    const digest = await stage.install('feed-digest', slots)
    const ids = Array.from({ length: 149 }, (_, number) => `n${String(number).padStart(3, '0')}`)
    const said = { text: '本'.repeat(500), link: 'https://example.com/' }
    publish(
      'Post',
      ...ids.map(id => ({
        ...said,
        id,
        title: `${id} ${'日'.repeat(195)}`,
        link: `${said.link}${id}${'a'.repeat(560)}`,
      })),
    )
    await digest.looks()
    await digestOf(digest)
    expect(textOf(digest).match(/^- \[n\d\d\d/gm)).toHaveLength(149)
    expect(digest.actions()).toEqual([])
  })

  it('adds to a file of the month where a folder is named, with how items begin where that is wanted', async () => {
    const folder = stage.folder('papers')
    const slots = { feeds: publish('Post'), folder, detail: 'excerpts', tell: 'no' }
    const digest = await stage.install('feed-digest', slots)
    const text = `<p>${'so '.repeat(200)}</p><script>alert(1)</script>`
    publish('Post', { id: 'a', title: '', text, link: 'javascript:alert(1)' })
    await digest.looks()
    await digestOf(digest)
    const [file = '', ...others] = fs.readdirSync(folder)
    expect([file, others]).toEqual(['Digest 2026-01.md', []])
    const written = fs.readFileSync(path.join(folder, file), 'utf8')
    expect(written).toMatch(/^- (so )+s?o?…\n {2}(so )+s?o?…$/m)
    expect(written).not.toContain('alert')
    expect([digest.notes(), digest.notices()]).toEqual([[], []])
  })

  it('J7 writes what could not be written when it is tried again, once, and what came meanwhile as well', async () => {
    const folder = stage.folder('gone')
    const digest = await stage.install('feed-digest', { feeds: publish('Post'), folder })
    publish('Post', { id: 'a' })
    await digest.looks()
    fs.rmdirSync(folder)
    expect(await digestOf(digest)).toMatchObject({ digest: null })
    const [action] = digest.actions()
    expect(action?.kind).toBe('items-aside')
    publish('Post', { id: 'b' }, { id: 'a' })
    await digest.looks()
    fs.mkdirSync(folder)
    await stage.world.engine.resolve({ actionId: action?.id ?? '', choice: 'retry', payload: null })
    await expect.poll(() => digest.notices().length).toBe(1)
    publish('Post', { id: 'c' }, { id: 'b' }, { id: 'a' })
    await digest.looks()
    await digestOf(digest)
    await digestOf(digest)
    const written = fs.readdirSync(folder).map(file => fs.readFileSync(path.join(folder, file), 'utf8'))
    expect(written.join('').match(/Title \w/g)).toEqual(['Title a', 'Title b', 'Title c'])
    expect(digest.actions()).toEqual([])
  })

  it('goes on with the other feeds while one is broken or down, and says which by hand', async () => {
    const broken = stage.site.url(`${place}/broken`)
    const feeds = `${publish('Post')} ${broken} ${publish('Times', { id: 'older' })}`
    const digest = await stage.install('feed-digest', { feeds })
    expect(digest.installed.watched.map(({ problem }) => problem === null)).toEqual([true, false, true])
    expect(await digest.run()).toMatchObject({
      feeds: [
        { feed: 'The Post', items: 0, problem: null },
        { items: 0, problem: expect.stringContaining('404') as string },
        { feed: 'The Times', items: 1, problem: null },
      ],
    })
    publish('Times', { id: 'b' }, { id: 'older' })
    await digest.looks()
    await digestOf(digest)
    expect(textOf(digest)).toContain('Title b')
  })

  it('writes a full digest before its hour, so that nothing is left out', async () => {
    const digest = await stage.install('feed-digest', { feeds: publish('Post') })
    const ids = Array.from({ length: 170 }, (_, number) => `n${String(number).padStart(3, '0')}`)
    publish('Post', ...ids.map(id => ({ id })))
    await digest.looks()
    expect(textOf(digest).match(/^- /gm)).toHaveLength(150)
    await digestOf(digest)
    expect(
      textOf(digest)
        .match(/Title n\d\d\d/g)
        ?.toSorted(),
    ).toEqual(ids.map(id => `Title ${id}`))
  })
})
