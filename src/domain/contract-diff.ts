/**
 * What another version of a contract says differently, clause by clause, with what grants more first (P3). A clause
 * counts as widened unless what it says now is surely no milder than before: whenever policy answers a call less
 * strictly under the later contract, one of the entries is a widened one. What a person granted for good is theirs,
 * and taken to be the same under both.
 */
import { visibleText } from './approval.ts'
import { compareChanges } from './change-clauses.ts'
import type { Effect } from './change-clauses.ts'
import * as words from './contract-text.ts'
import type { Contract } from './contract.ts'
import { compareChecks, compareTriggers } from './diff-rules.ts'
import { compareFlows } from './flow-sets.ts'
import { GRANT_COVERS, isCovered, NEVER_COVERS } from './place-sets.ts'
import type { Covers } from './place-sets.ts'
import { openMinutes } from './windows.ts'

export type { Effect } from './change-clauses.ts'

export interface ClauseChange {
  /** Points into the later contract, and into the earlier one for what is gone: `changes[2]`, `reads.hosts`. */
  clause: string
  /** Under which heading people read it. */
  heading: string
  effect: Effect
  /** In words; null where it says nothing there. */
  before: string | null
  after: string | null
}

type Part = (before: Contract, after: Contract) => ClauseChange[]
type Parts<T> = Readonly<Record<keyof T, Part>>

const EFFECTS: readonly Effect[] = ['widened', 'narrowed', 'changed']

export function contractDiff(before: Contract, after: Contract): ClauseChange[] {
  const found = Object.values(PARTS).flatMap(part => part(before, after))
  return EFFECTS.flatMap(effect => found.filter(change => change.effect === effect))
}

/** A value that is shown as one line. `effect`: what the difference means; null where there is none. */
function value(
  clause: string,
  heading: string,
  text: (contract: Contract) => string,
  effect: (before: Contract, after: Contract) => Effect | null,
): Part {
  return (before, after) => {
    const found = effect(before, after)
    return found === null
      ? []
      : [{ clause, heading, effect: found, before: text(before), after: text(after) }]
  }
}

function otherwise(of: (contract: Contract) => string): (before: Contract, after: Contract) => Effect | null {
  return (before, after) => (of(before) === of(after) ? null : 'changed')
}

/** More of it is wider. */
function amount(of: (contract: Contract) => number): (before: Contract, after: Contract) => Effect | null {
  return (before, after) => {
    const more = of(after) - of(before)
    return more === 0 ? null : more > 0 ? 'widened' : 'narrowed'
  }
}

interface ListRule {
  clause: string
  heading: string
  of: (contract: Contract) => readonly string[]
  /** Where else the contract says the same. */
  also?: (contract: Contract) => readonly string[]
  covers: Covers
  text: (entry: string) => string
  /** What one entry more means, unless another entry says it already. */
  more: 'widened' | 'narrowed'
}

/** Entry by entry. What another entry covers anyway changes only the wording. */
function entries({ clause, heading, of, also = () => [], covers, text, more }: ListRule): Part {
  const said = (contract: Contract) => [...of(contract), ...also(contract)]
  return (before, after) => {
    const isNew = (entry: string, where: Contract) => !isCovered(covers, said(where), entry)
    const come = [...new Set(of(after))].filter(entry => !of(before).includes(entry))
    const gone = [...new Set(of(before))].filter(entry => !of(after).includes(entry))
    const less = more === 'widened' ? 'narrowed' : 'widened'
    const change = (effect: Effect, was: string | null, is: string | null): ClauseChange => ({
      ...{ clause, heading, effect },
      before: was,
      after: is,
    })
    return [
      ...come.map(entry => change(isNew(entry, before) ? more : 'changed', null, text(entry))),
      ...gone.map(entry => change(isNew(entry, after) ? less : 'changed', text(entry), null)),
    ]
  }
}

/** Something it may or may not do. */
function power(field: 'models' | 'notifies' | 'urgent', may: string, mayNot: string): Part {
  return value(
    field,
    'Changes',
    contract => (contract[field] ? may : mayNot),
    amount(contract => Number(contract[field])),
  )
}

type ReadKind = keyof Contract['reads']

