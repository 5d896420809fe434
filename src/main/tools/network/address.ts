/**
 * What an address is, for the guard in front of every request: where it leads (the internet, a private network,
 * this machine, nowhere a request may ever go), looking through every form that carries an IPv4 address inside.
 */
import { isIP } from 'node:net'
import ipaddr from 'ipaddr.js'

/**
 * public: the internet · private: a network of the user, or a form that only a translator or tunnel routes; needs
 * the contract to name the host · loopback: this machine; the same · never: no contract can name it.
 */
export type Reach = 'public' | 'private' | 'loopback' | 'never'

export interface Address {
  address: string
  family: 4 | 6
}

const ORDER: readonly Reach[] = ['public', 'private', 'loopback', 'never']

/** Services that hand out a machine's credentials. The link-local range holds most of them, not all. */
const METADATA_ADDRESSES = new Set([
  '169.254.169.254',
  '169.254.170.2',
  '169.254.170.23',
  '100.100.100.200',
  '168.63.129.16',
  '192.0.0.192',
  'fd00:ec2::254',
  'fd00:ec2::23',
  'fd20:ce::254',
])

const METADATA_NAMES = new Set([
  'metadata',
  'metadata.google.internal',
  'metadata.goog',
  'metadata.tencentyun.com',
  'metadata.packet.net',
  'metadata.platformequinix.com',
  'instance-data',
  'instance-data.ec2.internal',
])

/** Endings that public DNS never answers for: only such names, and names without a dot, may lead to this machine. */
const LOCAL_ENDINGS = ['.localhost', '.local', '.internal', '.home.arpa', '.lan', '.test', '.example']

export function isMetadataName(hostname: string): boolean {
  return METADATA_NAMES.has(hostname)
}

export function isLocalName(hostname: string): boolean {
  return !hostname.includes('.') || LOCAL_ENDINGS.some(ending => hostname.endsWith(ending))
}

export function isLoopback(address: string): boolean {
  return reachOf(address) === 'loopback'
}

/** Where a literal address leads. Text that is no address, or names a zone, leads nowhere. */
export function reachOf(address: string): Reach {
  if (isIP(address) === 0 || address.includes('%')) return 'never'
  const parsed = ipaddr.parse(address)
  if (METADATA_ADDRESSES.has(parsed.toString())) return 'never'
  return parsed instanceof ipaddr.IPv4 ? reachOfV4(parsed) : reachOfV6(parsed)
}

const V4_REACH: Readonly<Record<string, Reach>> = {
  unicast: 'public',
  as112: 'public',
  private: 'private',
  carrierGradeNat: 'private',
  linkLocal: 'private',
  loopback: 'loopback',
}

/** 198.18.0.0/15, set aside for benchmarks, is what some local proxies answer for every name. */
const BENCHMARKING = ipaddr.IPv4.parse('198.18.0.0')

function reachOfV4(address: ipaddr.IPv4): Reach {
  if (address.match(BENCHMARKING, 15)) return 'private'
  return V4_REACH[address.range()] ?? 'never'
}

const GLOBAL_UNICAST = ipaddr.IPv6.parse('2000::')
const LOCAL_TRANSLATION = ipaddr.IPv6.parse('64:ff9b:1::')
const V4_COMPATIBLE = ipaddr.IPv6.parse('::')

function reachOfV6(address: ipaddr.IPv6): Reach {
  const range: string = address.range()
  if (range === 'loopback') return 'loopback'
  if (range === 'uniqueLocal' || range === 'deprecatedSiteLocal') return 'private'
  if (range === 'unspecified') return 'never'
  const inside = embedded(address, range)
  if (inside.length > 0) return worst(['private', ...inside.map(reachOf)])
  return range === 'unicast' && address.match(GLOBAL_UNICAST, 3) ? 'public' : 'never'
}

/** The IPv4 addresses a translator or tunnel could send this one to; local translators place theirs differently. */
function embedded(address: ipaddr.IPv6, range: string): string[] {
  const bytes = address.toByteArray()
  const last = bytes.slice(12)
  if (range === 'ipv4Mapped' || range === 'rfc6145' || address.match(V4_COMPATIBLE, 96)) return [dotted(last)]
  if (address.match(LOCAL_TRANSLATION, 48))
    return [dotted(last), dotted([...bytes.slice(6, 8), ...bytes.slice(9, 11)])]
  if (range === 'rfc6052') return [dotted(last)]
  if (range === '6to4') return [dotted(bytes.slice(2, 6))]
  if (range === 'teredo') return [dotted(bytes.slice(4, 8)), dotted(last.map(byte => byte ^ 255))]
  return []
}

function dotted(bytes: readonly number[]): string {
  return bytes.join('.')
}

function worst(reaches: readonly Reach[]): Reach {
  return reaches.reduce((a, b) => (ORDER.indexOf(a) >= ORDER.indexOf(b) ? a : b))
}
