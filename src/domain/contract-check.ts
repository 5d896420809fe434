/**
 * What a contract's schema cannot say: whether its clauses make sense together. A contract that passes can be kept
 * by a run; one that promises the impossible, or names what is not there, is refused with every reason at once.
 */
import type { z } from 'zod'
import { contractSchema } from './contract.ts'
import type { ChangeClause, Contract } from './contract.ts'
import type { Failure } from './failure.ts'
import { issueOf } from './issues.ts'
import { declarationOf } from './triggers/list.ts'
import type { Trigger } from './triggers/list.ts'
import { mayRead, neverTouched } from './warrant.ts'
import { hostBarred, hostMatches, parsePath, pathWithin, recipientMatches } from './places.ts'

export type ContractAnswer = { ok: true; contract: Contract } | { ok: false; failure: Failure }

/** Reads a contract. One failure lists all that is wrong with it, each with its path. */
export function parseContract(json: unknown): ContractAnswer {
  const read = contractSchema.safeParse(json)
  const issues = read.success
    ? contractIssues(read.data)
    : read.error.issues.map(issue => sentenceOf(issue, json))
  if (read.success && issues.length === 0) return { ok: true, contract: read.data }
  const count = issues.length === 1 ? 'one reason' : `${issues.length} reasons`
  const [path = ''] = issues[0]?.split(': ') ?? []
  return {
    ok: false,
    failure: {
      kind: 'invalid-input',
      path,
      message: `The contract was refused for ${count}; nothing was changed. ${issues.map(issue => `${issue}.`).join(' ')}`,
      detail: { issues },
    },
  }
}

/** `path: what is wrong`, for all that is wrong beyond the schema. Empty: the contract can be kept. */
export function contractIssues(contract: Contract): string[] {
  return [
    ...whenIssues(contract),
    ...hostIssues(contract),
    ...pathIssues(contract),
    ...contract.changes.flatMap((clause, index) => changeIssues(contract, clause, `changes[${index}]`)),
    ...budgetIssues(contract),
    ...windowIssues(contract),
    ...flowIssues(contract),
    ...doneIssues(contract),
    ...neverIssues(contract),
  ]
}

/** What is watched has to be among what may be read (P2), and each thing is watched once. */
function whenIssues(contract: Contract): string[] {
  const known = new Map<string, number>()
  return contract.when.flatMap((trigger, index) => {
    const path = `when[${index}]`
    const identity = declarationOf(trigger).identity?.(trigger)
    const twin = identity === undefined ? undefined : known.get(identity)
    if (identity !== undefined && twin === undefined) known.set(identity, index)
    return [
      ...(twin === undefined ? [] : [`${path}: is the same as when[${twin}]`]),
      ...watchIssues(contract, trigger, path),
      ...signedIssues(trigger, path),
    ]
  })
}

function watchIssues(contract: Contract, trigger: Trigger, path: string): string[] {
  const touches = declarationOf(trigger).watch?.touches(trigger)
  if (touches === undefined) return []
  const folder = touches.paths?.[0]?.path
  if (folder !== undefined && parsePath(folder) === null)
    return [`${path}.folder: is not an absolute path without “..”: “${folder}”`]
  const read = mayRead(contract, touches)
  if (!read.ok)
    return [
      `${path}: looks at “${read.what}”, which is not among ${read.clause}: add it there, or look elsewhere`,
    ]
  const barred = neverTouched(contract, { tool: '', module: '', touches })
  return barred === null ? [] : [`${path}: looks at “${barred.what}”, which is under ${barred.clause}`]
}

function signedIssues(trigger: Trigger, path: string): string[] {
  if (trigger.kind !== 'webhook' || trigger.connection === undefined || trigger.verify === 'hub') return []
  return [`${path}.connection: has no meaning unless verify is “hub”`]
}

function sentenceOf(found: z.core.$ZodIssue, json: unknown): string {
  const { path, text } = issueOf(found, json)
  return `${path === '' ? 'the contract' : path}: ${text}`
}

