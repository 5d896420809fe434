import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { decodeBody, textOf } from './body.ts'

const plain = Buffer.from('Grüße, '.repeat(50))

describe('decoding a body', () => {
  it.each<[string, Buffer]>([
    ['gzip', gzipSync(plain)],
    ['X-GZIP', gzipSync(plain)],
    ['deflate', deflateSync(plain)],
    ['deflate', deflateRawSync(plain)],
    ['br', brotliCompressSync(plain)],
    ['identity', plain],
    ['', plain],
  ])('reads %s', async (coding, body) => {
    const decoded = await decodeBody(body, coding, plain.byteLength)
    expect(decoded.is === 'decoded' && Buffer.from(decoded.body).equals(plain)).toBe(true)
  })

  it.each<[string, Buffer]>([
    ['gzip', gzipSync(Buffer.alloc(50_000_000))],
    ['deflate', deflateSync(Buffer.alloc(50_000_000))],
    ['br', brotliCompressSync(Buffer.alloc(5_000_000))],
  ])('stops a bomb of %s at the cap', async (coding, body) => {
    expect(await decodeBody(body, coding, 10_000)).toEqual({ is: 'too-large' })
  })

  it('says so when it cannot', async () => {
    const cut = gzipSync(plain).subarray(0, -9)
    const results = [
      await decodeBody(cut, 'gzip', 10_000),
      await decodeBody(plain, 'gzip', 10_000),
      await decodeBody(plain, 'gzip, br', 10_000),
      await decodeBody(plain, 'constructor', 10_000),
    ]
    expect(results.map(result => result.is)).toEqual(['unreadable', 'unreadable', 'unreadable', 'unreadable'])
  })
})

describe('text', () => {
  it('follows the charset of the content type, else UTF-8', () => {
    const latin = Buffer.from([0x47, 0x72, 0xfc, 0xdf, 0x65])
    expect(textOf(latin, 'text/plain; charset=ISO-8859-1')).toBe('Grüße')
    expect(textOf(latin, 'text/plain; charset="windows-1252"')).toBe('Grüße')
    expect(textOf(Buffer.from('Grüße'), 'text/plain; charset=no-such-thing')).toBe('Grüße')
    expect(textOf(Buffer.from('Grüße'), undefined)).toBe('Grüße')
  })
})
