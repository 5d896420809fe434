/** What a contract covers: whether its *Never*, *Reads* and *Changes* speak of the places a call touches (P2). */
import type { ChangeClause, Contract } from './contract.ts'
import {
  canonicalHost,
  hostBarred,
  hostMatches,
  parsePath,
  pathBarred,
  pathWithin,
  recipientMatches,
} from './places.ts'
import type { Touches } from './tool.ts'

const NOTHING: readonly string[] = []

/** What *Never* forbids about a call, and the clause that does. */
export function neverTouched(
  { never }: Contract,
  call: { tool: string; module: string; touches: Touches },
): { clause: string; what: string } | null {
  const { hosts = [], paths = [], recipients = [] } = call.touches
  if (never.tools.includes(call.tool) || never.tools.includes(call.module)) {
    return { clause: 'never.tools', what: call.tool }
  }
  const host = hosts.find(touched => never.hosts.some(barred => hostBarred(barred, touched.toLowerCase())))
  if (host !== undefined) return { clause: 'never.hosts', what: host }
  const place = paths.find(({ path, access }) => {
    return never.paths.some(barred => pathBarred(barred, path, access !== 'read'))
  })
  if (place !== undefined) return { clause: 'never.paths', what: place.path }
  const recipient = recipients.find(to => never.recipients.some(barred => recipientMatches(barred, to)))
  return recipient === undefined ? null : { clause: 'never.recipients', what: recipient }
}

type ReadAnswer = { ok: true; clause: string } | { ok: false; clause: string; what: string }

/** Whether all that a read touches is under *Reads*, or under a clause of *Changes*: what may be changed may be seen. */
export function mayRead(contract: Contract, touches: Touches): ReadAnswer {
  let clause = 'uses'
  for (const host of touches.hosts ?? []) {
    const found = hostClause(contract, host)
    if (found === null) return { ok: false, clause: 'reads.hosts', what: host }
    clause = found
  }
  for (const { path, access } of touches.paths ?? []) {
    const found = access === 'read' ? pathClause(contract, path) : null
    if (found === null) return { ok: false, clause: 'reads.paths', what: path }
    clause = found
  }
  for (const account of touches.accounts ?? []) {
    const found = accountClause(contract, account)
    if (found === null) return { ok: false, clause: 'reads.accounts', what: account }
    clause = found
  }
  return { ok: true, clause }
}

function hostClause({ reads, changes }: Contract, text: string): string | null {
  const host = canonicalHost(text)
  if (host === null) return null
  if (coversHost(reads.hosts, host)) return 'reads.hosts'
  return changeWhere(changes, clause => coversHost(clause.hosts, host))
}

function pathClause({ reads, changes }: Contract, path: string): string | null {
  if (coversPath(reads.paths, path)) return 'reads.paths'
  return changeWhere(changes, clause => coversPath(clause.paths, path))
}

function accountClause({ reads, changes }: Contract, account: string): string | null {
  if (reads.accounts.includes(account)) return 'reads.accounts'
  return changeWhere(changes, clause => (clause.accounts ?? NOTHING).includes(account))
}

function changeWhere(changes: Contract['changes'], covers: (clause: ChangeClause) => boolean): string | null {
  const index = changes.findIndex(covers)
  return index === -1 ? null : `changes[${index}]`
}

function coversHost(patterns: readonly string[] | undefined, host: string): boolean {
  return patterns?.some(pattern => hostMatches(pattern, host)) ?? false
}

function coversPath(roots: readonly string[] | undefined, path: string): boolean {
  return roots?.some(root => pathWithin(root, path)) ?? false
}

/**
 * The first thing a write touches that a clause of *Changes* does not cover; null when it covers all. A list that the
 * clause leaves out covers nothing, except `methods`: left out, it covers any.
 */
export function firstMismatch(contract: Contract, clause: ChangeClause, touches: Touches): string | null {
  const { hosts = NOTHING, method, paths = [], recipients = NOTHING, accounts = NOTHING } = touches
  return (
    hosts.find(host => !coversCanonicalHost(clause, host)) ??
    methodMismatch(clause, method) ??
    paths.find(place => !coversPlace(contract, clause, place))?.path ??
    recipients.find(to => !(clause.recipients ?? NOTHING).some(pattern => recipientMatches(pattern, to))) ??
    accounts.find(account => !(clause.accounts ?? NOTHING).includes(account)) ??
    null
  )
}

function coversCanonicalHost(clause: ChangeClause, text: string): boolean {
  const host = canonicalHost(text)
  return host !== null && coversHost(clause.hosts, host)
}

function methodMismatch({ methods }: ChangeClause, method: string | undefined): string | undefined {
  if (methods === undefined || method === undefined) return undefined
  return methods.some(allowed => allowed === method) ? undefined : method
}

type TouchedPath = NonNullable<Touches['paths']>[number]

function coversPlace(contract: Contract, clause: ChangeClause, { path, access }: TouchedPath): boolean {
  if (parsePath(path) === null) return false
  if (coversPath(clause.paths, path)) return true
  return access === 'read' && pathClause(contract, path) !== null
}
