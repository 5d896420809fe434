import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { reportedUse } from './usage.ts'

const count = fc.oneof(
  fc.integer(),
  fc.double(),
  fc.constantFrom(undefined, 0, 1, 1.5, -1, 1e9, 1e9 + 1, 1e30, 4e18),
)

describe('what a provider says was used', () => {
  it('counts as it is said', () => {
    const said = { input: 1_200, cached: 1_000, written: 100, output: 40, reasoning: 30 }
    expect(reportedUse(said)).toEqual(said)
    expect(reportedUse({ input: 5, output: 0 })).toEqual({
      ...{ input: 5, cached: 0, written: 0, output: 0, reasoning: 0 },
    })
  })

  it.each([
    ['nothing', undefined, 5],
    ['half of it', 10, undefined],
    ['a server that does not count', 0, 0],
    ['a piece of a token', 1.5, 5],
    ['more than there is', 1e30, 5],
    ['more than can be added up', 4e18, 4e18],
    ['less than nothing', 10, -1_000],
    ['no number', Number.NaN, 1],
  ])('is not known after %s', (_which, input, output) => {
    expect(reportedUse({ input, output })).toBeNull()
  })

  it('is not known where more was cached than sent', () => {
    expect(reportedUse({ input: 10, output: 1, cached: 11 })).toBeNull()
    expect(reportedUse({ input: 10, output: 1, written: 11 })).toBeNull()
  })

  it('P2 is never anything but whole numbers that can be added up', () => {
    const parts = { input: count, output: count, cached: count, written: count, reasoning: count }
    fc.assert(
      fc.property(fc.record(parts), said => {
        for (const tokens of Object.values(reportedUse(said) ?? {}))
          expect(Number.isInteger(tokens) && tokens >= 0 && tokens <= 1e9).toBe(true)
      }),
    )
  })
})
