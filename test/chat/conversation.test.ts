import fs from 'node:fs'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { chatEventsOf } from '../../src/main/store/chats.ts'
import { listWorkflows, scriptOf } from '../../src/main/store/workflows.ts'
import { serveHttp } from '../support/loopback-server.ts'
import type { LoopbackServer } from '../support/loopback-server.ts'
import { Talk } from '../support/talks.ts'
import { createWorld, tempFolder, until } from '../support/world.ts'
import type { World } from '../support/world.ts'

let world: World
let site: LoopbackServer
let asked = 0
let held: (() => void)[] | null = null

beforeAll(async () => {
  site = await serveHttp((_, response) => {
    asked++
    const answer = () => response.end('hello')
    if (held === null) answer()
    else held.push(answer)
  })
  world = await createWorld()
})
afterAll(async () => {
  await world.stop()
  await site.close()
  fs.rmSync(world.folder, { recursive: true, force: true })
})

function automations(of = world): string[] {
  return listWorkflows(of.store).map(({ name }) => name)
}

function said(talk: Talk): string[] {
  return chatEventsOf(talk.world.store, talk.chatId, 200).map(({ kind, body }) => {
    const { text = '' } = body as { text?: string }
    return kind === 'message' ? `> ${text}` : (text.split('\n')[0] ?? '')
  })
}

