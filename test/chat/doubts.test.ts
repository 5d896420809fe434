import fs from 'node:fs'
import path from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { openShelf } from '../../src/main/engine/set-up/shelf.ts'
import { NEW_TALK, talkSchema } from '../../src/planner/chat/talk/talk.ts'
import type { Turn } from '../../src/planner/chat/talk/talk.ts'
import { turn } from '../../src/planner/chat/talk/turns.ts'
import { tempFolder } from '../support/world.ts'

const home = tempFolder()
for (const name of ['Downloads', 'Inbox', 'Backups']) fs.mkdirSync(path.join(home, name))
afterAll(() => fs.rmSync(home, { recursive: true, force: true }))

const shelf = openShelf({ home }, () => false)

/** What comes of saying these one after the other, beginning with a sentence for this entry. */
function talk(entry: string, ...messages: string[]): Turn {
  const { title } = shelf.entries().find(({ id }) => id === entry) ?? { title: '' }
  const [sentence = '', ...answers] = messages
  const start = turn(NEW_TALK, sentence, shelf).talk
  const choosing = { ...start, stage: 'choosing' as const, sentence, offers: [entry] }
  const begun = turn(choosing, title, shelf)
  return answers.reduce((step, answer) => turn(talkSchema.parse(step.talk), answer, shelf), begun)
}

function settings({ said }: Turn): Record<string, string> {
  return Object.fromEntries(
    said.settings.filter(({ from }) => from !== 'usual').map(({ slot, value }) => [slot, value]),
  )
}

describe('what was said and is not certain', () => {
  it('is named, and asked about instead of going on with what is usual', () => {
    const asked = talk('backup-folder', 'back up ~/Inbox to ~/Backups every sunday at 3am and keep 5')
    expect(asked.effect).toBe('none')
    expect(asked.said.text).toContain('How often: “sunday” was not taken')
    expect(asked.said.question?.text).toContain('How often should it be backed up?')
    expect(settings(asked)).toMatchObject({ at: '03:00', keep: '5' })

    const answered = talk('backup-folder', 'back up ~/Inbox to ~/Backups every sunday', 'weekly')
    expect(answered).toMatchObject({ effect: 'rehearse', talk: { stage: 'rehearsing', doubts: [] } })
  })

  it('is asked about where the setting refuses it', () => {
    const asked = talk('uptime', 'check https://a.example every 30 seconds')
    expect(asked.said.text).toContain('“every 30 seconds” was not taken, because it is not a whole number')
    expect(asked.talk).toMatchObject({ stage: 'asking', open: 'everyMinutes' })
    expect(settings(asked)).toEqual({ urls: 'https://a.example', expectStatus: '', contains: '' })
  })

  it('offers what may have been meant', () => {
    const asked = talk('page-watch', 'watch https://a.example/x or https://a.example/y')
    expect(asked.said.question?.choices.map(({ value }) => value)).toEqual(
      expect.arrayContaining(['https://a.example/x', 'https://a.example/y']),
    )
    const answered = talk(
      'page-watch',
      'watch https://a.example/x or https://a.example/y',
      'https://a.example/y',
    )
    expect(answered.effect).toBe('rehearse')
    expect(settings(answered)).toMatchObject({ url: 'https://a.example/y' })
  })

  it('and fits no setting: whether to go on without it is asked', () => {
    const sentence = 'tidy ~/Inbox, but not ~/Downloads'
    const asked = talk('tidy-folder', sentence)
    expect(asked.talk).toMatchObject({ stage: 'asking', open: null })
    expect(asked.said.question?.text).toBe('Nothing here takes “but not ~/Downloads”. Go on without it?')
    expect(talk('tidy-folder', sentence, 'yes').effect).toBe('rehearse')
    expect(talk('tidy-folder', sentence, 'hm').said.question?.text).toBe(asked.said.question?.text)
    expect(talk('tidy-folder', sentence, 'cancel').talk.stage).toBe('cancelled')
    expect(talk('tidy-folder', sentence, 'no').talk).toMatchObject({ refused: ['tidy-folder'], doubts: [] })
  })

  it('a price goes with the side it is on, said or asked for', () => {
    const url = 'https://a.example/x'
    const above = talk('page-watch', `tell me when ${url} goes over $20`)
    expect(settings(above)).toMatchObject({ price: '20', side: 'rises' })
    const asked = talk('page-watch', `tell me when ${url} costs 20 euros`)
    expect(asked.talk).toMatchObject({ stage: 'asking', open: 'side' })
    const later = talk('page-watch', `watch ${url}`, 'price: 20')
    expect(later.talk).toMatchObject({ stage: 'asking', open: 'side' })
  })

  it('in a correction, asks as well', () => {
    const asked = talk('page-watch', 'watch https://a.example/x', 'every 3 months instead')
    expect(asked.talk).toMatchObject({ stage: 'asking', open: 'everyMinutes' })
    expect(asked.said.text).toContain('every 3 months')
  })
})

describe('ein Gespräch auf Deutsch', () => {
  it('fragt, nennt und zeigt alles auf Deutsch, Zeiten in Worten', () => {
    const [offer] = turn(NEW_TALK, 'sichere ~/Inbox jeden Freitag um 18 Uhr', shelf).said.offers
    expect(offer).toMatchObject({ id: 'backup-folder', title: 'Einen Ordner sichern' })
    expect(offer?.promise).toMatch(/^Packt einen Ordner in ein Zip/)

    const start = turn(NEW_TALK, 'sichere ~/Inbox jeden Freitag um 18 Uhr', shelf)
    const asked = turn(start.talk, 'Einen Ordner sichern', shelf)
    expect(asked.said.text).toContain('Wie oft: „Freitag“ wurde nicht übernommen')
    expect(asked.said.question?.text).toMatch(/^In welchen Ordner sollen die Sicherungen\?/)
    const refused = turn(asked.talk, '/gibt/es/nicht', shelf)
    expect(refused.said.text).toBe('Wohin: „/gibt/es/nicht“ gibt es nicht.')
    const when = turn(refused.talk, '~/Backups', shelf)
    expect(when.said.question).toMatchObject({ text: 'Wie oft soll gesichert werden? Üblich: jeden Tag' })
    const played = turn(when.talk, 'jeden Tag', shelf)
    expect(played.effect).toBe('rehearse')
    expect(played.said.settings.map(({ label }) => label)).toContain('Behalten')
    expect(played.said.text).toContain('jeden Tag um 18:00')
    expect(played.said.contract[0]?.heading).toBe('Wann')
    expect(played.said.contract[0]?.lines[0]).toMatch(/^Jeden Tag um 18:00 \(/)
  })
})
