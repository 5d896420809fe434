import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Fact } from './fact.ts'
import { factsIn } from './facts.ts'

/** The values found, in the order of the sentence. */
function values(sentence: string): unknown[] {
  return factsIn(sentence).map(valueOf)
}

function valueOf(fact: Fact): unknown {
  switch (fact.kind) {
    case 'interval':
    case 'duration':
      return [fact.kind, fact.minutes]
    case 'number':
      return fact.unit === null
        ? fact.number
        : [fact.unit, fact.number, ...(fact.than === null ? [] : [fact.than])]
    case 'not':
      return ['not', ...fact.words]
    default:
      return plainValueOf(fact)
  }
}

function plainValueOf(fact: Exclude<Fact, { kind: 'interval' | 'duration' | 'number' | 'not' }>): unknown {
  switch (fact.kind) {
    case 'address':
      return fact.url
    case 'path':
      return fact.candidates[0]
    case 'time':
      return fact.time
    case 'days':
      return fact.some ? ['some', ...fact.days] : fact.days
    case 'quoted':
      return fact.text
    case 'topic':
      return fact.words
    case 'rules':
      return fact.rules
  }
}

describe('what a sentence names', () => {
  it.each<[string, unknown[]]>([
    [
      'tell me when shop.example.com/bike drops below 499,00 €',
      ['https://shop.example.com/bike', ['money', '499', 'less']],
    ],
    [
      '(see https://example.com/a_(b)?x=1.) every 10 minutes',
      ['https://example.com/a_(b)?x=1', ['interval', 10]],
    ],
    ['check localhost:3000/health each hour', ['http://localhost:3000/health', ['interval', 60]]],
    ['Räum meine Downloads um halb neun auf', ['~/Downloads', '08:30']],
    ['sortiere den Downloads-Ordner stündlich', ['~/Downloads', ['interval', 60]]],
    ['tidy "/home/me/My Files" twice a day', ['/home/me/My Files', ['interval', 720]]],
    ['back up ~/Docs to /mnt/b on Sunday at 3am and keep 7 copies', ['~/Docs', '/mnt/b', [0], '03:00', '7']],
    ['Montag bis Freitag um 8 Uhr 30', [[1, 2, 3, 4, 5], '08:30']],
    ['werktags abends', [[1, 2, 3, 4, 5], '18:00']],
    ['on Mondays and Thursdays at a quarter past 7', [[1, 4], '07:15']],
    ['viertel vor acht', ['07:45']],
    ['at 8 in the evening', ['20:00']],
    ['at 12 pm and at 12 am', ['12:00', '00:00']],
    ['at 2 at night', ['02:00']],
    ['alle zwei Stunden', [['interval', 120]]],
    ['jeden zweiten Tag', [['interval', 2_880]]],
    ['viermal täglich', [['interval', 360]]],
    ['every half hour', [['interval', 30]]],
    ['files older than 3 days', [['duration', 4_320]]],
    [
      'more than 1.299,50 EUR or 90 %',
      [
        ['money', '1299.5', 'more'],
        ['percent', '90'],
      ],
    ],
    [
      'posts about climate change and solar from a.example/feed',
      [['climate change', 'solar'], 'https://a.example/feed'],
    ],
    [
      'Beiträge über Fahrräder, E-Bikes und Lastenräder von heise.de',
      [['Fahrräder', 'E-Bikes', 'Lastenräder'], 'https://heise.de'],
    ],
    ['when “sold out” is gone', ['sold out']],
    ['pdf to Documents, jpg into Pictures', ['pdf → Documents; jpg → Pictures']],
    ['every evening at 8', ['18:00', '20:00']],
    ['jeden Abend um halb neun', ['18:00', '20:30']],
    ['every 30 seconds', [['interval', 0.5]]],
    ['every 3 months', [['interval', 129_600]]],
    [
      'once a month, jedes Quartal',
      [
        ['interval', 43_200],
        ['interval', 129_600],
      ],
    ],
    ['every other Monday', [['some', 1]]],
    ['on the 15th', [['nth', '15']]],
    ['more than 10 GB', [['size', '10000000000', 'more']]],
    ['not more than 20 €', [['money', '20', 'less']]],
    [
      'nicht unter 20 €',
      [
        ['not', 'unter 20 €'],
        ['money', '20'],
      ],
    ],
    ['about climate but not sports', [['climate'], ['not', 'sports']]],
    ['ist nicht mehr erreichbar', []],
    ['it does not load', []],
  ])('in “%s”', (sentence, found) => {
    expect(values(sentence)).toEqual(found)
  })

  it.each([
    'z.B. report.pdf, v1.2.3 und me@example.com',
    'e.g. main.py and 3.5',
    'um 20 Prozentpunkte',
    'and/or',
    'my photos',
    'at all',
  ])('no address, path or time in “%s”', sentence => {
    expect(factsIn(sentence).filter(({ kind }) => ['address', 'path', 'time'].includes(kind))).toEqual([])
  })
})

