/**
 * A contract in words: the clauses *When · Reads · Changes · Never · Asks you first · Done when · Budget* as a person
 * reads them before confirming. Derived from the structure alone, so that what is read is what is enforced; each
 * value that came from elsewhere is shown as plain text.
 */
import { visibleText } from './approval.ts'
import { germanContractText } from './contract-text-de.ts'
import type { ChangeClause, Check, Contract } from './contract.ts'
import type { Language } from './language.ts'
import { declarationOf } from './triggers/list.ts'
import type { Trigger } from './triggers/list.ts'
import { DAY_NAMES } from './windows.ts'

export interface ContractSection {
  heading: string
  lines: string[]
}

export function contractText(contract: Contract, language: Language = 'en'): ContractSection[] {
  if (language === 'de') return germanContractText(contract)
  return [
    { heading: 'When', lines: whenLines(contract) },
    { heading: 'Reads', lines: readLines(contract) },
    { heading: 'Changes', lines: changeLines(contract) },
    { heading: 'Never', lines: neverLines(contract) },
    { heading: 'Asks you first', lines: askLines(contract) },
    { heading: 'Done when', lines: doneLines(contract) },
    { heading: 'Budget', lines: budgetLines(contract) },
  ]
}

/** The clause a decision points to, in words; a pointer to nothing is given back as it is. */
export function describeClause(contract: Contract, clause: string): string {
  const place = /^(changes|flows|done)\[(\d+)\]$/.exec(clause)
  if (place === null) return wordsFor(contract, clause) ?? clause
  const [, list, position] = place
  const index = Number(position)
  if (list === 'flows') return contract.flows.slice(index, index + 1).map(flowLine)[0] ?? clause
  if (list === 'done') return contract.done.slice(index, index + 1).map(checkLine)[0] ?? clause
  const change = contract.changes[index]
  return change === undefined ? clause : `Changes: ${changeLine(change)}. ${approvalLine(change)}`
}

function wordsFor(contract: Contract, clause: string): string | undefined {
  const [section = '', field = ''] = clause.split('.')
  return SECTIONS.get(section)?.(contract, field)
}

type Words = (contract: Contract, field: string) => string

const SECTIONS: ReadonlyMap<string, Words> = new Map<string, Words>([
  ['uses', ({ uses }) => `Uses only ${list(uses)}`],
  ['reads', contract => `Reads: ${readLines(contract).join('; ')}`],
  ['changes', contract => `Changes: ${changeLines(contract).join('; ')}`],
  ['never', contract => `Never: ${neverLines(contract).join('; ')}`],
  ['budget', (contract, field) => `Budget: ${budgetLine(contract, field)}`],
  ['windows', windowsLine],
  ['outsideContent', outsideLine],
  ['models', ({ models }) => (models ? 'Uses a model' : 'Never uses a model')],
  ['notifies', ({ notifies }) => (notifies ? 'Notifies you' : 'Never notifies you')],
  ['done', contract => `Done when: ${doneLines(contract).join('; ')}`],
])

export function outsideLine({ outsideContent }: Contract): string {
  switch (outsideContent) {
    case 'allow':
      return 'Content from outside changes nothing about what may go out'
    case 'ask':
      return 'Asks before anything goes out once content from outside was read'
    case 'deny':
      return 'Never sends or changes anything after reading content from outside'
  }
}

function list(texts: readonly string[]): string {
  return texts.length === 0 ? 'nothing' : texts.map(text => visibleText(text)).join(', ')
}

function whenLines(contract: Contract): string[] {
  const timed = contract.when.some(trigger => declarationOf(trigger).plan !== undefined)
  return [
    ...contract.when.map(trigger => triggerLine(trigger, contract.zone)),
    ...(contract.when.length === 0 ? ['Never by itself'] : []),
    ...(contract.when.some(trigger => declarationOf(trigger).watch !== undefined)
      ? ['What came or changed while this computer was off is found when it is on again']
      : []),
    ...(timed ? [catchUpLine(contract)] : []),
    queueLine(contract),
    depthLine(contract),
    zoneLine(contract),
  ]
}

export function catchUpLine({ catchUp }: Contract): string {
  const caughtUp = { skip: 'are skipped', once: 'are caught up once', all: 'are all caught up' }
  return `Times missed while this computer was off ${caughtUp[catchUp]}`
}

export function queueLine({ queue }: Contract): string {
  const atOnce = queue.concurrency === 1 ? 'One run at a time' : `Up to ${queue.concurrency} runs at a time`
  return `${atOnce}; at most ${number(queue.capacity)} more wait their turn`
}

