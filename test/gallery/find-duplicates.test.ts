import fs from 'node:fs'
import path from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { bodyOfAction } from '../../src/main/store/actions.ts'
import type { ActionRow } from '../../src/main/store/actions.ts'
import { Stage, treeOf } from './stage.ts'
import type { Automation } from './stage.ts'

/** A Saturday, 13:00 in Berlin. */
const START = Date.UTC(2026, 0, 10, 12)
const DAY = 86_400_000

let stage: Stage
let tests = 0
let folder: string

beforeAll(async () => {
  stage = await Stage.open(START)
})

beforeEach(() => {
  folder = stage.folder(`Pictures ${String(++tests)}`)
})

afterAll(() => stage.close())

/** A file that is so many days old. */
function put(file: string, content: string, days: number): void {
  const at = path.join(folder, file)
  fs.mkdirSync(path.dirname(at), { recursive: true })
  fs.writeFileSync(at, content)
  fs.utimesSync(at, (START - days * DAY) / 1_000, (START - days * DAY) / 1_000)
}

function install(slots: Record<string, string> = {}): Promise<Automation> {
  return stage.install('find-duplicates', { folder, smallestKb: '0', ...slots })
}

/** What it asks, by the name of the copy that would go. */
function questions(search: Automation): Map<string, ActionRow> {
  const asked = search.actions().filter(({ kind }) => kind === 'approval')
  return new Map(asked.map(action => [nameAsked(action), action]))
}

function nameAsked(action: ActionRow): string {
  const detail = bodyOfAction(stage.world.store, action).detail ?? ''
  return /^path: .*[/\\](.+)$/m.exec(detail)?.[1] ?? detail
}

async function decide(search: Automation, name: string, choice: 'approve' | 'deny'): Promise<void> {
  const action = questions(search).get(name)
  if (action === undefined) throw new Error(`it did not ask about ${name}`)
  await stage.world.engine.resolve({ actionId: action.id, choice, payload: null })
  await search.idle()
}

