/**
 * Where a request wants to go, from the text a script or a remote gave: one parser, one normal form, so that what
 * policy judged is what is connected to. Also the guard that says whether the addresses found may be used.
 */
import { isIP } from 'node:net'
import { networkInterfaces } from 'node:os'
import { FailureError, type Failure } from '../../../domain/failure.ts'
import { isLocalName, isLoopback, isMetadataName, reachOf, type Address } from './address.ts'

const MAX_URL = 16_384

export interface Target {
  url: URL
  /** As `Touches.hosts` writes it: lower case, with the port where it is not the scheme's own. */
  host: string
  /** Without brackets or a trailing dot. */
  hostname: string
  port: number
  /** The address itself, where the host is one. */
  literal: Address | null
}

/** An address and port that no request may reach, whoever names it. */
export interface RefusedPort {
  host: string
  port: number
}

/** What is wrong with the text of an address, or null: for input schemas. */
export function addressProblem(text: string): string | null {
  const read = readTarget(text)
  return typeof read === 'string' ? read : null
}

export function parseTarget(text: string): Target {
  const read = readTarget(text)
  if (typeof read !== 'string') return read
  throw new FailureError({
    kind: 'invalid-input',
    path: 'url',
    message: `The address ${read}. Nothing was sent.`,
    detail: { sent: 'no' },
  })
}

function readTarget(text: string): Target | string {
  if (text.length > MAX_URL) return `is longer than ${MAX_URL} characters`
  if (hasControlOrSpace(text)) return 'contains a space, a line break or a control character'
  if (!/^https?:\/\//i.test(text)) return 'does not begin with http:// or https://'
  if (!/^https?:\/\/[^/\\?#]/i.test(text)) return 'names no host'
  if (/^[^?#]*\\/.test(text)) return 'contains a backslash'
  if (/^https?:\/\/[^/?#]*@/i.test(text)) return 'contains a user name or password'
  const url = URL.parse(text)
  return url === null ? 'is not a valid address' : targetOf(url)
}

function targetOf(url: URL): Target | string {
  if (url.hostname.endsWith('.')) url.hostname = url.hostname.slice(0, -1)
  const hostname = url.hostname.replace(/^\[|\]$/g, '')
  const family = isIP(hostname)
  if (family === 0 && !/^([a-z0-9_-]+\.)*[a-z0-9_-]+$/.test(hostname))
    return 'has a host name that is not valid'
  if (url.port === '0') return 'names port 0'
  url.hash = ''
  const port = url.port === '' ? (url.protocol === 'https:' ? 443 : 80) : Number(url.port)
  const literal: Address | null = family === 0 ? null : { address: hostname, family: family === 4 ? 4 : 6 }
  return { url, host: url.host, hostname, port, literal }
}

function hasControlOrSpace(text: string): boolean {
  for (let place = 0; place < text.length; place++) {
    const unit = text.charCodeAt(place)
    if (unit <= 0x20 || (unit >= 0x7f && unit <= 0xa0) || unit === 0x2028 || unit === 0x2029) return true
  }
  return false
}

/**
 * Why these addresses may not be connected to, or null. `named`: the contract names exactly this host. Naming a
 * public name does not open this machine to it: whoever owns the name owns its answers.
 */
export function refusal(
  target: Target,
  addresses: readonly Address[],
  named: boolean,
  refusedPorts: readonly RefusedPort[],
): Failure | null {
  if (isMetadataName(target.hostname)) return refused(target, 'serves the credentials of a machine')
  for (const { address } of addresses) {
    if (isRefusedPort(target.port, address, refusedPorts))
      return refused(target, 'is where Steward itself listens')
    const why = refusedReach(target, address, named)
    if (why !== null) return refused(target, why)
  }
  return null
}

function refusedReach(target: Target, address: string, named: boolean): string | null {
  switch (reachOf(address)) {
    case 'public':
      return null
    case 'never':
      return `leads to ${address}, which no request may reach`
    case 'private':
      return named
        ? null
        : `leads to ${address}, in a private network, and the contract does not name this host`
    case 'loopback':
      if (!named) return `leads to ${address}, on this machine, and the contract does not name this host`
      return target.literal !== null || isLocalName(target.hostname)
        ? null
        : `is a public name that leads to ${address}, on this machine`
  }
}

function refused(target: Target, why: string): Failure {
  return {
    kind: 'not-permitted',
    clause: 'network',
    message: `${target.host} ${why}. Nothing was sent to it.`,
    detail: { sent: 'no', reason: 'refused-address', host: target.host },
  }
}

function isRefusedPort(port: number, address: string, refusedPorts: readonly RefusedPort[]): boolean {
  return refusedPorts.some(
    entry => entry.port === port && (entry.host === address || isLoopback(address) || isOwnAddress(address)),
  )
}

function isOwnAddress(address: string): boolean {
  return Object.values(networkInterfaces()).some(list => list?.some(entry => entry.address === address))
}