/** What may be changed may be seen. */
function reads(kind: ReadKind): Part {
  return entries({
    clause: `reads.${kind}`,
    heading: 'Reads',
    of: contract => contract.reads[kind],
    also: contract => contract.changes.flatMap(change => change[kind] ?? []),
    covers: GRANT_COVERS[kind],
    text: words.READ_LINE[kind],
    more: 'widened',
  })
}

function never(kind: keyof Contract['never']): Part {
  return entries({
    clause: `never.${kind}`,
    heading: 'Never',
    of: contract => contract.never[kind],
    covers: NEVER_COVERS[kind],
    text: words.NEVER_LINE[kind],
    more: 'narrowed',
  })
}

function budget(field: keyof Contract['budget']): Part {
  return value(
    `budget.${field}`,
    'Budget',
    contract => words.budgetLine(contract, field),
    amount(contract => contract.budget[field]),
  )
}

function limit(field: keyof Contract['limits'], text: (contract: Contract) => string): Part {
  return value(
    `limits.${field}`,
    'Budget',
    text,
    amount(contract => contract.limits[field]),
  )
}

function queue(field: keyof Contract['queue']): Part {
  return value(
    `queue.${field}`,
    'When',
    words.queueLine,
    amount(contract => contract.queue[field]),
  )
}

/** All parts of a clause that has several. */
function parts<T>(of: Parts<T>): Part {
  const all: Part[] = Object.values(of)
  return (before, after) => all.flatMap(part => part(before, after))
}

const equal: Covers = (one, other) => one === other

const when: Part = (before, after) =>
  compareTriggers(before.when, after.when).map(({ index, effect, ...pair }) => {
    const was = pair.before && words.triggerLine(pair.before, before.zone)
    const is = pair.after && words.triggerLine(pair.after, after.zone)
    return { clause: `when[${index}]`, heading: 'When', effect, ...told(was, is, pair) }
  })

const done: Part = (before, after) =>
  compareChecks(before.done, after.done).map(({ index, effect, ...pair }) => {
    const [was, is] = [pair.before && words.checkLine(pair.before), pair.after && words.checkLine(pair.after)]
    return { clause: `done[${index}]`, heading: 'Done when', effect, ...told(was, is, pair) }
  })

/** Where the words for both are the same, what the words leave out is said as it is written. */
function told(
  was: string | null,
  is: string | null,
  { before, after }: { before: object | null; after: object | null },
): Pick<ClauseChange, 'before' | 'after'> {
  if (was !== is || before === null || after === null) return { before: was, after: is }
  return { before: withDetails(was, before, after), after: withDetails(is, after, before) }
}

function withDetails(text: string | null, own: object, other: object): string {
  const known = new Map<string, unknown>(Object.entries(other))
  const details = Object.entries(own)
    .filter(([key, said]) => JSON.stringify(said) !== JSON.stringify(known.get(key)))
    .map(([key, said]) => `${key} ${visibleText(JSON.stringify(said))}`)
  return details.length === 0 ? (text ?? '') : `${text ?? ''} (${details.join(', ')})`
}

const changes: Part = (before, after) =>
  compareChanges(before.changes, after.changes).map(pair => ({
    clause: `changes[${pair.index}]`,
    heading: 'Changes',
    effect: pair.effect,
    before: pair.before && words.changeSentence(pair.before),
    after: pair.after && words.changeSentence(pair.after),
  }))

const flows: Part = (before, after) =>
  compareFlows(before.flows, after.flows).map(pair => ({
    clause: `flows[${pair.index}]`,
    heading: 'Reads',
    effect: pair.effect,
    before: pair.before && words.flowLine(pair.before),
    after: pair.after && words.flowLine(pair.after),
  }))

const items: Part = (before, after) =>
  [...new Set([...Object.keys(before.items), ...Object.keys(after.items)])].flatMap(name => {
    const [was, is] = [before, after].map(contract => {
      const meaning = Object.hasOwn(contract.items, name) ? contract.items[name] : undefined
      return meaning === undefined ? null : words.itemLine(name, meaning)
    })
    if (was === is) return []
    return [
      { clause: 'items', heading: 'Changes', effect: 'changed', before: was ?? null, after: is ?? null },
    ]
  })

