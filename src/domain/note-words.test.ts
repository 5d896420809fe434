import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { containsPhrase, excerptFor, parseQuery, placedWords, wordsOf } from './note-words.ts'

describe('the words of a text', () => {
  it.each([
    ['Rechnung Nr. 42 — Müller & Söhne', ['rechnung', 'nr', '42', 'muller', 'sohne']],
    ['STRASSE Straße', ['strasse', 'strasse']],
    ['e-mail, café', ['e', 'mail', 'cafe']],
    ['cafe\u0301 ＡＢＣ ﬁn', ['cafe', 'abc', 'fin']],
    ['東京で会議 PDF版', ['東', '京', 'で', '会', '議', 'pdf', '版']],
    ['  \n\t "*():^-', []],
    ['x'.repeat(200), ['x'.repeat(64)]],
  ])('%s', (text, words) => {
    expect(wordsOf(text)).toEqual(words)
  })

  it('stand where they are said to stand, in any text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), text => {
        for (const { word, at } of placedWords(text)) {
          expect(at).toBeLessThan(text.length)
          expect(wordsOf(text.slice(at))[0]).toBe(word)
        }
      }),
    )
  })
})

describe('a query', () => {
  it('is words and quoted phrases, and no other sign has a meaning', () => {
    expect(parseQuery('invoice "Acme Corp" OR NEAR(x) col:y z*')).toEqual([
      ['invoice'],
      ['acme', 'corp'],
      ['or'],
      ['near', 'x'],
      ['col', 'y'],
      ['z'],
    ])
    expect(parseQuery('"never closed')).toEqual([['never', 'closed']])
    expect(parseQuery(' " " ** ')).toEqual([])
  })

  it('finds a phrase only together and in order', () => {
    const words = wordsOf('one two three two one')
    expect(containsPhrase(words, ['two', 'three'])).toBe(true)
    expect(containsPhrase(words, ['three', 'one'])).toBe(false)
    expect(containsPhrase(words, ['one', 'two', 'three', 'two', 'one', 'two'])).toBe(false)
  })

  it('shows the text around what was found, on one line and whole characters only', () => {
    const text = `${'filler '.repeat(100)}the needle\nis here ${'more '.repeat(100)}`
    const excerpt = excerptFor(text, [['needle']])
    expect(excerpt).toContain('the needle is here')
    expect(excerpt.startsWith('…') && excerpt.endsWith('…')).toBe(true)
    expect(excerptFor('short', [['nothing']])).toBe('short')
    expect(excerptFor('😀'.repeat(300), [['x']]).isWellFormed()).toBe(true)
  })
})
