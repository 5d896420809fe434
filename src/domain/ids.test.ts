import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { IdMaker } from './ids.ts'

describe('ids', () => {
  it('R3 sort in the order they were made, whatever the clock does', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 2 ** 47 }), { minLength: 2, maxLength: 50 }), times => {
        let turn = 0
        const maker = new IdMaker(() => times[turn++ % times.length] ?? 0)
        const made = times.map(() => maker.next('evt'))
        expect([...made].sort()).toEqual(made)
        expect(new Set(made).size).toBe(made.length)
      }),
    )
  })

  it('R3 sort by time between makers', () => {
    const [early, late] = [new IdMaker(() => 1_000), new IdMaker(() => 1_001)]
    expect(early.next('run') < late.next('run')).toBe(true)
  })

  it('carry their prefix, 26 characters, and only letters and digits nobody mixes up', () => {
    const maker = new IdMaker(() => Date.parse('2026-01-01T00:00Z'))
    for (let turn = 0; turn < 200; turn++) {
      expect(maker.next('act')).toMatch(/^act_[0-9a-hjkmnp-tv-z]{26}$/)
    }
    expect(maker.next('wf')).toMatch(/^wf_/)
  })

  it('do not repeat between makers of the same millisecond', () => {
    const made = new Set(Array.from({ length: 500 }, () => new IdMaker(() => 5).next('stp')))
    expect(made.size).toBe(500)
  })
})