describe('a conversation that sets something up', () => {
  it('O2 offers, fills in, shows the contract and a dry run, and adds what was shown', async () => {
    const talk = await Talk.begin(world)
    const offered = await talk.say(`tell me when ${site.url('/a')} is down, look every 10 minutes`)
    expect(offered).toMatchObject({ stage: 'choosing', turn: 1, automation: null, settings: [] })
    expect(offered.offers.find(({ id }) => id === 'watch-address')?.words).toEqual(['down'])
    expect(offered.question?.choices.map(({ label }) => label)).toContain('Something else')

    const place = String(offered.offers.findIndex(({ id }) => id === 'watch-address') + 1)
    const before = asked
    const confirming = await talk.say(place)
    expect(confirming.stage).toBe('confirming')
    expect(asked).toBe(before + 1)
    expect(confirming.dryRun).toMatchObject({
      state: 'returned',
      counts: { reads: 1, changes: 0 },
      missed: [],
    })
    expect(confirming.question?.choices.map(({ value }) => value)).toEqual([
      'yes',
      'change',
      'back',
      'cancel',
    ])
    const shown = chatEventsOf(world.store, talk.chatId, 200).map(({ body }) => body)
    expect(shown[3]).toMatchObject({
      stage: 'rehearsing',
      question: null,
      settings: [
        { slot: 'url', value: site.url('/a'), from: 'sentence' },
        { slot: 'everyMinutes', value: '10', from: 'sentence' },
        { slot: 'failuresBeforeAlert', value: '2', from: 'usual' },
        { slot: 'expectStatus', value: '', from: 'empty' },
        { slot: 'contains', value: '', from: 'empty' },
        { slot: 'watchChanges', value: 'yes', from: 'usual' },
      ],
    })
    expect(JSON.stringify(shown[3])).toContain('Every 10 minutes')

    const added = await talk.say('yes')
    const { automation } = added
    expect(added).toMatchObject({ stage: 'added', question: null })
    const workflow = world.engine.workflow(automation?.id ?? '')
    expect(workflow).toMatchObject({ name: automation?.name, chat_id: talk.chatId, state: 'active' })
    const run = await world.run(workflow.name)
    expect(run.state).toBe('succeeded')
    expect(scriptOf(world.store, workflow.script_id ?? '').hash).toBe(confirming.dryRun?.hash)
  })

  it('asks for what is missing, one thing at a time, with an example, and says why an answer was refused', async () => {
    const talk = await Talk.begin(world)
    const folder = path.join(world.folder, 'inbox')
    fs.mkdirSync(folder)
    const asking = await talk.say('please tidy a folder every half hour', 'Tidy a folder')
    expect(asking).toMatchObject({
      stage: 'asking',
      question: { text: 'Which folder should be kept tidy?', example: '~/Downloads' },
    })
    const refused = await talk.say('/nowhere/at/all')
    expect(refused).toMatchObject({ stage: 'asking', text: 'Folder: “/nowhere/at/all” does not exist.' })
    expect(refused.question?.text).toBe('Which folder should be kept tidy?')
    expect((await talk.say(`it is "${folder}", thanks`)).stage).toBe('confirming')
    expect(said(talk).at(-2)).toMatch(/^“tidy-inbox” would do this/)
    expect(automations()).not.toContain('tidy-inbox')
  })

  it('spricht deutsch, wo deutsch gesprochen wird, und versteht Vertipper', async () => {
    const talk = await Talk.begin(world)
    const offered = await talk.say(
      `sag bescheid, wenn ${site.url('/b')} nicht erreichbar ist, alle 20 Minuten`,
    )
    expect(offered.text).toMatch(/passen|passt/)
    const place = String(offered.offers.findIndex(({ id }) => id === 'watch-address') + 1)
    const confirming = await talk.say(place)
    expect(confirming.text).toBe(
      'Der Probelauf kam ans Ende. Gelesen: 1. Geändert hätte er: nichts. Geändert wurde nichts.',
    )
    expect((await talk.say('abbrehcen')).text).toBe('Abgebrochen. Es wurde nichts eingerichtet.')
  })

  it('goes back, corrects, renames, and takes a new value in passing', async () => {
    const talk = await Talk.begin(world)
    const folder = path.join(world.folder, 'papers')
    fs.mkdirSync(folder)
    await talk.say('tidy a folder', 'Tidy a folder', folder)
    expect((await talk.say('back')).question?.text).toContain(`Now: ${folder}`)
    expect((await talk.say('back')).stage).toBe('choosing')
    await talk.say('Tidy a folder', folder)
    const settings = () =>
      Object.fromEntries(
        chatEventsOf(world.store, talk.chatId, 200)
          .map(({ body }) => body as { settings?: { slot: string; value: string }[] })
          .filter(body => (body.settings?.length ?? 0) > 0)
          .at(-1)
          ?.settings?.map(({ slot, value }) => [slot, value]) ?? [],
      )
    await talk.say('every 45 minutes instead')
    expect(settings()).toMatchObject({ everyMinutes: '45', minAgeMinutes: '10' })
    await talk.say('Leave alone for: 0')
    expect(settings()).toMatchObject({ everyMinutes: '45', minAgeMinutes: '0' })
    const wrong = await talk.say('change look every to 2')
    expect(wrong).toMatchObject({ stage: 'asking', text: 'Look every: “2” is less than 5.' })
    await talk.say('60', 'change', 'Digest')
    expect(talk.view().question?.choices.map(({ value }) => value)).toEqual(
      expect.arrayContaining(['notify', 'note', 'none', 'back']),
    )
    await talk.say('none', 'call it Paper Work')
    expect(settings()).toMatchObject({ everyMinutes: '60', digest: 'none' })
    expect((await talk.say('yes')).automation?.name).toBe('paper-work')
  })

  it('offers what else there is, and says plainly that nothing fits and what a model key would add', async () => {
    const talk = await Talk.begin(world)
    const nothing = await talk.say('order me a pizza')
    expect(nothing.stage).toBe('listening')
    expect(nothing.text).toMatch(
      /^Nothing ready-made fits “order me a pizza”\. Nothing was set up\.\nReady-made are: /,
    )
    expect(nothing.text).toContain('with a model key')
    const first = await talk.say('watch my website')
    const seen = [...first.offers.map(({ id }) => id)]
    for (let view = first; view.stage === 'choosing'; view = await talk.say('something else')) {
      seen.push(...(view === first ? [] : view.offers.map(({ id }) => id)))
    }
    expect(new Set(seen).size).toBe(seen.length)
    expect(talk.view()).toMatchObject({ stage: 'listening' })
    expect(talk.view().text).toMatch(/^Nothing else that is ready-made fits\./)
    expect((await talk.say('cancel')).stage).toBe('cancelled')
    expect((await talk.say('watch an address')).stage).toBe('choosing')
  })

  it('adds once, however often and at once it is confirmed, and takes a free name', async () => {
    const sentence = `watch address ${site.url('/twice')} for downtime`
    const talks = [await Talk.begin(world), await Talk.begin(world)]
    for (const talk of talks) {
      await talk.say(sentence)
      await talk.say('Watch an address')
    }
    const before = automations().length
    await Promise.all(talks.flatMap(talk => Array.from({ length: 5 }, () => talk.say('yes'))))
    expect(automations()).toHaveLength(before + 2)
    const names = talks.map(talk => talk.view().automation?.name ?? '')
    expect(new Set(names).size).toBe(2)
    expect(names.toSorted()[1]).toBe(`${names.toSorted()[0] ?? ''}-2`)
    expect(talks[0]?.view().text).toMatch(/had been added already\. Nothing was added twice\.$/)
    expect(said(talks[0] ?? (await Talk.begin(world))).filter(line => line.startsWith('Added'))).toHaveLength(
      1,
    )
  })

  it('takes an answer only for the question it was given to', async () => {
    const talk = await Talk.begin(world)
    const { turn } = await talk.say('watch an address')
    await world.engine.conversations.setUps.say(talk.chatId, 'cancel', turn)
    await expect(world.engine.conversations.setUps.say(talk.chatId, '1', turn)).rejects.toThrow(
      'had gone on before',
    )
    expect(talk.view().stage).toBe('cancelled')
  })

  it('in the chat of an automation, says what takes a model and changes nothing', async () => {
    await world.install('by-hand', 'export default async function run() { return 1 }')
    const talk = new Talk(world, world.engine.workflow('by-hand').chat_id)
    await world.engine.conversations.setUps.say(talk.chatId, 'do it twice a day')
    expect(said(talk)).toEqual([
      '> do it twice a day',
      expect.stringContaining('This chat belongs to “by-hand”'),
    ])
  })

  it('is cancelled or changed while the dry run plays, which is then told to nobody', async () => {
    held = []
    const talk = await Talk.begin(world)
    await talk.say(`uptime watch ${site.url('/slow')}`)
    await world.engine.conversations.setUps.say(talk.chatId, 'Watch an address')
    await until(() => held?.length, 'the dry run never asked')
    await world.engine.conversations.setUps.say(talk.chatId, 'yes')
    expect(talk.view()).toMatchObject({ stage: 'rehearsing', text: 'The dry run has not ended yet.' })
    await world.engine.conversations.setUps.say(talk.chatId, 'cancel')
    for (const answer of held) answer()
    held = null
    await talk.rest()
    expect(talk.view().stage).toBe('cancelled')
    expect(said(talk).at(-1)).toBe('Cancelled. Nothing was set up.')
  })
})

