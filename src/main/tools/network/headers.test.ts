import { describe, expect, it } from 'vitest'
import { answerHeaders, checkedHeaders, headerProblem, portableHeaders } from './headers.ts'

describe('headers of a caller', () => {
  it.each([
    'Host',
    'AUTHORIZATION',
    'cookie',
    'Connection',
    'Keep-Alive',
    'TE',
    'Trailer',
    'Transfer-Encoding',
    'Upgrade',
    'Content-Length',
    'Expect',
    'Proxy-Authorization',
    'proxy-connection',
    'Accept-Encoding',
    'X-HTTP-Method-Override',
  ])('may not be %s', name => {
    expect(headerProblem(name, 'x')).toContain('may not be set')
    expect(() => checkedHeaders({ [name]: 'x' })).toThrow(/Nothing was sent/)
  })

  it.each([
    ['x-a', 'b\r\nHost: evil'],
    ['x-a', 'b\nc'],
    ['x-a', 'b\0c'],
    ['x-a', 'snow☃'],
    ['x-a\r\nhost', 'evil'],
    ['x a', 'b'],
    ['', 'b'],
    ['x-a:', 'b'],
  ])('may not be %j: %j', (name, value) => {
    expect(headerProblem(name, value)).not.toBeNull()
    expect(() => checkedHeaders({ [name]: value })).toThrow(/Nothing was sent/)
  })

  it('may not come twice, too many or too long', () => {
    expect(() => checkedHeaders({ 'X-A': '1', 'x-a': '2' })).toThrow(/given twice/)
    expect(() =>
      checkedHeaders(Object.fromEntries(Array.from({ length: 65 }, (_, i) => [`x-${i}`, '']))),
    ).toThrow(/More than/)
    expect(() => checkedHeaders({ 'x-a': 'b'.repeat(20_000) })).toThrow(/longer than/)
  })

  it('become lower case, and a forged prototype stays a mere name', () => {
    const checked = checkedHeaders(JSON.parse('{"X-A":"1","__proto__":"2"}') as Record<string, string>)
    expect(Object.entries(checked)).toEqual([
      ['x-a', '1'],
      ['__proto__', '2'],
    ])
  })

  it('reach another origin only when they cannot be a secret of the first', () => {
    expect(
      portableHeaders({ accept: 'a', 'x-api-key': 'k', 'user-agent': 'u', 'idempotency-key': 'i' }),
    ).toEqual({
      accept: 'a',
      'user-agent': 'u',
    })
  })
})

describe('headers of an answer', () => {
  it('have lower-case names, joined values and no prototype', () => {
    const headers = answerHeaders({ ETag: '"a"', link: ['<a>', '<b>'], gone: undefined })
    expect(Object.entries(headers)).toEqual([
      ['etag', '"a"'],
      ['link', '<a>, <b>'],
    ])
    expect(Object.getPrototypeOf(headers)).toBeNull()
  })
})