export function depthLine({ maxCauseDepth }: Contract): string {
  return `Chains of automations that start each other stop after ${maxCauseDepth}`
}

export function zoneLine({ zone }: Contract): string {
  return `Local times are those of ${zone}`
}

/** In the zone of the trigger, or else of the contract. */
export function triggerLine(trigger: Trigger, zone: string, language: Language = 'en'): string {
  const own = 'zone' in trigger ? trigger.zone : undefined
  return declarationOf(trigger).describe(trigger, own ?? zone, language)
}

function readLines({ reads, uses, flows }: Contract): string[] {
  return [
    ...READ_KINDS.flatMap(kind => reads[kind].map(READ_LINE[kind])),
    ...(reads.hosts.length + reads.paths.length + reads.accounts.length === 0
      ? ['Nothing but what it changes']
      : []),
    `With the tools ${list(uses.map(module => module.replace(/^tools\//, '')))}`,
    ...flows.map(flowLine),
  ]
}

const READ_KINDS = ['hosts', 'paths', 'accounts'] as const

/** One thing that may be read, as a line. */
export const READ_LINE: Readonly<Record<keyof Contract['reads'], (entry: string) => string>> = {
  hosts: hostWords,
  paths: path => `Files in ${visibleText(path)}`,
  accounts: account => `The account ${visibleText(account)}`,
}

function hostWords(host: string): string {
  return host.startsWith('*.') ? `Every subdomain of ${host.slice(2)}` : host
}

export function flowLine({ from, to }: Contract['flows'][number]): string {
  const where = to.length === 0 ? 'nowhere else' : `only to ${list(to)}`
  return `What was read from ${visibleText(from)} goes ${where}`
}

function changeLines(contract: Contract): string[] {
  return [
    ...contract.changes.map(changeLine),
    ...(contract.changes.length === 0 ? ['Nothing outside Steward'] : []),
    ...(contract.windows.length === 0 ? [] : [windowsLine(contract)]),
    ...(contract.models ? [MODELS_LINE] : []),
    ...(contract.notifies ? [NOTIFIES_LINE] : []),
    ...(contract.urgent ? [URGENT_LINE] : []),
    ...(contract.publishes.length === 0 ? [] : [announceLine(contract.publishes)]),
    ...Object.entries(contract.items).map(([name, meaning]) => itemLine(name, meaning)),
  ]
}

export const MODELS_LINE = 'Uses a model, which is shown what the script gives it'
export const NOTIFIES_LINE = 'Notifies you'
export const URGENT_LINE = 'What it tells and asks comes through in quiet hours too'

export function announceLine(topics: readonly string[]): string {
  return `Announces ${list(topics)}`
}

export function itemLine(name: string, meaning: string): string {
  return `Deals with each “${visibleText(name)}” once, told apart by ${visibleText(meaning)}`
}

/** A clause of *Changes* whole: what it covers, and whether it asks. */
export function changeSentence(clause: ChangeClause): string {
  return `${changeLine(clause)}: ${approvalLine(clause)}`
}

function changeLine(clause: ChangeClause): string {
  const parts = [
    ...(clause.hosts === undefined ? [] : [`at ${list(clause.hosts.map(hostWords))}`]),
    ...(clause.methods === undefined ? [] : [`by ${list(clause.methods)} only`]),
    ...(clause.paths === undefined ? [] : [`in ${list(clause.paths)}`]),
    ...(clause.recipients === undefined ? [] : [`to ${list(clause.recipients.map(recipientWords))}`]),
    ...(clause.accounts === undefined ? [] : [`as ${list(clause.accounts)}`]),
  ]
  const again =
    clause.honoursKeyForMs === undefined
      ? ''
      : `; safe to repeat there within ${duration(clause.honoursKeyForMs)}, because the same key counts once`
  return `${clause.tool} ${parts.length === 0 ? 'without a place' : parts.join(', ')}${again}`
}

function recipientWords(recipient: string): string {
  return recipient.startsWith('@') ? `everyone at ${recipient.slice(1)}` : recipient
}

export function windowsLine({ windows, zone }: Contract): string {
  const spans = windows.map(({ from, to, days }) => {
    const on = days === undefined ? 'every day' : days.map(day => DAY_NAMES[day - 1]).join(', ')
    return `${from}–${to} ${on}`
  })
  return spans.length === 0
    ? 'Changes are made at any time'
    : `Changes are made only ${spans.join('; ')} (${zone})`
}

function neverLines({ never, models, notifies, outsideContent }: Contract): string[] {
  const lines = [
    ...NEVER_KINDS.flatMap(kind => never[kind].map(NEVER_LINE[kind])),
    ...(models ? [] : ['Uses a model']),
    ...(notifies ? [] : ['Notifies you']),
    ...(outsideContent === 'deny' ? ['Sends or changes anything after reading content from outside'] : []),
  ]
  return [...lines, 'Anything that is not listed above']
}

