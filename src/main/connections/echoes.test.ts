import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Echoes, MASK } from './echoes.ts'

const SECRET = 'sk-Kanarie/7d1f+0c&"<ü>'
const echoes = new Echoes([SECRET])

const base64 = (text: string, padding: number) => Buffer.from('x'.repeat(padding) + text).toString('base64')

describe('what a remote sends back of a secret', () => {
  const forms: [string, string][] = [
    ['as it is', SECRET],
    ['in other letters', SECRET.toUpperCase()],
    ['in an address', encodeURIComponent(SECRET)],
    ['in an address, small', encodeURIComponent(SECRET).toLowerCase()],
    ['in a form', new URLSearchParams({ q: SECRET }).toString()],
    ['in JSON', JSON.stringify({ key: SECRET })],
    ['in JSON of PHP', JSON.stringify({ key: SECRET }).replaceAll('/', '\\/')],
    [
      'in HTML',
      SECRET.replace('&', '&amp;').replace('"', '&quot;').replace('<', '&lt;').replace('>', '&gt;'),
    ],
    ['in hexadecimal', Buffer.from(SECRET).toString('hex')],
    ['in base64', base64(SECRET, 0)],
    ['in base64 after one byte', base64(`${SECRET}.`, 1)],
    ['in base64 after two bytes', base64(`${SECRET}..`, 2)],
    ['in base64url', base64(`${SECRET}..`, 2).replaceAll('+', '-').replaceAll('/', '_')],
  ]

  it.each(forms)('is masked %s, in text and in bytes', (_how, echo) => {
    const text = `before ${echo} after`
    const hidden = echoes.hideInText(text)
    expect(hidden).toContain(MASK)
    expect(hidden).toMatch(/^before .* after$/)
    expect(hidden.toLowerCase()).not.toContain(echo.slice(3, -3).toLowerCase())
    expect(Buffer.from(echoes.hideInBytes(Buffer.from(text))).toString()).toBe(hidden)
  })

  it('is masked in the names and values of JSON, however deep', () => {
    const hidden = JSON.stringify(
      echoes.hideInJson({ a: [{ [SECRET]: [SECRET, 1, null, true] }], b: 'well' }),
    )
    expect(hidden).toBe(JSON.stringify({ a: [{ [MASK]: [MASK, 1, null, true] }], b: 'well' }))
  })

  it('is found in any text and any secret', () => {
    const secret = fc
      .string({ unit: 'grapheme', minLength: 8, maxLength: 40 })
      .filter(text => text.isWellFormed())
    fc.assert(
      fc.property(secret, fc.string({ unit: 'binary' }), fc.string(), (key, before, after) => {
        const hidden = new Echoes([key]).hideInText(`${before}\n${key}\n${after}`)
        expect(hidden).toContain(MASK)
      }),
    )
  })

  it('leaves everything else as it is, to the byte', () => {
    const bytes = Uint8Array.from({ length: 512 }, (_, place) => place % 256)
    expect(echoes.hideInBytes(bytes)).toBe(bytes)
    const odd = 'half \ud800, \ufeff, \u0000'
    expect(echoes.hideInText(odd)).toBe(odd)
    expect(new Echoes([]).hideInText(SECRET)).toBe(SECRET)
  })

  it('a short one is masked where it stands alone, and leaves words whole', () => {
    const short = new Echoes(['test', 'abc'])
    expect(short.hideInText('"test" of the latest abc')).toBe(`"${MASK}" of the latest abc`)
  })
})
