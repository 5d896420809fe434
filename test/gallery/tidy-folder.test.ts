import fs from 'node:fs'
import path from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { fillGallery } from '../../src/main/engine/gallery.ts'
import { listActions, openActionsOfRun } from '../../src/main/store/actions.ts'
import { chatEventsOf } from '../../src/main/store/chats.ts'
import type { RunRow } from '../../src/main/store/runs.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { createWorld, tempFolder } from '../support/world.ts'
import type { World } from '../support/world.ts'

const NOW = Date.UTC(2026, 0, 10, 12)
const MINUTE = 60_000

let world: World
let clock: ManualClock
let home: string
/** Of this test: its folder, and the name of its automation. */
let folder: string
let name: string
let tests = 0

beforeAll(async () => {
  clock = new ManualClock(NOW)
  world = await createWorld({ clock })
  home = tempFolder()
})

beforeEach(() => {
  name = `tidy-${String(++tests)}`
  folder = path.join(home, name, 'Downloads')
  fs.mkdirSync(folder, { recursive: true })
})

afterAll(async () => {
  await world.stop()
  for (const used of [world.folder, home]) fs.rmSync(used, { recursive: true, force: true })
})

/** Puts a file there that last changed so many minutes ago. */
function put(file: string, minutesAgo = 60, content = file): void {
  fs.writeFileSync(path.join(folder, file), content)
  const at = (clock.now() - minutesAgo * MINUTE) / 1_000
  fs.utimesSync(path.join(folder, file), at, at)
}

/** Every file, by its path in the folder. */
function tree(): string[] {
  return fs
    .readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter(entry => entry.isFile())
    .map(entry => path.relative(folder, path.join(entry.parentPath, entry.name)))
    .sort()
}

async function install(slots: Record<string, string> = {}): Promise<void> {
  const filled = fillGallery('tidy-folder', { everyMinutes: '10080', folder, ...slots }, name, {
    home,
    zone: 'UTC',
  })
  await world.engine.install(filled)
}

async function tidy(): Promise<RunRow> {
  const run = await world.run(name)
  expect([run.state, world.failure(run)]).toEqual(['succeeded', null])
  return run
}

function summaryOf(run: RunRow): unknown {
  return (world.result(run) as { summary?: unknown }).summary
}

function notices(): unknown[] {
  const { chat_id } = world.engine.workflow(name)
  return chatEventsOf(world.store, chat_id, 100).flatMap(event =>
    event.kind === 'notice' ? [event.body] : [],
  )
}

function clockText(): string {
  return new Date(clock.now()).toISOString().slice(0, 16).replace('T', ' ')
}

function openActions(): string[] {
  const { id } = world.engine.workflow(name)
  const actions = listActions(world.store, 'open', 100)
  return actions.filter(action => action.workflow_id === id).map(({ kind }) => kind)
}

