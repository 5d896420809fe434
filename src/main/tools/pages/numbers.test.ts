import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { numbersIn, type FoundNumber } from './numbers.ts'

describe('the numbers of a text', () => {
  it.each<[string, string | null, [number, string | null][]]>([
    [
      'Now 1.299,00 € instead of 1.499,00 €',
      'de',
      [
        [1299, 'EUR'],
        [1499, 'EUR'],
      ],
    ],
    ['$1,299.99', 'en', [[1299.99, 'USD']]],
    ['US$ 5', null, [[5, 'USD']]],
    ['€ 12,-', 'nl', [[12, 'EUR']]],
    ['CHF 1’299.50', 'de-CH', [[1299.5, 'CHF']]],
    ['1 299,90 zł', 'pl', [[1299.9, 'PLN']]],
    ['1\u202f299 €', 'fr', [[1299, 'EUR']]],
    ['EUR 7.5', null, [[7.5, 'EUR']]],
    ['1.234', 'de', [[1234, null]]],
    ['1.234', 'en-GB', [[1.234, null]]],
    ['1,234', 'en', [[1234, null]]],
    ['1,234', 'de', [[1.234, null]]],
    ['1.234', null, [[1234, null]]],
    ['0.125', null, [[0.125, null]]],
    ['1.234.567', null, [[1234567, null]]],
    ['1,234,567.8', null, [[1234567.8, null]]],
    [
      '-5 °C, −7 and –8',
      null,
      [
        [-5, null],
        [-7, null],
        [-8, null],
      ],
    ],
    [
      '5 comments, 12 % off',
      null,
      [
        [5, null],
        [12, null],
      ],
    ],
    ['Model X200 and v2beta', null, []],
    ['EURO 5 PLNX', null, [[5, null]]],
    ['none', 'en', []],
  ])('of %j (%s)', (text, language, expected) => {
    const found = numbersIn(text, language).map(({ value, currency }: FoundNumber) => [value, currency])
    expect(found).toEqual(expected)
  })

  it('says what stands there', () => {
    expect(numbersIn('Price: 1.299,00 €!', 'de')).toEqual([
      { text: '1.299,00 €', value: 1299, currency: 'EUR' },
    ])
  })

  it('reads back any price as English and German write it', () => {
    const price = fc.integer({ min: 0, max: 99_999_999 }).map(cents => cents / 100)
    fc.assert(
      fc.property(price, value => {
        for (const language of ['en', 'de'] as const) {
          const text = new Intl.NumberFormat(language, { style: 'currency', currency: 'EUR' }).format(value)
          expect(numbersIn(`Only ${text} today`, language)).toMatchObject([{ value, currency: 'EUR' }])
        }
      }),
    )
  })

  it('is bounded and finite, whatever the text', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom('1', '.', ',', ' ', '-', '€', 'x', "'"), maxLength: 300 }),
        text => {
          return numbersIn(text, null).every(({ value }) => Number.isFinite(value))
        },
      ),
    )
    expect(numbersIn('1 x '.repeat(10_000), null)).toHaveLength(200)
    expect(numbersIn('1'.repeat(60_000), null).every(({ value }) => Number.isFinite(value))).toBe(true)
    expect(numbersIn('1.111'.repeat(12_000), null).length).toBeLessThanOrEqual(200)
  })
})
