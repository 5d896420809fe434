/** Whether a contract grants what an intent needs and nothing beyond. Every finding is a reason in words. */
import type { ChangeClause, Contract } from '../src/domain/contract.ts'
import { hostMatches, pathWithin } from '../src/domain/places.ts'
import type { ChangeTruth, KeptTruth, Places } from './intent.ts'

type Clause = ChangeClause

const METHODS = ['POST', 'PUT', 'PATCH', 'DELETE']
const BUDGETS = [
  'actionsPerRun',
  'actionsPerHour',
  'actionsPerDay',
  'callsPerRun',
  'costPerRunMicros',
  'costPerDayMicros',
] as const

export function tooWideOrNarrow(contract: Contract, source: string, truth: KeptTruth): string[] {
  return [
    ...whenProblems(contract, truth),
    ...readProblems(contract.reads, truth),
    ...contract.changes.flatMap(clause => changeProblems(clause, truth)),
    ...missingChanges(contract.changes, truth),
    ...otherPowers(contract, source, truth),
    ...budgetProblems(contract, truth),
    ...flowProblems(contract, truth),
  ]
}

function whenProblems({ when, zone }: Contract, truth: KeptTruth): string[] {
  const wanted = truth.when.map(({ text }) => text).join(', or ')
  const wrong = when.filter(
    trigger => trigger.kind !== 'manual' && !truth.when.some(one => one.fits(trigger, zone)),
  )
  if (wrong.length > 0) return [`starts ${wrong.map(one => JSON.stringify(one)).join(' ')}, not ${wanted}`]
  const isStarted = when.some(trigger => truth.when.some(one => one.fits(trigger, zone)))
  return isStarted ? [] : [`does not start ${wanted}`]
}

function readProblems(reads: Places, truth: KeptTruth): string[] {
  const { reads: must = {}, mayRead = {} } = truth
  const places = [...(truth.changes ?? []), ...(truth.mayChange ?? [])]
  const hosts = [must, mayRead, ...places].flatMap(({ hosts: some = [] }) => some)
  const paths = [must, mayRead, ...places].flatMap(({ paths: some = [] }) => some)
  const accounts = [must, mayRead].flatMap(({ accounts: some = [] }) => some)
  return [
    ...beyond(reads.hosts, host => coveredHost(host, hosts)).map(host => `reads the host ${host}`),
    ...beyond(reads.paths, path => within(path, paths)).map(path => `reads ${path}`),
    ...beyond(reads.accounts, name => accounts.includes(name)).map(name => `reads the account ${name}`),
    ...beyond(must.hosts, host => coveredHost(host, reads.hosts ?? [])).map(host => `does not read ${host}`),
    ...beyond(must.paths, path => within(path, reads.paths ?? [])).map(path => `does not read ${path}`),
  ]
}

/** A clause has to lie within one change that is wanted. */
function changeProblems(clause: Clause, truth: KeptTruth): string[] {
  const known = [...(truth.changes ?? []), ...(truth.mayChange ?? [])].filter(({ tools }) =>
    tools.includes(clause.tool),
  )
  if (known.length === 0) return [`may ${clause.tool}, which nobody wants`]
  const problems = known.map(one => [
    ...placeProblems(clause, one),
    ...mannerProblems(clause, one),
    ...askProblems(clause, one),
  ])
  return problems.some(some => some.length === 0) ? [] : (problems[0] ?? [])
}

function placeProblems(
  { tool, paths = [], hosts = [], recipients = [], accounts = [] }: Clause,
  one: ChangeTruth,
): string[] {
  const { paths: ownPaths = [], hosts: ownHosts = [], recipients: ownRecipients = [] } = one
  const { accounts: ownAccounts = [] } = one
  return [
    ...beyond(paths, path => within(path, ownPaths)),
    ...beyond(hosts, host => coveredHost(host, ownHosts)),
    ...beyond(recipients, recipient => ownRecipients.includes(recipient)),
    ...beyond(accounts, account => ownAccounts.includes(account)),
  ].map(place => `may ${tool} at ${place}`)
}

