import fs from 'node:fs'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { serveHeld } from '../support/held-site.ts'
import type { HeldSite } from '../support/held-site.ts'
import { Steward } from './steward.ts'
import type { Serving } from './steward.ts'

let steward: Steward
let serving: Serving
let site: HeldSite
let inbox: string

beforeAll(async () => {
  site = await serveHeld()
  steward = new Steward()
  serving = await steward.serve()
  inbox = path.join(steward.folder, 'inbox')
  fs.mkdirSync(inbox)
})
afterAll(async () => {
  steward.end()
  await site.close()
})

interface Turn {
  stage: string
  text: string
  automation: { name: string } | null
}

async function chat(...args: string[]): Promise<{ code: number | null; chatId: string; turns: Turn[] }> {
  const end = await steward.run('chat', ...args, '--json')
  return { code: end.code, ...(end.json() as unknown as { chatId: string; turns: Turn[] }) }
}

/** As a crash does it: nothing is put away before. */
async function killAndServe(): Promise<void> {
  const { child } = serving
  const ended = new Promise(resolve => child.once('exit', resolve))
  child.kill('SIGKILL')
  await ended
  serving = await steward.serve()
}

async function automations(): Promise<string[]> {
  const { items } = (await steward.run('automations', '--json')).json() as { items: { name: string }[] }
  return items.map(({ name }) => name)
}

describe('steward chat', () => {
  it('tells each turn in words, and ends with 4 while something is asked', async () => {
    const end = await steward.run('chat', 'tidy a folder every hour', '--answer', 'Tidy a folder')
    expect(end).toMatchObject({ code: 4, err: '' })
    for (const part of [
      /ready-made automations? fits?\./,
      /\n {2}1 {2}Tidy a folder: Sorts what lands in a folder/,
      /\nSettings\n/,
      /\n {2}Look every: 60 \(as you said\)\n/,
      /\nWhich folder should be kept tidy\? \(for example: ~\/Downloads\)\n/,
    ])
      expect(end.out).toMatch(part)
  })

  it('sets one up with the answers it is given, once, and its next run works', async () => {
    const answers = ['Watch an address', 'yes', 'yes'].flatMap(answer => ['--answer', answer])
    const { code, turns } = await chat(`is ${site.url('/up')} down? look every 30 minutes`, ...answers)
    expect([code, turns.at(-1)?.stage]).toEqual([0, 'added'])
    expect(turns.map(({ stage }) => stage)).toEqual([
      'choosing',
      'rehearsing',
      'confirming',
      'added',
      'added',
    ])
    const name = turns.at(-1)?.automation?.name ?? ''
    expect((await automations()).filter(each => each === name)).toHaveLength(1)
    expect(await steward.run('run', name, '--wait')).toMatchObject({ code: 0 })
  })

  it('ends with 1 where nothing fits, and says what there is', async () => {
    const end = await steward.run('chat', 'order me a pizza')
    expect(end).toMatchObject({ code: 1 })
    expect(end.out).toMatch(/Nothing ready-made fits[^]*Ready-made are:[^]*Tidy a folder/)
    expect(await steward.run('chat', '--in', 'cht_none')).toMatchObject({ code: 2 })
    expect(await steward.run('chat', 'x', '--in', 'cht_none')).toMatchObject({ code: 2 })
  })

  it('R2 goes on after the core was killed in between, and adds once', async () => {
    const first = await chat('räum einen Ordner auf')
    for (const messages of [['Tidy a folder', inbox], ['alle 2 Stunden', 'nenn es inbox-ordnung'], ['ja']]) {
      await killAndServe()
      for (const message of messages) await chat(message, '--in', first.chatId)
    }
    await killAndServe()
    const last = await chat('ja', '--in', first.chatId)
    expect(last.turns.at(-1)?.text).toMatch(/^„inbox-ordnung“ war schon hinzugefügt\./)
    expect((await automations()).filter(name => name.startsWith('inbox-ordnung'))).toEqual(['inbox-ordnung'])
  })

  it('R2 plays a dry run anew that a kill cut short', async () => {
    site.hold('/slow')
    const { chatId } = await chat(`watch the uptime of ${site.url('/slow')}`)
    const waiting = steward.run('chat', 'Watch an address', '--in', chatId)
    await expect.poll(() => site.paths(), { timeout: 20_000 }).toContain('/slow')
    await killAndServe()
    expect((await waiting).code).toBe(3)
    site.release('/slow')
    const { turns, code } = await chat('--in', chatId)
    expect([turns.map(({ stage }) => stage), code]).toEqual([['confirming'], 4])
    expect(turns[0]?.text).toMatch(/^The dry run came to its end\. It read one thing/)
    const [added] = (await chat('yes', '--in', chatId)).turns
    expect(added?.stage).toBe('added')
  })
})
