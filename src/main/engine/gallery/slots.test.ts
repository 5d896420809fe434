import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { entrySchema } from './format.ts'
import type { Slot } from './format.ts'
import { readSlot, slotWords } from './slots.ts'

let home: string

beforeAll(() => {
  home = fs.mkdtempSync(path.join(os.tmpdir(), 'steward-slots-'))
  fs.mkdirSync(path.join(home, 'My Files'))
  fs.writeFileSync(path.join(home, 'list.csv'), '')
  fs.symlinkSync(path.join(home, 'My Files'), path.join(home, 'link'))
})

afterAll(() => {
  fs.rmSync(home, { recursive: true })
})

function slot(own: Record<string, unknown>): Slot {
  const [made] = entrySchema.parse({
    ...{ id: 'x', title: 'X', promise: 'X.', icon: 'x', version: 1, name: 'x' },
    slots: [{ name: 'a', label: 'A', question: 'A?', example: 'a', ...own }],
  }).slots
  if (made === undefined) throw new Error('no slot')
  return made
}

describe('kinds of slots', () => {
  it.each([
    [
      { kind: 'text' },
      ' Ás it is\n',
      { value: ' Ás it is\n', facets: { name: 'Ás it is', slug: 'as-it-is' } },
    ],
    [{ kind: 'number' }, ' -1.25 ', { value: -1.25, facets: {} }],
    [{ kind: 'number' }, '99,90', { value: 99.9, facets: {} }],
    [{ kind: 'minutes' }, '1', { value: 1, facets: { ms: 60_000, words: '1 minute', rhythm: 'minute' } }],
    [
      { kind: 'minutes' },
      '90',
      { value: 90, facets: { ms: 5_400_000, words: '90 minutes', rhythm: '90 minutes' } },
    ],
    [{ kind: 'time' }, ' 08:30', { value: '08:30', facets: { given: true, hour: 8, minute: 30 } }],
    [{ kind: 'cron' }, '0 8 * * 1-5', { value: '0 8 * * 1-5', facets: {} }],
    [
      { kind: 'words' },
      'Bike, city + light, -broken',
      { value: { any: [['Bike'], ['city', 'light']], none: ['broken'] }, facets: { given: true } },
    ],
    [
      { kind: 'urls' },
      ' https://a.example/x\nhttps://A.example/x, http://b.example:81 https://a.example/x ',
      {
        value: ['https://a.example/x', 'http://b.example:81/'],
        facets: { hosts: ['a.example', 'b.example:81'], name: 'a.example and 1 more', slug: 'a-example' },
      },
    ],
    [
      { kind: 'urls' },
      'https://a.example/x,1;https://a.example/y',
      {
        value: ['https://a.example/x,1', 'https://a.example/y'],
        facets: { hosts: ['a.example'], name: 'a.example', slug: 'a-example' },
      },
    ],
    [
      { kind: 'urls' },
      'webcal://a.example/me.ics, FEED://b.example/rss https://c.example/?to=webcal://d.example',
      {
        value: [
          'https://a.example/me.ics',
          'https://b.example/rss',
          'https://c.example/?to=webcal://d.example',
        ],
        facets: { hosts: ['a.example', 'b.example', 'c.example'], name: 'a.example and 2 more' },
      },
    ],
    [
      { kind: 'releases' },
      'https://github.com/o/r/tags https://github.com/o/r, https://a.example/feed',
      {
        value: ['https://github.com/o/r/releases.atom', 'https://a.example/feed'],
        facets: { hosts: ['github.com', 'a.example'], name: 'github.com and 1 more', slug: 'github-com' },
      },
    ],
    [
      { kind: 'columns' },
      'a, b.c as D',
      {
        value: [
          { path: ['a'], name: 'a' },
          { path: ['b', 'c'], name: 'D' },
        ],
        facets: { given: true },
      },
    ],
    [{ kind: 'rules' }, 'a → B', { value: [{ folder: 'B', extensions: ['a'] }], facets: { folders: ['B'] } }],
    [
      {
        kind: 'choice',
        choices: [
          { value: 'yes', label: 'Yes', phrase: 'gladly' },
          { value: 'no', label: 'No' },
        ],
      },
      'YES',
      { value: 'yes', facets: { phrase: 'gladly', 'is.yes': true, 'is.no': false } },
    ],
    [
      { kind: 'url' },
      'https://Bücher.example:8443/a%20b/?q=1#x',
      {
        value: 'https://xn--bcher-kva.example:8443/a%20b/?q=1',
        facets: {
          host: 'xn--bcher-kva.example:8443',
          slug: 'xn-bcher-kva-example-8443-a-20b',
        },
      },
    ],
  ])('%j reads %j', (own, text, is) => {
    expect(readSlot(slot(own), text, home)).toMatchObject({ ok: true, is })
  })

  it('folders and files are told apart, and a link counts as what it leads to', () => {
    const read = (kind: string, name: string) => readSlot(slot({ kind }), `~/${name}`, home)
    expect(read('folder', 'My Files')).toEqual({
      ok: true,
      is: {
        value: path.join(home, 'My Files'),
        facets: { given: true, empty: false, name: 'My Files', slug: 'my-files' },
      },
    })
    expect(read('folder', 'link')).toMatchObject({ ok: true, is: { value: path.join(home, 'link') } })
    expect(read('file', 'list.csv')).toMatchObject({ ok: true, is: { value: path.join(home, 'list.csv') } })
    expect(read('file', 'My Files')).toEqual({ ok: false, problem: 'is not a file' })
  })

  it.each([
    [{ kind: 'time' }, '24:00', 'is not a time of day from 00:00 to 23:59'],
    [{ kind: 'urls', most: 1 }, 'https://a.example https://b.example', 'holds more than 1 addresses'],
    [{ kind: 'urls' }, 'https://a.example b.example', 'holds “b.example”, which does not begin with http'],
    [{ kind: 'urls' }, ' ; ', 'holds no address'],
    [{ kind: 'words' }, ',', 'holds no word'],
    [{ kind: 'columns' }, 'a, a', 'names “a” twice'],
    [{ kind: 'cron' }, 'every day', 'was not understood'],
    [{ kind: 'number', min: 2 }, '1', 'is less than 2'],
    [{ kind: 'number' }, '0x10', 'is not a number'],
    [{ kind: 'number' }, '1,234', 'is not a number'],
    [{ kind: 'number' }, '1.234,5', 'is not a number'],
    [{ kind: 'text', maxLength: 3 }, 'four', 'is longer than 3 characters'],
  ])('%j refuses %j', (own, text, problem) => {
    const answer = readSlot(slot(own), text, home)
    expect(answer.ok ? 'accepted' : answer.problem).toContain(problem)
  })

  it('left empty take their default; without one they are null, or missing where required', () => {
    expect(readSlot(slot({ kind: 'number', default: '3' }), undefined, home)).toMatchObject({
      is: { value: 3 },
    })
    expect(readSlot(slot({ kind: 'number', required: false }), undefined, home)).toMatchObject({
      is: { value: null },
    })
    expect(readSlot(slot({ kind: 'number' }), undefined, home)).toEqual({ ok: false, problem: 'is missing' })
  })

  it('say in words what they take', () => {
    const choices = [
      { value: 'a', label: 'a' },
      { value: 'b', label: 'Bee' },
    ]
    const words = [
      { kind: 'number', whole: true, min: 1 },
      { kind: 'number', max: 9 },
      { kind: 'minutes', min: 1, max: 5 },
      { kind: 'choice', choices },
      { kind: 'text', maxLength: 9 },
    ].map(own => slotWords(slot(own)))
    expect(words).toEqual([
      'a whole number from 1',
      'a number up to 9',
      'whole minutes from 1 to 5',
      'one of a, b (Bee)',
      'text, 9 characters at most',
    ])
  })
})
