import { describe, expect, it } from 'vitest'
import { maskJson, maskRecord, maskText, maskUrl } from './redact.ts'

const KEY = 'sk_live_51H8abcDEF0123456789xyz'

describe('masking', () => {
  it('hides values by their name and by their form, and nothing else', () => {
    expect(maskRecord({ 'x-api-key': 'short', 'x-trace': KEY, accept: 'text/html', page: 2 })).toEqual({
      'x-api-key': '•••',
      'x-trace': '•••',
      accept: 'text/html',
      page: '2',
    })
    expect(maskText(`error for ${KEY}, retry`)).toBe('error for •••, retry')
    expect(maskText('incomprehensibilities-and-hyphenations')).toBe('incomprehensibilities-and-hyphenations')
  })

  it('reaches into addresses and JSON', () => {
    expect(maskUrl(`https://example.com/a/${KEY}?q=cats&token=abc&n=1#frag`)).toBe(
      'https://example.com/a/•••?q=cats&token=•••&n=1',
    )
    expect(maskJson({ password: { a: 1 }, list: [KEY, 'fine', 3, null] })).toEqual({
      password: '•••',
      list: ['•••', 'fine', 3, null],
    })
    expect(maskUrl('not an address')).toBe('•••')
  })
})