/** Every place in a contract where a list of its kind stands, with its path. */
function listsOf(contract: Contract, kind: 'hosts' | 'paths'): [path: string, entries: readonly string[]][] {
  return [
    [`reads.${kind}`, contract.reads[kind]],
    [`never.${kind}`, contract.never[kind]],
    ...contract.changes.map((clause, index): [string, readonly string[]] => [
      `changes[${index}].${kind}`,
      clause[kind] ?? [],
    ]),
  ]
}

function hostIssues(contract: Contract): string[] {
  return listsOf(contract, 'hosts').flatMap(([path, hosts]) =>
    hosts.flatMap((host, index) => {
      const issue = hostIssue(host)
      return issue === null ? [] : [`${path}[${index}]: ${issue}`]
    }),
  )
}

/** A pattern has to be spelt as addresses are, or it covers nothing, which in *Never* would be too little. */
export function hostIssue(pattern: string): string | null {
  if (/:(80|443)$/.test(pattern)) return 'names a usual port, which is to be left out'
  const host = pattern.replace(/^\*\./, '')
  const real = URL.parse(`http://${host}`)?.host
  if (real === undefined) return `is not a host: “${host}”`
  if (real !== host) return `is written “${real}” in addresses`
  if (host !== pattern && /^[\d.]+(:\d+)?$/.test(host)) return 'is an address, which has no subdomains'
  return null
}

function pathIssues(contract: Contract): string[] {
  const checks = contract.done.flatMap((check, index): [string, string[]][] =>
    check.kind === 'file-exists' ? [[`done[${index}].path`, [check.path]]] : [],
  )
  const single = new Set(checks.map(([path]) => path))
  return [...listsOf(contract, 'paths'), ...checks].flatMap(([list, paths]) =>
    paths.flatMap((path, index) =>
      parsePath(path) === null
        ? [
            `${single.has(list) ? list : `${list}[${index}]`}: is not an absolute path without “..”: “${path}”`,
          ]
        : [],
    ),
  )
}

function isInUse(contract: Contract, tool: string): boolean {
  const family = tool.slice(0, tool.indexOf('.'))
  return contract.uses.some(module => module === `tools/${family}` || module.startsWith(`tools/${family}.`))
}

function changeIssues(contract: Contract, clause: ChangeClause, path: string): string[] {
  const issues: string[] = []
  if (!isInUse(contract, clause.tool)) {
    issues.push(`${path}.tool: is of a module that is not among uses: “${clause.tool}”`)
  }
  if (clause.approval === 'above' && clause.above === undefined) {
    issues.push(`${path}.above: is missing, though approval is “above”`)
  }
  if (clause.approval !== 'above' && clause.above !== undefined) {
    issues.push(`${path}.above: has no meaning unless approval is “above”`)
  }
  if (clause.honoursKeyForMs !== undefined && (clause.hosts ?? []).length === 0) {
    issues.push(`${path}.honoursKeyForMs: names no hosts that honour the key`)
  }
  if (contract.never.tools.some(barred => barred === clause.tool)) {
    issues.push(`${path}.tool: is both changed by and never used: “${clause.tool}”`)
  }
  return issues
}

function budgetIssues({ budget, changes }: Contract): string[] {
  const issues: string[] = []
  const atMost = (smaller: keyof typeof budget, larger: keyof typeof budget) => {
    if (budget[smaller] <= budget[larger]) return
    issues.push(`budget.${smaller}: can never be reached, being above ${larger} (${budget[larger]})`)
  }
  atMost('actionsPerRun', 'actionsPerDay')
  atMost('actionsPerHour', 'actionsPerDay')
  atMost('costPerRunMicros', 'costPerDayMicros')
  if (budget.callsPerRun === 0) issues.push('budget.callsPerRun: leaves a run no calls at all')
  if (changes.length > 0) {
    const none = (['actionsPerRun', 'actionsPerHour', 'actionsPerDay'] as const).find(
      limit => budget[limit] === 0,
    )
    if (none !== undefined) issues.push(`budget.${none}: is 0, so no clause of changes could ever be used`)
  }
  return issues
}

