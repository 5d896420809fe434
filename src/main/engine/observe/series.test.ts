import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readExposition } from '../../../../test/support/exposition.ts'
import { Counter, Histogram, MOST_SERIES, expositionOf } from './series.ts'

const text = fc.oneof(fc.string({ maxLength: 8 }), fc.constantFrom('a"b', 'a\\b', 'a\nb', '\\n', '",x="'))

describe('the text of what is measured', () => {
  it('is read back as what was counted, whatever a label holds', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(text, text, fc.nat(1_000)), { maxLength: 30 }), added => {
        const counter = new Counter({ name: 'some_total', help: 'Some \\ of\nthem.', labels: ['one', 'two'] })
        const expected = new Map<string, number>()
        for (const [one, two, by] of added) {
          counter.add({ one, two }, by)
          const key = JSON.stringify([one, two])
          expected.set(key, (expected.get(key) ?? 0) + by)
        }
        const read = readExposition(expositionOf([counter.family()])).get('some_total')
        const found = read?.samples.map(({ labels, value }) => [
          JSON.stringify([labels['one'], labels['two']]),
          value,
        ])
        expect(new Map(found as [string, number][])).toEqual(expected)
      }),
    )
  })

  it('has of a histogram what was observed, counted under its bounds', () => {
    const bounds = [0.1, 1, 10]
    fc.assert(
      fc.property(fc.array(fc.double({ min: 0, max: 20, noNaN: true }), { maxLength: 50 }), values => {
        const histogram = new Histogram({ name: 'h', help: 'H.', labels: [] }, bounds)
        for (const value of values) histogram.observe({}, value)
        const samples = readExposition(expositionOf([histogram.family()])).get('h')?.samples ?? []
        for (const { name, labels, value } of samples) {
          const le = labels['le'] === '+Inf' ? Infinity : Number(labels['le'])
          if (name === 'h_bucket') expect(value).toBe(values.filter(each => each <= le).length)
          if (name === 'h_sum') expect(value).toBeCloseTo(values.reduce((sum, each) => sum + each, 0))
        }
        expect(samples).toHaveLength(values.length === 0 ? 0 : bounds.length + 3)
      }),
    )
  })

  it('keeps a bounded number of series, and loses no count', () => {
    const counter = new Counter({ name: 'c_total', help: 'C.', labels: ['x'] })
    for (let index = 0; index < 5_000; index++) counter.add({ x: String(index) })
    const { samples } = counter.family()
    expect(samples).toHaveLength(MOST_SERIES + 1)
    expect(samples.reduce((sum, sample) => sum + sample.value, 0)).toBe(5_000)
    expect(samples.find(sample => sample.labels['x'] === 'other')?.value).toBe(5_000 - MOST_SERIES)
  })
})
