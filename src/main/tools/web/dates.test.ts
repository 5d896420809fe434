import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readDate } from './dates.ts'

const at = (iso: string): number => Date.parse(iso)

describe('dates as the web writes them', () => {
  it.each<[string, string]>([
    ['Mon, 02 Jan 2023 10:00:00 GMT', '2023-01-02T10:00:00Z'],
    ['Mon, 02 Jan 2023 10:00:00 EST', '2023-01-02T15:00:00Z'],
    ['Mon, 02 Jan 2023 10:00:00 +0200', '2023-01-02T08:00:00Z'],
    ['Monday, 2 January 2023 10:00:00 CET', '2023-01-02T09:00:00Z'],
    ['2 Jan 2023 10:00 PDT', '2023-01-02T17:00:00Z'],
    ['Tue, 02 Jan 2023 10:00:00 GMT', '2023-01-02T10:00:00Z'],
    ['Mon, 2 Jan 2023 10:00:00', '2023-01-02T10:00:00Z'],
    ['Thu, 07 Sept 2023 10:00:00 GMT', '2023-09-07T10:00:00Z'],
    ['Mon, 02 Jan 2023 10:00:00 GMT+0100', '2023-01-02T09:00:00Z'],
    ['2 Jan 2023', '2023-01-02T00:00:00Z'],
    ['2023-01-02T10:00:00Z', '2023-01-02T10:00:00Z'],
    ['2023-01-02T10:00:00.123+05:30', '2023-01-02T04:30:00.123Z'],
    ['2023-01-02T10:00:00', '2023-01-02T10:00:00Z'],
    ['2023-01-02', '2023-01-02T00:00:00Z'],
    ['2023-01-02 10:00:00 +0100', '2023-01-02T09:00:00Z'],
    ['2023-01-02 10:00:00 UTC', '2023-01-02T10:00:00Z'],
    ['January 2, 2023', '2023-01-02T00:00:00Z'],
    ['2023/01/02', '2023-01-02T00:00:00Z'],
    ['02.01.2023', '2023-01-02T00:00:00Z'],
    ['  Mon,\n02 Jan 2023 10:00:00 GMT ', '2023-01-02T10:00:00Z'],
  ])('%j is %s', (text, iso) => {
    expect(readDate(text)).toBe(at(iso))
  })

  it.each([
    '',
    'soon',
    'yesterday',
    '0000-00-00',
    '31 Feb 2023',
    '0001-01-01T00:00:00Z',
    '99999',
    '10:00',
    'Invalid Date',
    null,
  ])('%j is none', text => {
    expect(readDate(text)).toBeNull()
  })

  it('reads back what the standard formats write, at any instant', () => {
    fc.assert(
      fc.property(fc.date({ min: new Date(0), max: new Date('2199-01-01'), noInvalidDate: true }), date => {
        const ms = Math.floor(date.getTime() / 1_000) * 1_000
        expect(readDate(new Date(ms).toUTCString())).toBe(ms)
        expect(readDate(date.toISOString())).toBe(date.getTime())
      }),
    )
  })

  it('never fails', () => {
    const isDate = (date: number | null): boolean => date === null || Number.isSafeInteger(date)
    fc.assert(fc.property(fc.string(), text => isDate(readDate(text))))
  })
})
