import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { failureOf } from '../../../domain/failure.ts'
import type { Address } from './address.ts'
import { addressProblem, parseTarget, refusal } from './target.ts'

const v4 = (address: string): Address => ({ address, family: 4 })

describe('reading an address', () => {
  it('names the host as contracts do: lower case, the port only where it is not the usual one', () => {
    const hosts = [
      'https://Example.COM/a',
      'https://example.com:443/',
      'http://example.com:443/',
      'http://[::1]:80/x',
    ]
    expect(hosts.map(url => parseTarget(url).host)).toEqual([
      'example.com',
      'example.com',
      'example.com:443',
      '[::1]',
    ])
  })

  it('drops the fragment and one trailing dot', () => {
    expect(parseTarget('https://example.com./a#secret').url.href).toBe('https://example.com/a')
  })

  it.each([
    ['ftp://example.com/'],
    ['file:///etc/passwd'],
    ['javascript:alert(1)'],
    ['//example.com'],
    ['http:example.com'],
    ['http:///example.com'],
    ['http:\\\\example.com'],
    ['http://example.com\\@evil.com/'],
    ['http://user@example.com/'],
    ['http://user:pass@example.com/'],
    ['http://@example.com/'],
    ['http://example.com:0/'],
    ['http://example.com:99999/'],
    ['http://example.com../'],
    ['http://a..b/'],
    ['http://./'],
    ['http://[fe80::1%25eth0]/'],
    ['http://[fe80::1%eth0]/'],
    ['http://256.256.256.256/'],
    ['http://exa mple.com/'],
    ['http://example.com/\r\nHost: evil'],
    ['http://example.com/\tx'],
    [`http://example.com/${'a'.repeat(20_000)}`],
    [''],
  ])('refuses %j', url => {
    expect(addressProblem(url)).not.toBeNull()
    expect(() => parseTarget(url)).toThrow(/Nothing was sent/)
  })

  it('reads its own normal form as the same address', () => {
    fc.assert(
      fc.property(fc.webUrl({ withQueryParameters: true, withFragments: true }), url => {
        if (addressProblem(url) !== null) return
        const once = parseTarget(url)
        const twice = parseTarget(once.url.href)
        expect([twice.url.href, twice.host]).toEqual([once.url.href, once.host])
      }),
      { numRuns: 40 },
    )
  })
})

describe('what may be connected to', () => {
  const named = true
  const check = (
    url: string,
    addresses: string[],
    isNamed: boolean,
    ports: { host: string; port: number }[] = [],
  ) => refusal(parseTarget(url), addresses.map(v4), isNamed, ports)?.message ?? null

  it('lets public addresses pass, named or not', () => {
    expect(check('https://example.com/', ['93.184.215.14'], false)).toBeNull()
  })

  it('lets private ones pass only where the contract names the host', () => {
    expect(check('https://git.company.com/', ['10.1.2.3'], false)).toContain('in a private network')
    expect(check('https://git.company.com/', ['10.1.2.3'], named)).toBeNull()
  })

  it('refuses when one of several addresses is refused', () => {
    expect(check('https://example.com/', ['93.184.215.14', '192.168.0.1'], false)).toContain('192.168.0.1')
  })

  it('lets a public name never lead to this machine, even when it is named', () => {
    expect(check('https://example.com/', ['127.0.0.1'], named)).toContain('public name')
    expect(check('http://localhost/', ['127.0.0.1'], named)).toBeNull()
    expect(check('http://localhost/', ['127.0.0.1'], false)).toContain('on this machine')
  })

  it('never lets metadata, unspecified and multicast addresses pass', () => {
    for (const address of ['169.254.169.254', '0.0.0.0', '224.0.0.1']) {
      expect(check('http://printer.local/', [address], named)).toContain('which no request may reach')
    }
    expect(check('http://metadata.google.internal/', ['10.0.0.1'], named)).toContain('credentials')
  })

  it('says that nothing was sent', () => {
    const failure = refusal(parseTarget('http://10.0.0.1/'), [v4('10.0.0.1')], false, [])
    expect(failure).toMatchObject({ kind: 'not-permitted', clause: 'network', detail: { sent: 'no' } })
  })

  it('never lets Steward reach its own port by any address of this machine', () => {
    const ports = [{ host: '127.0.0.1', port: 4848 }]
    for (const [url, address] of [
      ['http://127.0.0.1:4848/', '127.0.0.1'],
      ['http://127.9.9.9:4848/', '127.9.9.9'],
      ['http://localhost:4848/', '127.0.0.1'],
    ] as const) {
      expect(check(url, [address], named, ports)).toContain('Steward itself')
    }
    expect(check('http://127.0.0.1:4849/', ['127.0.0.1'], named, ports)).toBeNull()
  })

  it('makes an invalid address a failure of its input', () => {
    try {
      parseTarget('ftp://x/')
      expect.unreachable()
    } catch (error) {
      expect(failureOf(error)).toMatchObject({ kind: 'invalid-input', path: 'url', detail: { sent: 'no' } })
    }
  })
})
