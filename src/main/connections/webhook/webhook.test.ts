import { describe, expect, it } from 'vitest'
import { isSignedWith } from './webhook.ts'

const bytes = (text: string) => new TextEncoder().encode(text)

describe('a signature', () => {
  it('is right as RFC 4231 and RFC 2202 have it (test case 2)', () => {
    const body = bytes('what do ya want for nothing?')
    const known = {
      sha256: '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843',
      sha1: 'effcdf6ae5eb2fa2d27416d5f184df9c259a7c79',
    } as const
    expect(isSignedWith('Jefe', 'sha256', body, known.sha256)).toBe(true)
    expect(isSignedWith('Jefe', 'sha256', body, known.sha256.toUpperCase())).toBe(true)
    expect(isSignedWith('Jefe', 'sha1', body, known.sha1)).toBe(true)
    expect(isSignedWith('Jefe', 'sha1', body, known.sha256)).toBe(false)
    expect(isSignedWith('jefe', 'sha256', body, known.sha256)).toBe(false)
    expect(isSignedWith('Jefe', 'sha256', bytes('what do ya want for nothing!'), known.sha256)).toBe(false)
  })

  it.each([
    '',
    '00',
    'zz',
    'not hexadecimal',
    `sha256=${'0'.repeat(64)}`,
    '0'.repeat(64),
    '0'.repeat(100_000),
  ])('is wrong as %#', signature => {
    expect(isSignedWith('secret', 'sha256', bytes('body'), signature)).toBe(false)
  })
})
