import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseWords } from './words.ts'

describe('words to look for', () => {
  it('are any of some, all of those with + between them, and none of those with - in front', () => {
    expect(parseWords('bike, city + light; -broken\n mountain bike ')).toEqual({
      ok: true,
      words: { any: [['bike'], ['city', 'light'], ['mountain bike']], none: ['broken'] },
    })
    expect(parseWords('-sold')).toEqual({ ok: true, words: { any: [], none: ['sold'] } })
    expect(parseWords('Wi-Fi')).toEqual({ ok: true, words: { any: [['Wi-Fi']], none: [] } })
  })

  it.each([
    [' , ;', 'holds no word'],
    ['bike, +', 'has an entry without a word: “+”'],
    ['a + ', 'has an entry without a word: “a +”'],
    ['--', 'has an entry without a word: “--”'],
    [Array.from({ length: 51 }, (_, place) => `w${place}`).join(','), 'holds more than 50 entries'],
    ['x'.repeat(101), 'has an entry longer than 100 characters'],
  ])('%j is refused', (text, problem) => {
    expect(parseWords(text)).toEqual({ ok: false, problem })
  })

  it('never come out empty, whatever is typed', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('a', 'b', '+', '-', ',', ';', ' ', '\n') }), text => {
        const answer = parseWords(text)
        if (!answer.ok) return
        const { any, none } = answer.words
        expect(any.length + none.length).toBeGreaterThan(0)
        for (const word of [...any.flat(), ...none]) expect(word).toMatch(/[ab]/)
      }),
    )
  })
})