/** In another zone the same windows are open at other times. */
function windowsEffect(before: Contract, after: Contract): Effect | null {
  const [was, is] = [openMinutes(before.windows), openMinutes(after.windows)]
  if (JSON.stringify(before.windows) === JSON.stringify(after.windows)) return null
  if (is.some((open, minute) => open && was[minute] !== true)) return 'widened'
  return was.some((open, minute) => open && is[minute] !== true) ? 'narrowed' : 'changed'
}

function zoneEffect(before: Contract, after: Contract): Effect | null {
  if (before.zone === after.zone) return null
  const isBound = ({ windows }: Contract) => openMinutes(windows).includes(false)
  return isBound(before) && after.windows.length > 0 ? 'widened' : 'changed'
}

const OUTSIDE = { deny: 0, ask: 1, allow: 2 } as const
const CAUGHT_UP = { skip: 0, once: 1, all: 2 } as const

/** Every field of a contract, in the order in which people read it. */
const PARTS: Parts<Contract> = {
  schema: () => [],
  title: value(
    'title',
    'Title',
    ({ title }) => visibleText(title),
    otherwise(({ title }) => title),
  ),
  promise: value(
    'promise',
    'Promise',
    ({ promise }) => visibleText(promise),
    otherwise(({ promise }) => promise),
  ),
  when,
  catchUp: value(
    'catchUp',
    'When',
    words.catchUpLine,
    amount(({ catchUp }) => CAUGHT_UP[catchUp]),
  ),
  queue: parts<Contract['queue']>({ concurrency: queue('concurrency'), capacity: queue('capacity') }),
  maxCauseDepth: value(
    'maxCauseDepth',
    'When',
    words.depthLine,
    amount(({ maxCauseDepth }) => maxCauseDepth),
  ),
  zone: value('zone', 'When', words.zoneLine, zoneEffect),
  reads: parts<Contract['reads']>({
    hosts: reads('hosts'),
    paths: reads('paths'),
    accounts: reads('accounts'),
  }),
  uses: entries({
    ...{ clause: 'uses', heading: 'Reads', of: ({ uses }) => uses, covers: equal, more: 'widened' },
    text: module => `With the tools ${visibleText(module.replace(/^tools\//, ''))}`,
  }),
  flows,
  changes,
  windows: value('windows', 'Changes', words.windowsLine, windowsEffect),
  models: power('models', words.MODELS_LINE, 'Never uses a model'),
  notifies: power('notifies', words.NOTIFIES_LINE, 'Never notifies you'),
  urgent: power('urgent', words.URGENT_LINE, 'What it tells and asks waits while quiet hours last'),
  publishes: entries({
    ...{
      clause: 'publishes',
      heading: 'Changes',
      of: ({ publishes }) => publishes,
      covers: equal,
      more: 'widened',
    },
    text: topic => words.announceLine([topic]),
  }),
  items,
  never: parts<Contract['never']>({
    hosts: never('hosts'),
    paths: never('paths'),
    recipients: never('recipients'),
    tools: never('tools'),
  }),
  outsideContent: value(
    'outsideContent',
    'Asks you first',
    words.outsideLine,
    amount(({ outsideContent }) => OUTSIDE[outsideContent]),
  ),
  approvalExpiresMs: value(
    'approvalExpiresMs',
    'Asks you first',
    words.expiryLine,
    amount(({ approvalExpiresMs }) => approvalExpiresMs),
  ),
  done,
  budget: parts<Contract['budget']>({
    actionsPerRun: budget('actionsPerRun'),
    actionsPerHour: budget('actionsPerHour'),
    actionsPerDay: budget('actionsPerDay'),
    callsPerRun: budget('callsPerRun'),
    costPerRunMicros: budget('costPerRunMicros'),
    costPerDayMicros: budget('costPerDayMicros'),
  }),
  limits: parts<Contract['limits']>({
    cpuMs: limit('cpuMs', words.timeLine),
    wallMs: limit('wallMs', words.timeLine),
    memoryMb: limit('memoryMb', words.memoryLine),
    bytesPerCall: limit('bytesPerCall', words.memoryLine),
  }),
}
