import fs from 'node:fs'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Steward } from './steward.ts'

let steward: Steward

beforeEach(() => {
  steward = new Steward()
})
afterEach(() => {
  steward.end()
})

const HEADLESS = path.join(import.meta.dirname, '../../src/main/headless.ts')
const tidy = () => {
  const folder = path.join(steward.folder, 'inbox')
  fs.mkdirSync(folder, { recursive: true })
  return ['gallery', 'add', 'tidy-folder', '--set', `folder=${folder}`, '--name', 'tidy']
}

describe('without a core', () => {
  it('commands that need one say so with 3, and make no folder', async () => {
    for (const args of [['automations'], ['run', 'x', '--wait'], ['gallery', 'list'], ['inbox', '--json']]) {
      const end = await steward.run(...args)
      expect(end.code).toBe(3)
      expect(end.err).toBe(
        `No Steward runs for the data folder ${steward.home}. Nothing was done. Start it with: steward serve\n`,
      )
    }
    expect(fs.existsSync(steward.home)).toBe(false)
  })

  it('one that was killed is not mistaken for a running one, and the next starts', async () => {
    const first = await steward.serve()
    first.child.kill('SIGKILL')
    await new Promise(resolve => first.child.once('exit', resolve))
    expect(fs.existsSync(path.join(steward.home, 'core.json'))).toBe(true)
    expect(await steward.run('automations')).toMatchObject({ code: 3 })
    const second = await steward.serve()
    expect(await steward.run('automations')).toMatchObject({ code: 0 })
    expect(await second.stop()).toMatchObject({ code: 0 })
  })

  it('doctor, audit verify and backup look at the folder themselves', async () => {
    const core = await steward.serve()
    await steward.run(...tidy())
    await core.stop()
    expect((await steward.run('doctor', '--json')).json()).toMatchObject({ ok: true, running: false })
    expect((await steward.run('audit', 'verify', '--json')).json()).toMatchObject({ ok: true })
    const file = path.join(steward.folder, 'b.db')
    expect(await steward.run('backup', file)).toMatchObject({ code: 0 })
    expect(fs.existsSync(file)).toBe(true)
  })

  it('a damaged database is told by doctor with 1, and serve does not start on it', async () => {
    const core = await steward.serve()
    await core.stop()
    fs.writeFileSync(path.join(steward.home, 'steward.db'), 'x'.repeat(20_000))
    const health = await steward.run('doctor')
    expect(health.code).toBe(1)
    expect(health.out).toMatch(/ATTENTION +database +The database is damaged/)
    const served = await steward.run('serve', '--port', '0')
    expect(served).toMatchObject({ code: 1, out: '' })
    expect(served.err).toMatch(/damaged.*steward restore FILE/)
  })

  it('P5 audit erase wants to be told what, and a yes; the log holds afterwards', async () => {
    const core = await steward.serve()
    await steward.run(...tidy())
    expect(await steward.run('audit', 'erase', '--yes')).toMatchObject({ code: 2 })
    expect(await steward.run('audit', 'erase', '--before', '2026-02-31', '--yes')).toMatchObject({ code: 2 })
    const unasked = await steward.run('audit', 'erase', '--everything')
    expect(unasked).toMatchObject({ code: 2, out: '' })
    expect(unasked.err).toMatch(/Nothing was erased/)
    const erased = await steward.run('audit', 'erase', '--everything', '--yes')
    expect(erased).toMatchObject({ code: 0 })
    expect(erased.out).toMatch(/Erased \d+ rows? of the audit log/)
    expect(await steward.run('audit', 'verify')).toMatchObject({ code: 0 })
    await core.stop()
  })

  it('an audit log that was edited ends verify with 1', async () => {
    const core = await steward.serve()
    await steward.run(...tidy())
    await core.stop()
    const head = path.join(steward.home, 'audit.head')
    const { seq } = JSON.parse(fs.readFileSync(head, 'utf8')) as { seq: number }
    fs.writeFileSync(head, JSON.stringify({ seq: seq + 1, mac: 'f'.repeat(64) }))
    const verdict = await steward.run('audit', 'verify')
    expect(verdict.code).toBe(1)
    expect(verdict.out).toMatch(/does not hold\. Rows? .*no longer there/)
  })
})

describe('a folder over its life', () => {
  it('J11 install, back up, stop, restore, and begin paused', async () => {
    const first = await steward.serve()
    expect(await steward.run(...tidy())).toMatchObject({ code: 0 })
    const file = path.join(steward.folder, 'backup.db')
    const backed = await steward.run('backup', file, '--json')
    expect(backed.json()).toMatchObject({ file, keys: path.join(steward.home, 'keys') })
    expect(await steward.run('backup', file)).toMatchObject({ code: 2 })
    const early = await steward.run('restore', file)
    expect(early).toMatchObject({ code: 1 })
    expect(early.err).toContain(first.url)
    const stopped = await first.stop()
    expect(stopped).toMatchObject({ code: 0, out: `${first.line}\n`, err: '' })

    const restored = await steward.run('restore', file, '--json')
    expect(restored.code).toBe(0)
    expect(fs.existsSync(String(restored.json()['keptAt']))).toBe(true)
    const second = await steward.serve()
    const automations = (await steward.run('automations', '--json')).json()['items']
    expect(automations).toMatchObject([
      { name: 'tidy', state: 'paused', pauseReason: 'This data folder is a copy.' },
    ])
    const inbox = (await steward.run('inbox', '--json')).json()['items'] as { id: string; kind: string }[]
    expect(inbox).toMatchObject([{ kind: 'copied-folder' }])
    expect(await steward.run('inbox', 'resolve', inbox[0]?.id ?? '', 'resume')).toMatchObject({ code: 0 })
    expect((await steward.run('automations', '--json')).json()['items']).toMatchObject([{ state: 'active' }])
    expect(await steward.run('audit', 'verify')).toMatchObject({ code: 0 })
    expect(await second.stop()).toMatchObject({ code: 0 })
  })

  it('npm start says where it is and how to begin, sets nothing up, and stops with Ctrl-C', async () => {
    const core = await steward.serve([], HEADLESS)
    expect(core.line).toMatch(/^Steward is ready at http:\/\/127\.0\.0\.1:\d+$/)
    expect((await steward.run('automations', '--json')).json()).toEqual({ items: [] })
    const end = await core.stop()
    expect(end).toMatchObject({ code: 0, err: '' })
    expect(end.out).toContain('npx steward gallery list')
  })
})
