/** An automation's versions, and the parts of the deployed one that a person edits: its contract and its schedule. */
import { z } from 'zod'
import { triggerLine } from '../../../domain/contract-text.ts'
import { contractDiff } from '../../../domain/contract-diff.ts'
import type { ClauseChange } from '../../../domain/contract-diff.ts'
import type { Contract } from '../../../domain/contract.ts'
import { contractText } from '../../../domain/policy.ts'
import { listVersions } from '../../store/lists.ts'
import { schedulesOf } from '../../store/schedules.ts'
import { contractOf, deployed, intentOf, scriptByVersion } from '../../store/workflows.ts'
import type { Script, Workflow } from '../../store/workflows.ts'
import { cursorText, pageOf, placeIn } from './common.ts'
import type { Page, PageRequest, ViewSource } from './common.ts'

export interface VersionSummary {
  version: string
  scriptId: string
  hash: string
  note: string
  /** The intent version it was written for, and its number. */
  intentId: string
  intent: number
  toolApi: number
  /** New runs take it. */
  isDeployed: boolean
  createdAt: number
}

export interface VersionView extends VersionSummary {
  source: string
  contract: Contract
  contractText: { heading: string; lines: string[] }[]
}

/** What the contract of a version says differently from that of an earlier one, what it grants more first. */
export interface VersionChanges {
  version: string
  /** Null where there is none before it. */
  earlier: string | null
  changes: ClauseChange[]
}

export interface ContractView {
  automation: { id: string; name: string }
  intentId: string
  intent: number
  version: string
  contract: Contract
  contractText: { heading: string; lines: string[] }[]
  createdAt: number
}

export interface ScheduleView {
  automation: { id: string; name: string }
  intentId: string
  zone: string
  catchUp: Contract['catchUp']
  when: Contract['when']
  /** The same in words. */
  words: string[]
  /** The next instant that is due; null while it is paused, or where nothing is scheduled. */
  nextDue: number | null
}

export function versionsPage(
  source: ViewSource,
  workflow: Workflow,
  page: PageRequest,
): Page<VersionSummary> {
  const [major, minor] = placeIn(page, 'versions', z.int(), z.int()) ?? []
  const before = major === undefined || minor === undefined ? undefined : { major, minor }
  return pageOf(
    listVersions(source.store, workflow.id, page.limit + 1, before),
    page.limit,
    script => versionSummary(source, workflow, script),
    script => cursorText('versions', script.major, script.minor),
  )
}

export function versionView(
  source: ViewSource,
  workflow: Workflow,
  version: string,
): VersionView | undefined {
  const script = scriptOfVersion(source, workflow, version)
  if (script === undefined) return undefined
  const contract = contractOf(source.store, script.intent_id)
  return {
    ...versionSummary(source, workflow, script),
    source: script.source,
    contract,
    contractText: contractText(contract),
  }
}

/** Held against the version `against`, or else against the version before it. */
export function versionChanges(
  source: ViewSource,
  workflow: Workflow,
  version: string,
  against: string | undefined,
): VersionChanges | undefined {
  const { store } = source
  const script = scriptOfVersion(source, workflow, version)
  if (script === undefined) return undefined
  const earlier =
    against === undefined
      ? listVersions(store, workflow.id, 1, { major: script.major, minor: script.minor })[0]
      : scriptOfVersion(source, workflow, against)
  if (earlier === undefined)
    return against === undefined ? { version, earlier: null, changes: [] } : undefined
  return {
    version,
    earlier: versionText(earlier),
    changes: contractDiff(contractOf(store, earlier.intent_id), contractOf(store, script.intent_id)),
  }
}

/** `version` is written `2.0`. */
function scriptOfVersion(source: ViewSource, workflow: Workflow, version: string): Script | undefined {
  const [, major, minor] = /^(\d{1,9})\.(\d{1,9})$/.exec(version) ?? []
  return scriptByVersion(source.store, workflow.id, { major: Number(major), minor: Number(minor) })
}

export function contractView(source: ViewSource, workflow: Workflow): ContractView {
  const { script, contract } = deployed(source.store, workflow)
  const intent = intentOf(source.store, script.intent_id)
  return {
    automation: { id: workflow.id, name: workflow.name },
    intentId: intent.id,
    intent: intent.version,
    version: versionText(script),
    contract,
    contractText: contractText(contract),
    createdAt: intent.created_at,
  }
}

export function scheduleView(source: ViewSource, workflow: Workflow): ScheduleView {
  const { script, contract } = deployed(source.store, workflow)
  return {
    automation: { id: workflow.id, name: workflow.name },
    intentId: script.intent_id,
    zone: contract.zone,
    catchUp: contract.catchUp,
    when: contract.when,
    words: contract.when.map(trigger => triggerLine(trigger, contract.zone)),
    nextDue: workflow.state === 'active' ? nextDueOf(source, workflow.id) : null,
  }
}

export function nextDueOf(source: ViewSource, workflowId: string): number | null {
  const due = schedulesOf(source.store, workflowId).flatMap(schedule => schedule.next_due ?? [])
  return due.length === 0 ? null : Math.min(...due)
}

export function versionText(script: Pick<Script, 'major' | 'minor'>): string {
  return `${String(script.major)}.${String(script.minor)}`
}

function versionSummary(source: ViewSource, workflow: Workflow, script: Script): VersionSummary {
  return {
    version: versionText(script),
    scriptId: script.id,
    hash: script.hash,
    note: script.note,
    intentId: script.intent_id,
    intent: intentOf(source.store, script.intent_id).version,
    toolApi: script.tool_api,
    isDeployed: script.id === workflow.script_id,
    createdAt: script.created_at,
  }
}