describe('a dry run of what is started by something new', () => {
  const sorting = async (names: readonly string[]) => {
    const folder = fs.realpathSync(tempFolder())
    for (const name of names) fs.writeFileSync(path.join(folder, name), name)
    const talk = await Talk.begin(world)
    const { offers } = await talk.say('sort my downloads by type')
    const place = offers.findIndex(({ id }) => id === 'downloads-by-type')
    const chosen = place < 0 ? talk.view() : await talk.say(String(place + 1))
    const shown = chosen.stage === 'confirming' ? chosen : await talk.say(folder)
    const added = await talk.say('yes')
    fs.rmSync(folder, { recursive: true, force: true })
    return { shown, added }
  }

  it('O2 R8 says that it was played as if what is there had just come, which once live counts as known', async () => {
    const { shown, added } = await sorting(['a.pdf', 'b.png', 'c.zip'])
    expect(shown.dryRun).toMatchObject({ given: 'as-if-new', counts: { changes: 3 } })
    expect(shown.text).toContain(
      'It was played as if all that is there now had just come. Once live, that counts as known',
    )
    expect(added.text).toContain('There are 3 things already; they count as known.')
  })

  it('O2 R8 says that it was played as if started by hand where nothing is there', async () => {
    const { shown } = await sorting([])
    expect(shown.dryRun).toMatchObject({ given: 'by-hand', counts: { changes: 0 } })
    expect(shown.text).toContain('so it was played as if started by hand.')
  })
})

describe('a conversation and a restart', () => {
  it('R2 goes on after a stop at any message, the dry run included', async () => {
    const folder = tempFolder()
    const inbox = path.join(folder, 'inbox')
    fs.mkdirSync(inbox)
    let talk: Talk | null = null
    for (const message of ['tidy a folder', 'Tidy a folder', inbox, 'every 30 minutes', 'yes', 'yes']) {
      const life = await createWorld({ folder })
      talk = talk === null ? await Talk.begin(life) : new Talk(life, talk.chatId)
      await talk.rest()
      await life.engine.conversations.setUps.say(talk.chatId, message)
      await life.stop()
    }
    const last = await createWorld({ folder })
    const talkNow = new Talk(last, talk?.chatId ?? '')
    expect(automations(last)).toEqual(['tidy-inbox'])
    expect(talkNow.view()).toMatchObject({ stage: 'added', automation: { name: 'tidy-inbox' } })
    expect(said(talkNow).filter(line => line.startsWith('The dry run came to its end'))).toHaveLength(2)
    await last.stop()
    fs.rmSync(folder, { recursive: true, force: true })
  })
})