const hour = fc.integer({ min: 0, max: 23 })
const minute = fc.integer({ min: 0, max: 59 })
const two = (number: number) => String(number).padStart(2, '0')

describe('what is written is what is read', () => {
  it('times of day', () => {
    const forms = fc.constantFrom(
      (h: number, m: number) => `please at ${String(h)}:${two(m)} if you can`,
      (h: number, m: number) => `bitte um ${String(h)}:${two(m)} Uhr`,
      (h: number, m: number) => `um ${String(h)} Uhr ${two(m)}`,
      (h: number, m: number) =>
        `at ${String(h % 12 === 0 ? 12 : h % 12)}:${two(m)} ${h < 12 ? 'am' : 'p.m.'} daily`,
    )
    fc.assert(
      fc.property(hour, minute, forms, (h, m, write) => {
        const found = factsIn(write(h, m)).filter(({ kind }) => kind === 'time')
        expect(found.map(valueOf)).toEqual([`${two(h)}:${two(m)}`])
      }),
    )
  })

  it('intervals', () => {
    const units = fc.constantFrom<[string, string, number]>(
      ['minutes', 'Minuten', 1],
      ['hours', 'Stunden', 60],
      ['days', 'Tage', 1_440],
      ['weeks', 'Wochen', 10_080],
    )
    fc.assert(
      fc.property(
        fc.integer({ min: 2, max: 999 }),
        units,
        fc.boolean(),
        (many, [en, de, minutes], german) => {
          const sentence = german
            ? `prüfe alle ${String(many)} ${de} die Seite`
            : `look every ${String(many)} ${en} at it`
          expect(values(sentence)).toEqual([['interval', many * minutes]])
        },
      ),
    )
  })

  it('addresses, with or without https, whatever follows', () => {
    const label = fc.stringMatching(/^[a-z][a-z0-9]{1,10}$/)
    const path = fc.stringMatching(/^(\/[a-z0-9_-]{1,8}){0,3}(\?[a-z]{1,4}=[a-z0-9]{1,5})?$/)
    const end = fc.constantFrom('', '.', ', please', '!', ' alle 5 Minuten', ') and so on')
    fc.assert(
      fc.property(
        label,
        fc.constantFrom('com', 'de', 'org', 'io'),
        path,
        end,
        fc.boolean(),
        (name, top, rest, after, bare) => {
          const address = `${name}.${top}${rest}`
          const [found] = factsIn(`watch ${bare ? '' : 'https://'}${address}${after}`).filter(
            ({ kind }) => kind === 'address',
          )
          expect(found === undefined ? undefined : valueOf(found)).toBe(`https://${address}`)
        },
      ),
    )
  })

  it('folders', () => {
    const name = fc.stringMatching(/^[A-Za-z0-9_-]{1,12}$/)
    fc.assert(
      fc.property(
        fc.array(name, { minLength: 1, maxLength: 4 }),
        fc.constantFrom('~', '/home', 'C:'),
        (names, root) => {
          const folder = `${root}/${names.join('/')}`
          expect(values(`tidy ${folder}, bitte`)).toEqual([folder])
        },
      ),
    )
  })

  it('amounts, in the notation of either language', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 9_999_999 }),
        fc.integer({ min: 0, max: 99 }),
        fc.boolean(),
        (whole, cents, german) => {
          const text = new Intl.NumberFormat(german ? 'de' : 'en', { minimumFractionDigits: 2 }).format(
            whole + cents / 100,
          )
          const [found] = factsIn(`unter ${text} €`)
          expect(found?.kind === 'number' ? Number(found.number) : null).toBe(
            Number(`${String(whole)}.${two(cents)}`),
          )
        },
      ),
    )
  })

  it('nothing overlaps but a topic, and every fact stands where it says, in any text', () => {
    const word = fc.constantFrom(
      'every',
      'at',
      '8',
      'um',
      'alle',
      '10',
      'minutes',
      '~/a',
      'x.de',
      'about',
      'über',
      '"q"',
      'Uhr',
      ',',
      '.',
      '€',
      'days',
      '\n',
      'to',
    )
    fc.assert(
      fc.property(
        fc.oneof(
          fc.array(word, { maxLength: 14 }).map(words => words.join(' ')),
          fc.string({ unit: 'binary' }),
        ),
        text => {
          const facts = factsIn(text)
          const plain = facts.filter(({ kind }) => kind !== 'topic' && kind !== 'not')
          for (const [place, { from, to }] of plain.entries()) {
            expect(0 <= from && from < to && to <= text.length).toBe(true)
            expect(plain[place + 1] === undefined || to <= (plain[place + 1]?.from ?? 0)).toBe(true)
          }
        },
      ),
      { numRuns: 500 },
    )
  })
})
