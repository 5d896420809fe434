/**
 * What may be looked at while nothing is confirmed yet (S6, P3): what the person named in their own words, what an
 * earlier confirmed contract reads, and what they said yes to. Everything else is asked first. What a model writes, or
 * what a page says, adds nothing here.
 */
import type { Contract } from '../../domain/contract.ts'
import { hostMatches, parsePath, pathWithin } from '../../domain/places.ts'
import type { Looks } from './draft.ts'

const HOST =
  /(?<![\w@.-])(https?:\/\/)?((?:[a-z0-9-]+\.)+[a-z]{2,}(?::\d{1,5})?|localhost(?::\d{1,5})?|(?:\d{1,3}\.){3}\d{1,3}(?::\d{1,5})?|\[[0-9a-f:]+\](?::\d{1,5})?)(?=[/\s.,;:!?)"'“”»]|$)/gi
const PATH = /(?:^|[\s"'“„«(])(~?(?:\/[^\s"'“”„«»()]+)+|[A-Za-z]:\\[^\s"'“”„«»()]+)(?=[\s"'”“»)]|$)/g
const ADDRESS = /(?<![\w.+-])([\w.+-]*@(?:[a-z0-9-]+\.)+[a-z]{2,})/gi
/** How names of files end: no host, unless it is written as an address. */
const FILES =
  /\.(md|txt|pdf|csv|tsv|json|ya?ml|xml|html?|js|ts|py|sh|log|zip|gz|tar|png|jpe?g|gif|webp|svg|heic|docx?|xlsx?|pptx?|odt|ics|eml|mp3|mp4|mov|wav|db)$/i

export const NO_PLACES: Looks = { hosts: [], paths: [], accounts: [] }

/** Places that are written out: hosts as in addresses, folders as absolute paths or below `~`. */
export function placesIn(text: string, home: string): Looks {
  const hosts = [...text.matchAll(HOST)].flatMap(([, scheme, host = '']) =>
    scheme === undefined && FILES.test(host) ? [] : host.toLowerCase(),
  )
  const paths = [...text.matchAll(PATH)].flatMap(([, path]) => {
    if (path === undefined) return []
    const full = path.startsWith('~') ? `${home}${path.slice(1)}` : path
    return full.replace(/[.,;:!?]+$/, '').replace(/(.)[\\/]+$/, '$1')
  })
  return { hosts: unique(hosts), paths: unique(paths.filter(path => parsePath(path) !== null)), accounts: [] }
}

/** Mail addresses that are written out, and domains as `@example.com`. */
export function addressesIn(text: string): string[] {
  return unique([...text.matchAll(ADDRESS)].map(([, address = '']) => address.toLowerCase()))
}

/** What playing a script under a contract touches: what it reads, and the places where its changes would look. */
export function wantedBy(contract: Contract): Looks {
  const { changes } = contract
  const read = readBy(contract)
  return {
    hosts: unique([...read.hosts, ...changes.flatMap(({ hosts = [] }) => hosts)]),
    paths: unique([...read.paths, ...changes.flatMap(({ paths = [] }) => paths)]),
    accounts: unique([...read.accounts, ...changes.flatMap(({ accounts = [] }) => accounts)]),
  }
}

/** What a contract reads and watches. */
export function readBy({ reads, when }: Contract): Looks {
  const watched = when.flatMap(trigger => ('url' in trigger ? (URL.parse(trigger.url)?.host ?? []) : []))
  const folders = when.flatMap(trigger => ('folder' in trigger ? trigger.folder : []))
  return {
    hosts: unique([...reads.hosts, ...watched]),
    paths: unique([...reads.paths, ...folders]),
    accounts: reads.accounts,
  }
}

/** What of it nobody has allowed. */
export function missingLooks(wanted: Looks, allowed: Looks): Looks {
  return {
    hosts: wanted.hosts.filter(host => !allowed.hosts.some(known => coversHost(known, host))),
    paths: wanted.paths.filter(path => !allowed.paths.some(known => pathWithin(known, path))),
    accounts: wanted.accounts.filter(account => !allowed.accounts.includes(account)),
  }
}

export function isNothing({ hosts, paths, accounts }: Looks): boolean {
  return hosts.length + paths.length + accounts.length === 0
}

export function withLooks(looks: Looks, more: Looks): Looks {
  return {
    hosts: unique([...looks.hosts, ...more.hosts]),
    paths: unique([...looks.paths, ...more.paths]),
    accounts: unique([...looks.accounts, ...more.accounts]),
  }
}

/** `www.` before a name that was given is the same site; every subdomain is more than one of them. */
export function coversHost(known: string, wanted: string): boolean {
  if (known === wanted) return true
  if (wanted.startsWith('*.')) return false
  return hostMatches(known, wanted) || wanted === `www.${known}` || known === `www.${wanted}`
}

function unique(texts: readonly string[]): string[] {
  return [...new Set(texts)]
}