function mannerProblems({ tool, methods, honoursKeyForMs = 0 }: Clause, one: ChangeTruth): string[] {
  const granted = methods ?? (tool === 'http.request' ? METHODS : [])
  const { methods: own = ['POST'], honoursKeyForMs: known = 0 } = one
  return [
    ...beyond(granted, method => own.includes(method)).map(method => `may ${tool} with ${method}`),
    ...(honoursKeyForMs > known ? [`may repeat ${tool} by a key that nobody knows to be honoured`] : []),
  ]
}

/** What has left for a host cannot be taken back. */
function askProblems({ tool, approval }: Clause, { asks = tool.startsWith('http.') }: ChangeTruth): string[] {
  return asks && approval !== 'always' ? [`does not always ask before ${tool}`] : []
}

function missingChanges(changes: readonly Clause[], truth: KeptTruth): string[] {
  return (truth.changes ?? [])
    .filter(({ tools }) => !changes.some(({ tool }) => tools.includes(tool)))
    .map(({ tools }) => `may not ${tools.join(' or ')}`)
}

function otherPowers(contract: Contract, source: string, truth: KeptTruth): string[] {
  const imported = new Set([...source.matchAll(/from\s+['"](tools\/[\w.]+)['"]/g)].map(([, name]) => name))
  const unused = contract.uses.filter(name => !imported.has(name))
  const published = contract.publishes.filter(topic => truth.publishes?.includes(topic) !== true)
  return [
    ...unused.map(name => `grants ${name}, which is not used`),
    ...published.map(topic => `publishes ${topic}`),
    ...(contract.models && truth.models !== true ? ['may ask models'] : []),
    ...(contract.notifies && !mayNotify(truth) ? ['may notify'] : []),
    ...outsideProblems(contract, truth),
    ...(contract.urgent && truth.mayBeUrgent !== true ? ['is urgent'] : []),
  ]
}

function mayNotify({ effects }: KeptTruth): boolean {
  return effects.some(({ tools }) => tools.some(tool => tool.startsWith('notify.')))
}

const STRICTNESS = ['allow', 'ask', 'deny'] as const

function outsideProblems({ outsideContent }: Contract, truth: KeptTruth): string[] {
  const { outsideContent: wanted = 'allow' } = truth
  const isLaxer = STRICTNESS.indexOf(outsideContent) < STRICTNESS.indexOf(wanted)
  return isLaxer ? [`lets outside content lead to changes without “${wanted}”`] : []
}

/** More than this is more than one automation of a person's own needs. */
const USUAL = { actionsPerRun: 100, actionsPerHour: 500, actionsPerDay: 2_000, callsPerRun: 10_000 }
const FREE = { costPerRunMicros: 0, costPerDayMicros: 0 }
const LITTLE = { costPerRunMicros: 1_000_000, costPerDayMicros: 5_000_000 }

function budgetProblems({ budget }: Contract, { models = false, budget: own }: KeptTruth): string[] {
  const most: Contract['budget'] = { ...USUAL, ...(models ? LITTLE : FREE), ...own }
  return BUDGETS.filter(name => budget[name] > most[name]).map(
    name => `allows itself ${name} of ${String(budget[name])}, not ${String(most[name])}`,
  )
}

/** What was read is to go nowhere that nobody wants. */
function flowProblems({ flows }: Contract, truth: KeptTruth): string[] {
  const { reads = {}, mayRead = {}, changes = [], mayChange = [] } = truth
  const places = [reads, mayRead, ...changes, ...mayChange]
  const hosts = places.flatMap(({ hosts: some = [] }) => some)
  const paths = places.flatMap(({ paths: some = [] }) => some)
  const recipients = [...changes, ...mayChange].flatMap(({ recipients: some = [] }) => some)
  const isKnown = (to: string) =>
    to === 'models'
      ? truth.models === true
      : recipients.includes(to) || (/^[/~]/.test(to) ? within(to, paths) : coveredHost(to, hosts))
  return flows.flatMap(({ from, to }) => beyond(to, isKnown).map(place => `lets ${from} flow to ${place}`))
}

function beyond(places: readonly string[] | undefined, isKnown: (place: string) => boolean): string[] {
  return (places ?? []).filter(place => !isKnown(place))
}

function coveredHost(host: string, known: readonly string[]): boolean {
  return known.some(one => one === host || (!host.startsWith('*') && hostMatches(one, host)))
}

function within(path: string, known: readonly string[]): boolean {
  return known.some(one => pathWithin(one, path))
}