function windowIssues({ windows }: Contract): string[] {
  return windows.flatMap(({ from, to }, index) =>
    from === to ? [`windows[${index}]: opens and closes at the same time, ${from}`] : [],
  )
}

function flowIssues(contract: Contract): string[] {
  const { reads, changes } = contract
  const readable = [
    ...reads.hosts,
    ...reads.paths,
    ...changes.flatMap(clause => [...(clause.hosts ?? []), ...(clause.paths ?? [])]),
  ]
  return contract.flows.flatMap(({ from }, index) => {
    const known = readable.some(place => covers(place, from) || covers(from, place))
    return known ? [] : [`flows[${index}].from: is nothing this contract reads: “${from}”`]
  })
}

/** Whether all that one place stands for, another stands for too. */
function covers(place: string, other: string): boolean {
  if (place === other) return true
  if (parsePath(place) !== null || parsePath(other) !== null) return pathWithin(place, other)
  return hostMatches(place, other.replace(/^\*\./, ''))
}

function doneIssues(contract: Contract): string[] {
  return contract.done.flatMap((check, index) => {
    const path = `done[${index}]`
    switch (check.kind) {
      case 'file-exists':
        return parsePath(check.path) === null || isReadable(contract, check.path)
          ? []
          : [`${path}.path: is not among what may be read: “${check.path}”`]
      case 'effects-at-least':
        return [...toolIssue(contract, check.tool, path), ...unreachable(contract, check, path)]
      case 'effects-at-most':
        return toolIssue(contract, check.tool, path)
      case 'items-settled':
        return Object.hasOwn(contract.items, check.each)
          ? []
          : [`${path}.each: is not among items: “${check.each}”`]
      case 'result-has':
      case 'script-verifies':
        return []
    }
  })
}

function isReadable({ reads, changes }: Contract, path: string): boolean {
  return [...reads.paths, ...changes.flatMap(clause => clause.paths ?? [])].some(root =>
    pathWithin(root, path),
  )
}

function toolIssue(contract: Contract, tool: string, path: string): string[] {
  return isInUse(contract, tool) ? [] : [`${path}.tool: is of a module that is not among uses: “${tool}”`]
}

function unreachable(
  contract: Contract,
  { tool, count }: { tool: string; count: number },
  path: string,
): string[] {
  const most = contract.done.find(other => other.kind === 'effects-at-most' && other.tool === tool)
  if (most?.kind === 'effects-at-most' && most.count < count) {
    return [`${path}.count: is more than the at most ${most.count} that another check allows`]
  }
  const { actionsPerRun } = contract.budget
  return count > actionsPerRun ? [`${path}.count: is more than budget.actionsPerRun (${actionsPerRun})`] : []
}

/** What is granted and never allowed at once could only ever fail. */
function neverIssues({ reads, changes, never }: Contract): string[] {
  const grants: { path: string; entries: readonly string[]; by: 'hosts' | 'paths' | 'recipients' }[] = [
    { path: 'reads.hosts', entries: reads.hosts, by: 'hosts' },
    { path: 'reads.paths', entries: reads.paths, by: 'paths' },
    ...changes.flatMap((clause, index) =>
      (['hosts', 'paths', 'recipients'] as const).map(by => ({
        path: `changes[${index}].${by}`,
        entries: clause[by] ?? [],
        by,
      })),
    ),
  ]
  return grants.flatMap(({ path, entries, by }) =>
    entries.flatMap((entry, index) =>
      never[by].some(barred => bars(by, barred, entry))
        ? [`${path}[${index}]: is wholly under never.${by}: “${entry}”`]
        : [],
    ),
  )
}

function bars(by: 'hosts' | 'paths' | 'recipients', barred: string, granted: string): boolean {
  switch (by) {
    case 'hosts':
      return barred === granted || hostBarred(barred, granted.replace(/^\*(?=\.)/, 'any'))
    case 'paths':
      return pathWithin(barred, granted)
    case 'recipients':
      return recipientMatches(barred, granted)
  }
}
