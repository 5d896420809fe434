import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  canonicalHost,
  hostBarred,
  hostMatches,
  parsePath,
  pathBarred,
  pathWithin,
  placeMatches,
  recipientMatches,
} from './places.ts'

describe('hosts', () => {
  it.each([
    ['example.com', 'example.com', true],
    ['example.com', 'www.example.com', false],
    ['*.example.com', 'a.b.example.com', true],
    ['*.example.com', 'example.com', false],
    ['*.example.com', 'evilexample.com', false],
    ['*.example.com', '.example.com', false],
    ['example.com', 'example.com:8443', false],
    ['*.example.com', 'a.example.com:8443', false],
    ['*.example.com:8443', 'a.example.com:8443', true],
    ['127.0.0.1:8080', '127.0.0.1:8080', true],
    ['127.0.0.1:8080', '127.0.0.1:80', false],
    ['[::1]:8080', '[::1]:8080', true],
    ['[::1]', '[::1]:8080', false],
  ])('P2 the grant %s and the host %s: %s', (pattern, host, expected) => {
    expect(canonicalHost(host) !== null && hostMatches(pattern, host)).toBe(expected)
  })

  it.each([
    'example.com.',
    'exämple.com',
    'ｅxample.com',
    'a b.com',
    'user@example.com',
    'example.com/path',
    'example.com:8080:9090',
    '',
    '[::1%eth0]',
    'a..b',
    `${'a'.repeat(300)}.com`,
  ])('P2 the spelling “%s” is no host, so no grant covers it', host => {
    expect(canonicalHost(host)).toBeNull()
  })

  it('P2 upper case is read as lower case', () => {
    expect(canonicalHost('API.Example.COM:8080')).toBe('api.example.com:8080')
  })

  it('P2 Never covers every port unless it names one', () => {
    expect(hostBarred('evil.com', 'evil.com:8443')).toBe(true)
    expect(hostBarred('*.evil.com', 'a.evil.com:8443')).toBe(true)
    expect(hostBarred('evil.com:8443', 'evil.com')).toBe(false)
    expect(hostBarred('[::1]', '[::1]:9000')).toBe(true)
  })
})

const name = fc.stringMatching(/^[a-z0-9][a-zA-Z0-9 _.-]{0,6}[a-z0-9]$/)
const names = fc.array(name, { minLength: 1, maxLength: 5 })

describe('paths', () => {
  it.each(['relative/a', '', '~/a', '/a/../b', '/a/./b', '/a//b', '//a', '/a\0b', 'C:a', 'file:///a'])(
    'P2 “%s” is no absolute path in one form',
    path => {
      expect(parsePath(path)).toBeNull()
      expect(pathWithin('/', path)).toBe(false)
    },
  )

  it.each([
    'C:\\a\\..\\b',
    'C:\\a.',
    'C:\\a ',
    'C:\\a:stream',
    'C:\\a\\\\b',
    '\\\\?\\C:\\a',
    '\\\\.\\pipe\\a',
    'C:\\a<b',
  ])('P2 the Windows spelling “%s” is refused', path => {
    expect(parsePath(path)).toBeNull()
  })

  it('P2 a root holds itself and what is below it, by whole segments', () => {
    fc.assert(
      fc.property(names, names, name, (above, below, extra) => {
        const root = `/${above.join('/')}`
        expect(pathWithin(root, root)).toBe(true)
        expect(pathWithin(`${root}/`, root)).toBe(true)
        expect(pathWithin(root, `${root}/${below.join('/')}`)).toBe(true)
        expect(pathWithin('/', root)).toBe(true)
        expect(pathWithin(root, `${root}${extra}`)).toBe(false)
        expect(pathWithin(root, `${root}${extra}/${below.join('/')}`)).toBe(false)
        expect(pathWithin(`${root}/${extra}`, root)).toBe(false)
      }),
    )
  })

  it('P2 containment agrees with a comparison of segment lists', () => {
    const short = fc.array(fc.constantFrom('a', 'b', 'ab', 'A'), { maxLength: 4 })
    fc.assert(
      fc.property(short, short, fc.boolean(), (above, below, windows) => {
        const path = (parts: string[]) => (windows ? `C:\\${parts.join('\\')}` : `/${parts.join('/')}`)
        const same = (part: string) => (windows ? part.toLowerCase() : part)
        const expected = below.slice(0, above.length).map(same).join('/') === above.map(same).join('/')
        expect(pathWithin(path(above), path(below))).toBe(expected)
      }),
    )
  })

  it('P2 Windows paths are held without regard to case or kind of slash, and never by a posix root', () => {
    expect(pathWithin('C:\\Users\\Ada', 'c:/users/ada/Notes.txt')).toBe(true)
    expect(pathWithin('\\\\nas\\share', '\\\\NAS\\share\\a')).toBe(true)
    expect(pathWithin('\\\\nas\\share', '\\\\nas\\shared')).toBe(false)
    expect(pathWithin('D:\\', 'C:\\a')).toBe(false)
    expect(pathWithin('/', 'C:\\a')).toBe(false)
    expect(pathWithin('/home', '/home\\..\\etc')).toBe(false)
  })

  it('P2 Never covers other cases and spellings of accents, and what holds the place when it is taken away', () => {
    expect(pathBarred('/data/Secret', '/data/secret/a', false)).toBe(true)
    expect(pathBarred('/data/caf\u00e9', '/data/cafe\u0301/a', false)).toBe(true)
    expect(pathBarred('/data/secret', '/data', true)).toBe(true)
    expect(pathBarred('/data/secret', '/data', false)).toBe(false)
    expect(pathBarred('/data/secret', '/data/secrets', true)).toBe(false)
  })
})

describe('recipients and flows', () => {
  it.each([
    ['ada@example.com', 'Ada@Example.com', true],
    ['@example.com', 'ada@example.com', true],
    ['@example.com', 'ada@sub.example.com', false],
    ['@example.com', '@example.com.evil.com', false],
    ['@example.com', 'x@evil.com,ada@example.com', false],
    ['@example.com', '"x@evil.com" <ada@example.com', false],
    ['@example.com', 'a\nb@example.com', false],
    ['ada@example.com', 'ada@example.com, x@evil.com', false],
  ])('P2 the clause %s and the recipient %s: %s', (pattern, recipient, expected) => {
    expect(recipientMatches(pattern, recipient)).toBe(expected)
  })

  it('P2 a place of a flow is a host, a root, an address, or the domain of one', () => {
    expect(placeMatches('*.example.com', 'a.example.com')).toBe(true)
    expect(placeMatches('/data', '/data/a')).toBe(true)
    expect(placeMatches('/data', 'data.com')).toBe(false)
    expect(placeMatches('example.com', 'ada@example.com')).toBe(true)
    expect(placeMatches('example.com', 'ada@evil.com')).toBe(false)
    expect(placeMatches('example.com', 'x@evil.com,ada@example.com')).toBe(false)
    expect(placeMatches('ada@example.com', 'ada@example.com')).toBe(true)
  })
})
