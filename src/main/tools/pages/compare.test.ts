import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { compare } from './compare.ts'

describe('the difference of two texts', () => {
  it('is told line by line', () => {
    expect(compare('a\nold\nc', 'a\nnew\nc\nd')).toEqual({
      added: 2,
      removed: 1,
      summary: '2 lines added, 1 removed',
      changes: [
        { kind: 'removed', text: 'old' },
        { kind: 'added', text: 'new' },
        { kind: 'added', text: 'd' },
      ],
      truncated: false,
      unified: expect.stringContaining('-old\n+new\n c\n+d\n') as string,
    })
    expect(compare('a', 'a')).toMatchObject({ added: 0, removed: 0, summary: 'nothing changed', unified: '' })
  })

  it('is found also where two long texts share nothing', () => {
    const long = (mark: string): string => Array.from({ length: 6_000 }, (_, i) => `${mark}${i}`).join('\n')
    const found = compare(long('a'), `${long('b')}\nsame`)
    expect(found).toMatchObject({ added: 6_001, removed: 6_000, truncated: true, unified: '' })
    expect(found.changes).toHaveLength(200)
  })

  it('counts as many lines as the texts differ in', () => {
    const text = fc
      .array(fc.constantFrom('a', 'b', 'c', ''), { maxLength: 12 })
      .map(lines => lines.join('\n'))
    fc.assert(
      fc.property(text, text, (before, after) => {
        const { added, removed } = compare(before, after)
        const length = (given: string): number => given.split('\n').length
        expect(length(after) - length(before)).toBe(added - removed)
        expect(added + removed === 0).toBe(before === after)
      }),
    )
  })
})
