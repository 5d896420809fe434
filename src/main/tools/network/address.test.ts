import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isLocalName, isMetadataName, reachOf, type Reach } from './address.ts'

const STRICTNESS: readonly Reach[] = ['public', 'private', 'loopback', 'never']

describe('where an address leads', () => {
  it.each<[Reach, string[]]>([
    ['public', ['8.8.8.8', '1.1.1.1', '172.32.0.1', '2606:4700:4700::1111', '2a00:1450::1']],
    [
      'private',
      [
        '10.0.0.1',
        '172.16.0.1',
        '172.31.255.255',
        '192.168.1.1',
        '100.64.0.1',
        '100.127.255.254',
        '169.254.1.1',
      ],
    ],
    ['private', ['198.18.0.1', '198.19.255.255', 'fc00::1', 'fd12:3456::1', 'fec0::1']],
    [
      'private',
      ['::ffff:8.8.8.8', '64:ff9b::8.8.8.8', '2002:808:808::1', '::ffff:10.0.0.1', '64:ff9b::a00:1'],
    ],
    [
      'loopback',
      ['127.0.0.1', '127.255.255.254', '::1', '::ffff:127.0.0.1', '::127.0.0.1', '::ffff:0:127.0.0.1'],
    ],
    ['loopback', ['64:ff9b::127.0.0.1', '2002:7f00:1::', '2001:0:4136:e378:8000:63bf:80ff:fffe']],
    [
      'never',
      [
        '0.0.0.0',
        '0.1.2.3',
        '255.255.255.255',
        '224.0.0.1',
        '239.1.1.1',
        '240.0.0.1',
        '192.0.2.1',
        '203.0.113.9',
      ],
    ],
    [
      'never',
      ['::', 'ff02::1', 'fe80::1', '2001:db8::1', '100::1', '3fff::1', '4000::1', '64:ff9b:1::7f00:1'],
    ],
    ['never', ['169.254.169.254', '169.254.170.2', '100.100.100.200', '168.63.129.16', 'fd00:ec2::254']],
    [
      'never',
      ['::ffff:169.254.169.254', '64:ff9b::169.254.169.254', '2002:a9fe:a9fe::1', '64:ff9b:1:a9fe:a9:fe00::'],
    ],
    ['never', ['fe80::1%eth0', '::1%lo', '', 'example.com', '127.1', '0x7f000001', '1.2.3.4.5', '999.1.1.1']],
  ])('is %s for %j', (reach, addresses) => {
    expect(addresses.map(address => [address, reachOf(address)])).toEqual(
      addresses.map(address => [address, reach]),
    )
  })

  it('is never milder for an IPv4 address inside an IPv6 one than for the address itself', () => {
    const octet = fc.integer({ min: 0, max: 255 })
    const hex = (a: number, b: number): string => (a * 256 + b).toString(16)
    fc.assert(
      fc.property(octet, octet, octet, octet, (a, b, c, d) => {
        const plain = STRICTNESS.indexOf(reachOf(`${a}.${b}.${c}.${d}`))
        const [high, low] = [hex(a, b), hex(c, d)]
        const [flippedHigh, flippedLow] = [hex(255 - a, 255 - b), hex(255 - c, 255 - d)]
        const forms = [
          `::ffff:${high}:${low}`,
          `::ffff:0:${high}:${low}`,
          `64:ff9b::${high}:${low}`,
          `64:ff9b:1::${high}:${low}`,
          `2002:${high}:${low}::1`,
          `2001:0:808:808:0:0:${flippedHigh}:${flippedLow}`,
        ]
        for (const form of forms) {
          expect(STRICTNESS.indexOf(reachOf(form)), form).toBeGreaterThanOrEqual(Math.max(plain, 1))
        }
      }),
    )
  })
})

describe('names', () => {
  it('knows those that hand out credentials', () => {
    expect(isMetadataName('metadata.google.internal')).toBe(true)
    expect(isMetadataName('metadata.example.com')).toBe(false)
  })

  it('tells names that public DNS never answers for from those it does', () => {
    const local = [
      'localhost',
      'printer',
      'nas.local',
      'a.localhost',
      'box.home.arpa',
      'db.internal',
      'app.test',
    ]
    const open = ['example.com', 'localhost.example.com', 'local.dev', 'internal.io']
    expect(local.filter(name => !isLocalName(name))).toEqual([])
    expect(open.filter(isLocalName)).toEqual([])
  })
})
