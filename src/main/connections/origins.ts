/**
 * Where a credential may go, as it is written down: an origin, with the scheme. A bare host name means https. Without
 * encryption a credential goes only to this machine and to private networks, and only where the user wrote `http://`.
 */
import { isIP } from 'node:net'
import { fail } from '../../domain/failure.ts'

export function originOf(text: string): string {
  const written = text.trim()
  const address = /^[a-z][a-z0-9+.-]*:\/\//i.test(written) ? written : `https://${written}`
  const url = URL.parse(address)
  const problem = url === null ? 'is not a host or an address' : problemOf(url)
  if (url === null || problem !== null) {
    return fail({
      kind: 'invalid-input',
      path: 'hosts',
      message: `“${written.slice(0, 200)}” ${problem ?? ''}. Nothing was changed. Write a host such as api.example.com.`,
    })
  }
  return url.origin
}

function problemOf(url: URL): string | null {
  if (url.protocol !== 'https:' && url.protocol !== 'http:') return 'is neither https nor http'
  if (url.username !== '' || url.password !== '') return 'contains a user name or password'
  if (url.hostname.includes('*')) return 'is a pattern, and a credential goes to exact hosts only'
  if (url.protocol === 'http:' && !isNear(url.hostname))
    return 'is not encrypted, and a credential would be seen on the way; use https'
  return null
}

/** This machine or a private network, by its name or number alone. */
function isNear(hostname: string): boolean {
  const host = hostname.replace(/^\[|\]$/g, '')
  if (host === 'localhost' || /\.(localhost|local|internal|lan|home\.arpa)$/.test(host)) return true
  if (isIP(host) === 4) return /^(127|10|192\.168|172\.(1[6-9]|2\d|3[01]))\./.test(host)
  if (isIP(host) === 6) return host === '::1' || /^f[cd]/.test(host)
  return !host.includes('.')
}
