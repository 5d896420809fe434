/**
 * Places: hosts, paths and recipients, and whether a pattern of a contract covers one. Text only, nothing is looked
 * up: names were resolved by the tool. What is not written in its one canonical form is covered by nothing, so an
 * odd spelling can never slip past a *Never* into a grant.
 */

const HOST = /^(?:[a-z0-9_-]+\.)*[a-z0-9_-]+(?::\d{1,5})?$|^\[[0-9a-f:.]+\](?::\d{1,5})?$/
const LONGEST_HOST = 261
const PORT = /:\d+$/

/** The host in lower case, or null where it is not a plain ASCII host name or address with an optional port. */
export function canonicalHost(text: string): string | null {
  const host = text.toLowerCase()
  return host.length <= LONGEST_HOST && HOST.test(host) ? host : null
}

/** Whether a grant covers a host: exactly, or as a subdomain of `*.…`; ports are exact. */
export function hostMatches(pattern: string, host: string): boolean {
  if (!pattern.startsWith('*.')) return pattern === host
  const ending = pattern.slice(1)
  return host.length > ending.length && host.endsWith(ending)
}

/** Whether a *Never* covers a host: as a grant would, and without a port in the pattern on every port. */
export function hostBarred(pattern: string, host: string): boolean {
  return hostMatches(pattern, host) || (!PORT.test(pattern) && hostMatches(pattern, host.replace(PORT, '')))
}

export interface PlacePath {
  style: 'posix' | 'windows'
  /** Without empty ones; a drive or a server is the first. Windows: in lower case, as its file systems compare. */
  segments: readonly string[]
}

const WINDOWS = /^[a-z]:[\\/]|^\\\\[^\\/?.]/i

/** The segments of an absolute, normalised path; null for anything else (`..`, `//`, devices, streams, relative). */
export function parsePath(text: string): PlacePath | null {
  if (text.includes('\0')) return null
  if (text.startsWith('/')) return placePath('posix', text.slice(1).split('/'), isPosixName)
  if (!WINDOWS.test(text)) return null
  if (!text.startsWith('\\\\')) {
    const [drive = '', ...names] = text.toLowerCase().split(/[\\/]/)
    const below = placePath('windows', names, isWindowsName)
    return below && { style: 'windows', segments: [drive, ...below.segments] }
  }
  const [server = '', ...shared] = text.toLowerCase().slice(2).split(/[\\/]/)
  const below = placePath('windows', shared, isWindowsName)
  return below && { style: 'windows', segments: [`\\\\${server}`, ...below.segments] }
}

function placePath(
  style: PlacePath['style'],
  names: readonly string[],
  isName: (name: string) => boolean,
): PlacePath | null {
  const segments = names.at(-1) === '' ? names.slice(0, -1) : names
  return segments.every(isName) ? { style, segments } : null
}

function isPosixName(name: string): boolean {
  return name !== '' && name !== '.' && name !== '..'
}

function isWindowsName(name: string): boolean {
  return isPosixName(name) && !/[<>:"|?*]/.test(name) && !name.endsWith('.') && !name.endsWith(' ')
}

/** Whether a path is the root or lies below it, by whole segments. */
export function pathWithin(root: string, path: string): boolean {
  const [above, below] = [parsePath(root), parsePath(path)]
  return above !== null && below !== null && holds(above, below)
}

/**
 * Whether a *Never* covers a path. Compared without case and accents' spelling, since many file systems do not tell
 * them apart; taking away a folder that holds the root is barred too.
 */
export function pathBarred(root: string, path: string, takesAway: boolean): boolean {
  const [barred, touched] = [parsePath(fold(root)), parsePath(fold(path))]
  if (barred === null || touched === null) return false
  return holds(barred, touched) || (takesAway && holds(touched, barred))
}

function holds(above: PlacePath, below: PlacePath): boolean {
  return above.style === below.style && above.segments.every((name, index) => below.segments[index] === name)
}

function fold(path: string): string {
  return path.normalize('NFC').toLowerCase()
}

const LOCAL_PART = /^[^\s,;:<>"()[\]\\@]+$/

/** Whether a clause covers a recipient: the exact address, or `@example.com` for every address of that domain. */
export function recipientMatches(pattern: string, recipient: string): boolean {
  const [wanted, given] = [pattern.toLowerCase(), recipient.toLowerCase()]
  if (wanted === given) return true
  if (!wanted.startsWith('@') || !given.endsWith(wanted)) return false
  return LOCAL_PART.test(given.slice(0, -wanted.length))
}

/** Whether a place of a flow (a host pattern, a root, an address or its domain) covers what was read or is touched. */
export function placeMatches(place: string, touched: string): boolean {
  if (parsePath(place) !== null) return pathWithin(place, touched)
  const address = touched.lastIndexOf('@')
  if (address === -1) return hostMatches(place, touched.toLowerCase())
  if (place.includes('@')) return recipientMatches(place, touched)
  const domain = touched.slice(address + 1).toLowerCase()
  return LOCAL_PART.test(touched.slice(0, address)) && hostMatches(place, domain)
}
