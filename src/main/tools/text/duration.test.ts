import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { durationText, parseDuration } from './duration.ts'

describe('a duration', () => {
  const cases: [text: string, ms: number][] = [
    ['90m', 5_400_000],
    ['2h30m', 9_000_000],
    ['2h 30m', 9_000_000],
    ['3d', 259_200_000],
    ['1w', 604_800_000],
    ['500ms', 500],
    ['1m500ms', 60_500],
    ['0s', 0],
    ['PT2H30M', 9_000_000],
    ['P3D', 259_200_000],
    ['PT0.5S', 500],
  ]
  it.each(cases)('reads %s', (text, ms) => {
    expect(parseDuration(text)?.toMillis()).toBe(ms)
  })

  it.each([
    '',
    '3',
    'd',
    '-3d',
    '3x',
    '30m2h',
    '1.5h',
    'P',
    'PT',
    '-P3D',
    'P-3D',
    'PT-1H',
    '9999w',
    '3d!',
    'P3DT',
  ])('refuses %j', text => {
    expect(parseDuration(text)).toBeUndefined()
    expect(durationText.safeParse(text).success).toBe(false)
  })

  it('reads whatever is written in its short form', () => {
    const part = fc.nat(50)
    fc.assert(
      fc.property(part, part, part, part, part, part, (w, d, h, m, s, ms) => {
        const units: [number, string, number][] = [
          [w, 'w', 604_800_000],
          [d, 'd', 86_400_000],
          [h, 'h', 3_600_000],
          [m, 'm', 60_000],
          [s, 's', 1_000],
          [ms, 'ms', 1],
        ]
        const text = units.map(([count, unit]) => (count === 0 ? '' : `${count}${unit}`)).join('')
        fc.pre(text !== '')
        expect(parseDuration(text)?.toMillis()).toBe(
          units.reduce((sum, [count, , size]) => sum + count * size, 0),
        )
      }),
    )
  })
})
