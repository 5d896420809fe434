import { describe, expect, it } from 'vitest'
import { maskForOthers, maskKeys, maskNamed, maskRecord, maskText, maskUrl } from './redact.ts'

const KEY = 'sk_live_51H8abcDEF0123456789xyz'

/** What owners are told of: each is longer than 24 characters and has digits among its letters. */
const ADDRESSES = [
  'https://www.heise.de/tests/Apple-MacBook-Pro-14-mit-M5-im-Test-10787654.html',
  'https://www.tagesschau.de/inland/bundestag-haushalt-2026-100.html',
  'https://www.bbc.com/news/articles/c0jd5wvx9kzo',
  'https://www.theverge.com/2026/11/21/24112345/apple-m5-macbook-pro-review',
  'https://medium.com/@x/10-tips-for-better-sleep-9f8e7d6c5b4a',
  'https://youtu.be/dQw4w9WgXcQ',
]

describe('masking', () => {
  it('hides values of a request by their name and by their form, and nothing else', () => {
    expect(
      maskRecord({
        'x-api-key': 'short',
        'x-trace': KEY,
        accept: 'text/html',
        page: 2,
        key: 'k',
        author: 'me',
      }),
    ).toEqual({
      'x-api-key': '•••',
      'x-trace': '•••',
      accept: 'text/html',
      page: '2',
      key: '•••',
      author: 'me',
    })
    expect(maskText(`error for ${KEY}, retry`)).toBe('error for •••, retry')
    expect(maskText('0123456789abcdef0123456789abcdef')).toBe('•••')
    expect(maskText('incomprehensibilities-and-hyphenations')).toBe('incomprehensibilities-and-hyphenations')
  })

  it.each(ADDRESSES)('leaves a title in an address as it is: %s', address => {
    expect(maskText(address)).toBe(address)
    expect(maskKeys(address)).toBe(address)
    expect(maskUrl(address)).toBe(address)
  })

  it('leaves ids and hashes in a path, and no key', () => {
    const commit = '/o/r/commit/9f1c2e3d4b5a69788796a5b4c3d2e1f001122334'
    expect(maskKeys(commit)).toBe(commit)
    expect(maskKeys(`/services/T0/${KEY}`)).toBe('/services/T0/•••')
  })

  it('reaches into addresses', () => {
    expect(maskUrl(`https://example.com/a/${KEY}?q=cats&token=abc&n=1#frag`)).toBe(
      'https://example.com/a/•••?q=cats&token=•••&n=1',
    )
    expect(maskUrl('not an address')).toBe('•••')
  })

  it('hides what is named as a secret, however it is written and nested', () => {
    const named = ['password', 'api_key', 'API-Key', 'apiKey', 'accessToken', 'clientSecret', 'Authorization']
    for (const name of [...named, 'set-cookie', 'x-auth-token', 'dbPassword', 'credentials', 'session_id'])
      expect(maskNamed({ list: [{ [name]: { a: 1 } }] }), name).toEqual({ list: [{ [name]: '•••' }] })
  })

  it('hides keys in what goes to others, and no link', () => {
    const [link = ''] = ADDRESSES
    expect(maskForOthers({ token: 1, list: [`a ${KEY}`, link, 3, null] })).toEqual({
      token: '•••',
      list: ['a •••', link, 3, null],
    })
  })

  it('leaves what only begins like one', () => {
    const plain = { author: 'A', authors: ['B'], key: 'item', tokens: 12, session: 'Talk', secretary: 'C' }
    expect(maskNamed({ ...plain, pin: 'x', list: [KEY, 3, null] })).toEqual({
      ...plain,
      pin: 'x',
      list: [KEY, 3, null],
    })
  })
})
