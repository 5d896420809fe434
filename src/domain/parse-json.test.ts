import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseJson } from './parse-json.ts'

describe('JSON that others wrote', () => {
  it('keeps every whole number: as a number where one holds it, otherwise as it was written', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(10n ** 30n), max: 10n ** 30n }), whole => {
        const parsed = parseJson(`{"id":${whole},"in":"${whole}"}`)
        const isSafe = whole >= -(2n ** 53n) + 1n && whole <= 2n ** 53n - 1n
        expect(parsed).toEqual({ id: isSafe ? Number(whole) : String(whole), in: String(whole) })
      }),
    )
  })

  it('is otherwise what JSON.parse makes of it, whatever stands in its strings', () => {
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.constantFrom('12345678901234567890', '\\', '"', '\\" 12345678901234567890', '1e999'),
    )
    const number = fc.oneof(
      fc.maxSafeInteger(),
      fc.double({ noNaN: true, noDefaultInfinity: true, max: 1, min: -1 }),
    )
    const { value } = fc.letrec(tie => ({
      value: fc.oneof(text, number, fc.boolean(), fc.constant(null), tie('list'), tie('record')),
      list: fc.array(tie('value'), { maxLength: 4 }),
      record: fc.dictionary(text, tie('value'), { maxKeys: 4 }),
    }))
    fc.assert(
      fc.property(value, fc.constantFrom(0, 2), (given, indent) => {
        const json = JSON.stringify([given, '1234567890123456'], null, indent)
        expect(parseJson(json)).toEqual(JSON.parse(json))
      }),
    )
  })

  it.each([
    ['[9007199254740991,9007199254740992]', [9_007_199_254_740_991, '9007199254740992']],
    ['[-9007199254740993 , 1e400,-1E+999, 1e300]', ['-9007199254740993', '1e400', '-1E+999', 1e300]],
    ['[12345678901234567890.5, 0.1234567890123456789]', ['12345678901234567890.5', 0.12345678901234568]],
    ['{"__proto__":{"a":12345678901234567890}}', JSON.parse('{"__proto__":{"a":"12345678901234567890"}}')],
    ['12345678901234567890', '12345678901234567890'],
  ])('%s', (text, value) => {
    expect(parseJson(text)).toEqual(value)
  })

  it.each([
    '{12345678901234567890:1}',
    '[12345678901234567890',
    '[01234567890123456789]',
    '"1234567890123456789',
    '',
  ])('refuses %s, which is none', text => {
    expect(() => parseJson(text)).toThrow(SyntaxError)
  })
})
