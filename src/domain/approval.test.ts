import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { approvalText, payloadHash, visibleText } from './approval.ts'
import type { Json } from './json.ts'
import { canonicalJson } from './json.ts'

const FORBIDDEN = /[^\P{C}\n]|[\u2028\u2029]/u

describe('the text of an approval', () => {
  it('P4 shows names and values as they are', () => {
    const payload = {
      to: ['bo@example.com', 'cy@example.com'],
      subject: 'Hello',
      retries: 2,
      draft: false,
      cc: [],
      bcc: null,
    }
    expect(approvalText(payload)).toBe(
      [
        'to:',
        '  - bo@example.com',
        '  - cy@example.com',
        'subject: Hello',
        'retries: 2',
        'draft: false',
        'cc: (none)',
        'bcc: null',
      ].join('\n'),
    )
    expect(approvalText('just text')).toBe('just text')
    expect(approvalText({ body: '' })).toBe('body: (empty)')
  })

  it('P4 case 65: a file name with line breaks, ANSI and bidi reads as one value and hides nothing', () => {
    const path = '/in/report\nto: boss@example.com\u001b[2J\u001b[31m\u202efdp.exe'
    const text = approvalText({ path })
    expect(text.split('\n')).toEqual([
      'path: (2 lines) ‹10 hidden removed›',
      '  │ /in/report',
      '  │ to: boss@example.comfdp.exe',
    ])
    expect(visibleText(path)).toBe('/in/report ⏎ to: boss@example.comfdp.exe ‹10 hidden removed›')
  })

  it('P4 case 76: no value can pass for another field, whatever breaks its lines', () => {
    for (const line of ['\n', '\r', '\r\n', '\u2028', '\u2029', '\u0085', '\v', '\f']) {
      const lines = approvalText({ note: `hi${line}amount: 1`, amount: 900 }).split('\n')
      expect(lines.slice(0, 3)).toEqual(['note: (2 lines)', '  │ hi', '  │ amount: 1'])
      expect(lines.filter(shown => shown.startsWith('amount:'))).toEqual(['amount: 900'])
      const key = approvalText({ [`a: 1${line}amount`]: 2 })
      expect(key.split('\n')).toHaveLength(1)
    }
  })

  it('P4 case 76: what a terminal would swallow or a renderer would hide is shown or counted', () => {
    expect(visibleText('\u001b]8;;http://evil.com\u0007click\u001b]8;;\u0007')).toContain('http://evil.com')
    expect(visibleText('pay\u200bpal')).toBe('paypal ‹1 hidden removed›')
    expect(visibleText('safe\u2066\u2067text\u2069')).toBe('safetext ‹3 hidden removed›')
    expect(visibleText('a\u{e0041}\u{e0042}b')).toContain('hidden removed')
    expect(visibleText('a\ufe0f\u3164b\u00adc')).toBe('abc ‹3 hidden removed›')
    expect(visibleText('Zu\u0308rich')).toBe('Zu\u0308rich')
    expect(visibleText(`a${'\u0301'.repeat(50)}`).length).toBeLessThan(40)
    expect(visibleText('half \ud83d')).toBe('half  ‹1 hidden removed›')
    expect(visibleText('grin 😀')).toBe('grin 😀')
  })

  it.each([
    ['https://аррӏе.com/login', 'look-alike? really xn--80ak6aa92e.com'],
    ['bo@pаypal.com', 'look-alike? really xn--pypal-4ve.com'],
    ['go to xn--pypal-4ve.com now', 'look-alike?'],
    ['ｅxample.com', 'really example.com'],
    ['goοgle.com', 'look-alike? really xn--'],
    ['münchen.de', 'really xn--mnchen-3ya.de'],
    ['evil。com', 'really evil.com'],
  ])('P4 case 76: the domain in “%s” is marked', (text, mark) => {
    expect(approvalText({ text })).toContain(mark)
  })

  it.each([
    'example.com',
    'v1.2.3',
    'Größe: 3.5 m',
    'z. B. morgen',
    'пример',
    'see README.md',
    'a@b.example',
  ])('P4 “%s” is not marked', text => {
    expect(visibleText(text)).toBe(text)
  })

  it('P4 case 76: huge text is cut in the middle, with its real size', () => {
    const text = approvalText({ body: `start${'x'.repeat(1_000_000)}end`, to: 'bo@example.com' })
    expect(text.length).toBeLessThan(3_000)
    for (const part of ['start', 'end', '2000 of 1000008 characters shown', 'to: bo@example.com']) {
      expect(text).toContain(part)
    }
    const many = approvalText({ to: Array.from({ length: 500 }, (_, index) => `p${index}@example.com`) })
    expect(many).toContain('… and 400 more of 500')
    let deep: Json = 'end'
    for (let level = 0; level < 5_000; level++) deep = [deep]
    expect(approvalText(deep)).toContain('nested too deeply')
  })

  it('P4 case 76: any payload at all gives bounded, printable text', () => {
    const text = fc.string({ unit: 'binary', maxLength: 60 })
    const json = fc.jsonValue({ stringUnit: 'binary', maxDepth: 5 })
    fc.assert(
      fc.property(fc.oneof(text, json), payload => {
        const shown = approvalText(payload as Json)
        expect(shown).not.toMatch(FORBIDDEN)
        expect(shown.length).toBeLessThan(20_200)
        expect(visibleText(typeof payload === 'string' ? payload : '')).not.toContain('\n')
      }),
    )
    const wide = Object.fromEntries(
      Array.from({ length: 90 }, (_, index) => [`k${index}`, 'y'.repeat(1_900)]),
    )
    expect(approvalText(wide)).toMatch(/20000 of \d+ characters are shown$/)
  })
})

describe('the hash of a payload', () => {
  it('P4 differs for another tool or another payload, and for nothing else', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), (one, other) => {
        const [a, b] = [one as Json, other as Json]
        const same = canonicalJson(a) === canonicalJson(b)
        expect(payloadHash('mail.send', a) === payloadHash('mail.send', b)).toBe(same)
        expect(payloadHash('mail.send', a)).not.toBe(payloadHash('mail.draft', a))
      }),
    )
    expect(payloadHash('t', { a: 1, b: [2] })).toBe(payloadHash('t', { b: [2], a: 1 }))
  })
})