describe('find-duplicates', () => {
  it('P4 O1 R4 asks for each copy before it goes into the trash, keeps the oldest, and asks once', async () => {
    put('new.jpg', 'same', 1)
    put('old.jpg', 'same', 9)
    put('deep/er/newer.jpg', 'same', 2)
    put('other.jpg', 'diff', 3)
    put('alone.jpg', 'alone', 3)
    for (const hidden of ['.thumbs/a.jpg', '.b.jpg']) put(hidden, 'same', 20)
    const search = await install()
    const first = await search.after(2 * DAY, 'schedule')
    expect(first).toMatchObject({
      summary: 'Found 2 copies of 1 KB in all, 2 wait for your answer.',
      files: 7,
      complete: true,
    })
    const before = treeOf(folder)
    expect([...questions(search).keys()].sort()).toEqual(['new.jpg', 'newer.jpg'])
    const asked = questions(search).get('new.jpg') as ActionRow
    expect(bodyOfAction(stage.world.store, asked).detail).toContain(`copyOf: ${path.join(folder, 'old.jpg')}`)

    expect((await search.run())['summary']).toBe(first['summary'])
    expect([questions(search).size, treeOf(folder)]).toEqual([2, before])
    await decide(search, 'new.jpg', 'approve')
    await decide(search, 'newer.jpg', 'deny')
    const kept = before.filter(file => file !== 'new.jpg')
    expect(treeOf(folder).filter(file => !file.startsWith('.steward-trash/'))).toEqual(kept)
    expect(treeOf(folder).filter(file => /^\.steward-trash\/.*\/new\.jpg$/.test(file))).toHaveLength(1)
    expect(await search.run()).toMatchObject({ copies: [] })
    expect(await search.run()).toMatchObject({ copies: [] })
    expect([search.actions(), search.notices()]).toEqual([[], []])
  })

  it('finds nothing where all files differ, and looks at no file that is smaller than it was told', async () => {
    put('a.txt', 'a', 1)
    put('b.txt', 'b', 1)
    const search = await install()
    expect(await search.run()).toMatchObject({ summary: 'No duplicates.', files: 2, copies: [] })
    put('c.txt', 'a', 1)
    const larger = await install({ smallestKb: '1' })
    expect(await larger.run()).toMatchObject({ summary: 'No duplicates.' })
    expect([search.actions(), larger.actions()]).toEqual([[], []])
  })

  it('J7 asks once about copies whose paths are long, each by itself', async () => {
    const deep = Array.from({ length: 4 }, (_, number) => String(number).repeat(150)).join('/')
    for (const file of ['old.txt', `${deep}/a.txt`, `${deep}/b.txt`])
      put(file, 'same', file === 'old.txt' ? 9 : 1)
    const search = await install()
    await search.run()
    expect([...questions(search).keys()].sort()).toEqual(['a.txt', 'b.txt'])
    await decide(search, 'a.txt', 'deny')
    await search.run()
    expect([...questions(search).keys()]).toEqual(['b.txt'])
    await search.run()
    expect(search.actions()).toHaveLength(1)
  })

  it('takes no copy away whose original changed or went since it was asked about', async () => {
    put('old.txt', 'same', 9)
    put('copy.txt', 'same', 1)
    const search = await install()
    await search.run()
    put('old.txt', 'else', 9)
    await decide(search, 'copy.txt', 'approve')
    await expect.poll(() => search.actions().map(({ kind }) => kind)).toEqual(['items-aside'])
    expect(treeOf(folder)).toEqual(['copy.txt', 'old.txt'])
    put('old.txt', 'same', 9)
    await search.answer('items-aside', 'retry')
    await expect.poll(() => questions(search).size).toBe(1)
    await decide(search, 'copy.txt', 'approve')
    await expect.poll(() => treeOf(folder)).not.toContain('copy.txt')
    expect(treeOf(folder)).toContain('old.txt')
  })

  it('leaves what it cannot read, and two names of one file', async () => {
    put('a.txt', 'same', 9)
    put('b.txt', 'same', 1)
    fs.linkSync(path.join(folder, 'a.txt'), path.join(folder, 'c.txt'))
    fs.symlinkSync(path.join(folder, 'b.txt'), path.join(folder, 'd.txt'))
    const search = await install()
    expect(await search.run()).toMatchObject({ summary: 'No duplicates.', complete: false })
  })

  it('asks about twenty at a time, those first that take up the most', async () => {
    for (let number = 0; number < 25; number++) {
      put(`a/${String(number)}.bin`, 'x'.repeat(100 + number), 9)
      put(`b/${String(number)}.bin`, 'x'.repeat(100 + number), 1)
    }
    const search = await install()
    expect((await search.run())['summary']).toBe('Found 25 copies of 3 KB in all, 20 wait for your answer.')
    expect([...questions(search).keys()].map(name => parseInt(name)).sort((a, b) => a - b)[0]).toBe(5)
    for (const name of [...questions(search).keys()].slice(0, 5)) await decide(search, name, 'deny')
    await search.run()
    expect(questions(search).size).toBe(20)
  })

  it('J3 J4 moves a copy once when the core ends right after it went', async () => {
    put('old.txt', 'same', 9)
    put('copy.txt', 'same', 1)
    const search = await install()
    await search.run()
    stage.endAfterWrite(1)
    const action = questions(search).get('copy.txt') as ActionRow
    await stage.world.engine.resolve({ actionId: action.id, choice: 'approve', payload: null })
    await stage.reborn()
    await search.idle()
    await expect.poll(() => search.actions()).toEqual([])
    expect(treeOf(folder).filter(file => file.endsWith('copy.txt'))).toHaveLength(1)
    expect(await search.run()).toMatchObject({ summary: 'No duplicates.' })
  })
})
