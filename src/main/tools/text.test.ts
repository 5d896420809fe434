import { afterAll, describe, expect, it } from 'vitest'
import type { Json } from '../../domain/json.ts'
import { createCompute } from './compute/pool.ts'
import { createRegistry } from './registry.ts'
import { scopeForTests } from '../../../test/support/tool-scope.ts'
import { textTools } from './text.ts'

const compute = createCompute()
afterAll(() => compute.close())
const registry = createRegistry(textTools(compute))
const scope = scopeForTests({ zone: 'Europe/Berlin' })
const call = (verb: string, input: Json) => scope.call(registry.get(`text.${verb}`), input)

describe('tools/text', () => {
  it('gives the same answer for short texts, at once, as for long ones, in a worker', async () => {
    const short = 'a,b\r\n1,2\r\n'
    const long = short + '3,4\r\n'.repeat(10_000)
    expect(await call('csvParse', { text: short })).toMatchObject({ rows: [{ a: '1', b: '2' }] })
    expect(await call('csvParse', { text: long })).toMatchObject({
      rows: { length: 10_001, 0: { a: '1', b: '2' } },
    })
    expect(await call('csvParse', { text: 'a\n"x,y"' })).toMatchObject({ rows: [{ a: 'x,y' }] })
    const rows = Array.from({ length: 500 }, (_, i) => ({ i }))
    expect(await call('csvFormat', { rows: rows.slice(0, 2) })).toBe('i\r\n0\r\n1\r\n')
    expect(await call('csvFormat', { rows })).toHaveLength(2_393)
    expect(await call('hash', { text: 'x'.repeat(100_000), algorithm: 'md5' })).toBe(
      'd5816f35916d1d9482fb0f1ec201101d',
    )
  })

  it("means the contract's zone where none is given", async () => {
    expect(await call('parseDate', { text: '2026-07-01T12:00' })).toMatchObject({
      iso: '2026-07-01T10:00:00.000Z',
    })
    expect(await call('parseDate', { text: '1.7.2026', format: 'd.M.yyyy', zone: 'UTC' })).toMatchObject({
      ms: 1_782_864_000_000,
    })
    expect(await call('formatDate', { date: 0, format: 'HH:mm' })).toBe('01:00')
    expect(await call('addToDate', { date: '2026-03-28T12:00', days: 1 })).toMatchObject({
      local: '2026-03-29T12:00:00',
    })
    expect(await call('compareDates', { a: '2026-01-01', b: '2026-01-02' })).toMatchObject({ days: 1 })
  })

  it('reads HTML and compares texts', async () => {
    expect(await call('htmlToText', { html: '<b>x</b>' })).toBe('x')
    expect(await call('diff', { before: 'a', after: 'b' })).toMatchObject({ added: 1, removed: 1 })
  })

  const refused: [verb: string, input: Json, why: RegExp][] = [
    ['hash', { text: 'x', algorithm: 'crc32' }, /one of "sha256"/],
    ['hash', { text: 'x'.repeat(8 * 1_024 * 1_024 + 1) }, /at most 8388608 characters/],
    ['csvParse', { text: '', delimiter: '"' }, /neither a quote nor a line break/],
    ['csvFormat', { rows: [{ a: { b: 1 } }] }, /rows\[0\]\.a/],
    ['formatDate', { date: 0, format: 'HH', locale: 'no_such_tag!' }, /language tag/],
    ['formatDate', { date: 'soon', format: 'HH' }, /not an ISO date/],
    ['addToDate', { date: 0, day: 1 }, /no place for “day”/],
    ['parseDate', { text: '2026-01-01', zone: 'Mars/Olympus' }, /not an IANA time zone/],
  ]
  it.each(refused)('%s refuses what it cannot use', async (verb, input, why) => {
    await expect(call(verb, input)).rejects.toThrow(why)
  })

  it('tells the run view what was done, and keeps long texts out of logs', () => {
    const hash = registry.get('text.hash')
    expect(hash?.describe({ text: 'x'.repeat(1_500), algorithm: 'md5' }, undefined)).toBe(
      'Hashed 1,500 characters with md5',
    )
    expect(hash?.redact?.({ text: 'secret', algorithm: 'md5' })).toEqual({
      text: '6 characters',
      algorithm: 'md5',
    })
    for (const tool of registry.list()) expect(tool.touches({})).toEqual({})
  })
})