const NEVER_KINDS = ['hosts', 'paths', 'recipients', 'tools'] as const

/** One thing that is never done, as a line. */
export const NEVER_LINE: Readonly<Record<keyof Contract['never'], (entry: string) => string>> = {
  hosts: host => `Contacts ${host.startsWith('*.') ? `any subdomain of ${host.slice(2)}` : host}`,
  paths: path => `Touches ${visibleText(path)}`,
  recipients: recipient => `Writes to ${visibleText(recipientWords(recipient))}`,
  tools: tool => `Uses ${visibleText(tool)}`,
}

function askLines(contract: Contract): string[] {
  const tainted = contract.outsideContent === 'ask'
  const lines = [
    ...contract.changes.filter(({ approval }) => approval !== 'never').map(changeSentence),
    ...(tainted ? ['Before anything goes out once content from outside was read'] : []),
  ]
  if (lines.length === 0) return ['Nothing']
  return [...lines, expiryLine(contract)]
}

export function expiryLine({ approvalExpiresMs }: Contract): string {
  return `A question without an answer counts as no after ${duration(approvalExpiresMs)}`
}

function approvalLine({ approval, above }: ChangeClause): string {
  switch (approval) {
    case 'always':
      return 'asks every time'
    case 'first-time':
      return 'asks the first time for each place'
    case 'above':
      return above === undefined
        ? 'asks every time'
        : `asks when more than ${number(above)} things change at once`
    case 'never':
      return 'does not ask'
  }
}

function doneLines({ done }: Contract): string[] {
  return done.length === 0 ? ['The script ends without a failure'] : done.map(checkLine)
}

export function checkLine(check: Check): string {
  switch (check.kind) {
    case 'file-exists':
      return `${visibleText(check.path)} exists${check.notEmpty === true ? ' and is not empty' : ''}`
    case 'result-has':
      return `The result has “${visibleText(check.field)}”`
    case 'effects-at-least':
      return `${visibleText(check.tool)} changed at least ${number(check.count)}`
    case 'effects-at-most':
      return `${visibleText(check.tool)} changed at most ${number(check.count)}`
    case 'items-settled':
      return `Every “${visibleText(check.each)}” is finished, at most ${number(check.maxSetAside)} set aside`
    case 'script-verifies':
      return 'The script’s own check of the outcome holds'
  }
}

function budgetLines(contract: Contract): string[] {
  return [
    ...Object.keys(contract.budget).map(field => budgetLine(contract, field)),
    timeLine(contract),
    memoryLine(contract),
  ]
}

export function timeLine({ limits }: Contract): string {
  return `${duration(limits.cpuMs)} of computing and ${duration(limits.wallMs)} in all per run, waiting not counted`
}

export function memoryLine({ limits }: Contract): string {
  return `${number(limits.memoryMb)} MB of memory, ${number(limits.bytesPerCall)} bytes per call`
}

export function budgetLine({ budget }: Contract, field: string): string {
  switch (field) {
    case 'actionsPerRun':
      return `${number(budget.actionsPerRun)} changes per run`
    case 'actionsPerHour':
      return `${number(budget.actionsPerHour)} changes per hour`
    case 'actionsPerDay':
      return `${number(budget.actionsPerDay)} changes per day`
    case 'callsPerRun':
      return `${number(budget.callsPerRun)} calls of tools per run`
    case 'costPerRunMicros':
      return `${money(budget.costPerRunMicros)} per run`
    case 'costPerDayMicros':
      return `${money(budget.costPerDayMicros)} per day`
    default:
      return 'amounts that can be counted'
  }
}

function number(value: number): string {
  return String(value).replace(/\B(?=(\d{3})+$)/g, ',')
}

function money(micros: number): string {
  const cents = (micros / 1_000_000).toFixed(6).replace(/(\.\d\d\d*?)0+$/, '$1')
  return `$${cents}`
}

const UNITS: readonly (readonly [ms: number, name: string])[] = [
  [86_400_000, 'day'],
  [3_600_000, 'hour'],
  [60_000, 'minute'],
  [1_000, 'second'],
  [1, 'millisecond'],
]

/** In the largest unit that says it exactly. */
export function duration(ms: number): string {
  const [unit, name] =
    UNITS.find(([length]) => ms % length === 0 && ms >= length) ?? ([1, 'millisecond'] as const)
  const amount = ms / unit
  return amount === 1 ? `1 ${name}` : `${number(amount)} ${name}s`
}