describe('tidy-folder', () => {
  it('J7 O1 moves what the rules speak of once, says so once, and leaves the rest alone', async () => {
    const left = [
      '.hidden.pdf',
      'a.pdf.part',
      'b.mp4.crdownload',
      'c.zip',
      'notes.xyz',
      'noending',
      '~$x.docx',
    ]
    for (const file of [...left, 'c.zip.part']) put(file)
    for (const file of ['report.PDF', 'photo.jpg', 'scan.png', 'song.mp3']) put(file)
    put('young.pdf', 5)
    fs.mkdirSync(path.join(folder, 'album.jpg'))
    await install()

    const first = await tidy()
    expect(tree()).toEqual(
      [
        ...[...left, 'c.zip.part', 'young.pdf'],
        ...['Documents/report.PDF', 'Music/song.mp3', 'Pictures/photo.jpg', 'Pictures/scan.png'],
      ].sort(),
    )
    expect(summaryOf(first)).toBe('Moved 4 files.')
    expect(notices()).toEqual([
      {
        title: 'Sorted 4 files in Downloads',
        body: 'Documents: report.PDF\nMusic: song.mp3\nPictures: photo.jpg, scan.png',
        level: 'info',
      },
    ])

    const second = await tidy()
    expect(summaryOf(second)).toBe('Nothing to move.')
    expect(notices()).toHaveLength(1)
  })

  it('moves a file once it has been left alone for long enough', async () => {
    put('young.pdf', 9)
    await install()
    expect(summaryOf(await tidy())).toBe('Nothing to move.')
    clock.advance(MINUTE)
    expect(summaryOf(await tidy())).toBe('Moved 1 file.')
    expect(tree()).toEqual(['Documents/young.pdf'])
  })

  it('J7 leaves a file that was put back by hand, and takes a new one of the same name for new', async () => {
    put('a.pdf', 60, 'first')
    await install()
    await tidy()
    fs.renameSync(path.join(folder, 'Documents/a.pdf'), path.join(folder, 'a.pdf'))
    expect(summaryOf(await tidy())).toBe('Nothing to move.')
    expect(summaryOf(await tidy())).toBe('Nothing to move.')
    expect(tree()).toEqual(['a.pdf'])

    fs.mkdirSync(path.join(folder, 'Documents'), { recursive: true })
    fs.renameSync(path.join(folder, 'a.pdf'), path.join(folder, 'Documents/a.pdf'))
    put('a.pdf', 30, 'second')
    expect(summaryOf(await tidy())).toBe('Moved 1 file.')
    expect(tree()).toEqual(['Documents/a (2).pdf', 'Documents/a.pdf'])
    expect(fs.readFileSync(path.join(folder, 'Documents/a.pdf'), 'utf8')).toBe('first')
    expect(notices()).toHaveLength(2)
  })

  it('writes one line for each run that moved something, where a note is wanted', async () => {
    await install({ digest: 'note', rules: 'md → Notes; pdf → Documents/Papers', minAgeMinutes: '0' })
    put('`a`.pdf')
    put('b.md')
    const first = clockText()
    await tidy()
    await tidy()
    clock.advance(15 * MINUTE)
    put('c.pdf')
    await tidy()
    expect(fs.readFileSync(path.join(folder, 'Tidied.md'), 'utf8')).toBe(
      `- ${first} · Documents/Papers: \`'a'.pdf\`; Notes: \`b.md\`\n` +
        `- ${clockText()} · Documents/Papers: \`c.pdf\`\n`,
    )
    expect(notices()).toEqual([])
  })

  it('goes by the longest ending, by * for the rest, and by folders that are there in other letters', async () => {
    fs.mkdirSync(path.join(folder, 'ARCHIVES'))
    for (const file of ['a.tar.gz', 'b.gz', 'c.unheard', 'noending']) put(file)
    await install({ rules: 'gz → Packed; tar.gz → Archives; * → Other', digest: 'none' })
    await tidy()
    expect(tree()).toEqual(['ARCHIVES/a.tar.gz', 'Other/c.unheard', 'Other/noending', 'Packed/b.gz'])
    expect(notices()).toEqual([])
  })

  it('sets a file aside that cannot be moved, tells of the others, and does not fail again because of it', async () => {
    fs.writeFileSync(path.join(folder, 'Documents'), 'a file where the folder should be')
    put('a.pdf')
    put('b.png')
    await install({ minAgeMinutes: '0', rules: 'pdf → Documents; png → Pictures' })
    expect(summaryOf(await tidy())).toBe('Moved 1 file, 1 file could not be moved.')
    expect(tree()).toEqual(['Documents', 'Pictures/b.png', 'a.pdf'])
    expect(notices()).toHaveLength(1)
    expect(openActions()).toEqual(['items-aside'])
    expect(summaryOf(await tidy())).toBe('Nothing to move.')
  })

  it('O1 P4 waits where the policy file has it ask, which fails nothing, and is done when all was answered', async () => {
    for (const file of ['a.pdf', 'b.png']) put(file)
    await install({ rules: 'pdf → Documents; png → Pictures' })
    const rules = [
      { name: 'file_deletion', action: 'delete_file', requires_approval: true, risk_level: 'high' },
    ]
    await world.engine.policies.import(JSON.stringify({ version: '1.0', rules }))
    try {
      const run = await tidy()
      expect(summaryOf(run)).toBe('2 files waiting for an answer or for their turn.')
      expect(openActions()).toEqual(['approval', 'approval'])
      for (const { id: actionId } of openActionsOfRun(world.store, run.id))
        await world.engine.resolve({ actionId, choice: 'approve', payload: null })
      await expect.poll(() => world.engine.run(run.id)).toMatchObject({ waiting_items: 0, slot: null })
      expect(world.engine.run(run.id).state).toBe('succeeded')
      expect(openActions()).toEqual([])
      expect(tree()).toEqual(['Documents/a.pdf', 'Pictures/b.png'])
    } finally {
      await world.engine.policies.remove()
    }
  })

  it('takes a full folder in portions', async () => {
    for (let number = 0; number < 103; number++) put(`f${String(number).padStart(3, '0')}.pdf`)
    await install()
    expect(summaryOf(await tidy())).toBe('Moved 100 files, 3 files left for the next run.')
    expect(summaryOf(await tidy())).toBe('Moved 3 files.')
    expect(tree().filter(file => !file.startsWith('Documents/'))).toEqual([])
  })

  it('runs by itself at its interval', async () => {
    put('a.pdf')
    await install({ everyMinutes: '5' })
    clock.advance(5 * MINUTE)
    await expect.poll(tree).toEqual(['Documents/a.pdf'])
    await expect.poll(() => notices().length).toBe(1)
  })
})
