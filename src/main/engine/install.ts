/** Installs a workflow version: everything that can be refused is refused before anything is written. */
import { contractIssues, parseContract } from '../../domain/contract-check.ts'
import type { Contract } from '../../domain/contract.ts'
import { fail } from '../../domain/failure.ts'
import { sha256Hex } from '../../domain/json.ts'
import type { Json } from '../../domain/json.ts'
import { inspectScript } from '../../sandbox/inspect.ts'
import { itemNames, renameItems } from '../store/items.ts'
import { addSchedule, retireSchedules } from '../store/schedules.ts'
import { isStopped } from '../store/settings.ts'
import type { Tx } from '../store/tx.ts'
import {
  createWorkflow,
  deployVersion,
  scriptOf,
  setWorkflowState,
  workflowByName,
} from '../store/workflows.ts'
import type { Workflow } from '../store/workflows.ts'
import type { EngineContext } from './context.ts'
import { EVERYTHING_STOPPED } from './control.ts'
import { putWebhooks } from './hooks/hooks.ts'
import { nextDue } from './schedule/due.ts'
import { refusePassed } from './schedule/past.ts'
import { settleAllOf } from './settle-schedule.ts'
import { specOf, validateTrigger, zoneOf } from './schedule/spec.ts'
import { drawLines, lineOf, putWatches } from './watch/activation.ts'
import type { Drawn, Line } from './watch/activation.ts'

export interface InstallRequest {
  name: string
  source: string
  contract: Json
  note?: string
  /** Old `each` name → new one, for recorded keys that go with a rename (J7). */
  mapItems?: Readonly<Record<string, string>>
  /** The hash of the script that a rehearsal was shown for: any other is refused (O2). */
  rehearsed?: string
  /** A new automation, never a new version of one: `chat` becomes its chat. */
  begins?: { chat: string }
}

export interface Installed {
  workflowId: string
  intentId: string
  scriptId: string
  major: number
  created: boolean
  /** What is watched, and how much of it was there (R8). */
  watched: Line[]
}

/** `also` is part of the transaction: what it throws takes everything back. */
export async function install(
  context: EngineContext,
  request: InstallRequest,
  also: (tx: Tx, installed: Installed) => void = () => undefined,
): Promise<Installed> {
  if (!/^[a-z0-9][a-z0-9-]{0,63}$/.test(request.name)) {
    fail({
      kind: 'invalid-input',
      path: 'name',
      message: `The name “${request.name}” was refused: it takes lower-case letters, digits and hyphens. Nothing was installed.`,
    })
  }
  checkRehearsed(request)
  const contract = checkedContract(request.contract, 'installed')
  context.tools.modulesOf(contract.uses)
  checkScript(request.source, contract)
  const workflowId = workflowByName(context.store, request.name)?.id ?? null
  refusePassed(context.store, contract, context.clock.now(), { workflowId, done: 'installed' })
  const drawn = await drawLines(context, contract, workflowId)
  return context.store.write(
    tx => {
      const installed = installIn(context, tx, request, { contract, drawn })
      also(tx, installed)
      return installed
    },
    { durable: true },
  )
}

function checkRehearsed({ source, rehearsed }: InstallRequest): void {
  if (rehearsed === undefined || rehearsed === sha256Hex(source)) return
  fail({
    kind: 'invalid-input',
    path: 'rehearsed',
    message:
      'The script is not the one that was rehearsed: their hashes differ. Nothing was installed. Rehearse this one, or install the other.',
  })
}

/** Refused whole, before anything is `done` with it. */
export function checkedContract(json: Json, done: 'installed' | 'rehearsed'): Contract {
  const parsed = parseContract(json)
  if (!parsed.ok) fail(parsed.failure)
  const issues = contractIssues(parsed.contract)
  for (const trigger of parsed.contract.when) {
    const failure = validateTrigger(trigger)
    if (failure !== null) issues.push(failure.message)
  }
  if (issues.length > 0) {
    fail({
      kind: 'invalid-input',
      path: 'contract',
      message: `The contract was refused; nothing was ${done}. ${issues.join(' ')}`,
    })
  }
  return parsed.contract
}

function checkScript(source: string, contract: Contract): void {
  const script = inspectScript(source)
  if (script.failure !== null) fail(script.failure)
  if (!script.exports.run) {
    fail({
      kind: 'script-error',
      name: 'MissingExport',
      message:
        'The script has no default export, so there is nothing to run. Nothing was installed. Export one: export default async function run(event) { … }',
    })
  }
  const ungranted = script.imports.filter(module => !contract.uses.includes(module))
  if (ungranted.length > 0) {
    fail({
      kind: 'not-permitted',
      clause: 'uses',
      message: `The script imports ${ungranted.join(', ')}, which the contract does not grant. Nothing was installed. Add it to “uses”, or do without it.`,
    })
  }
  const unnamed = script.eachNames.filter(name => name !== null && contract.items[name] === undefined)
  if (unnamed.length > 0) {
    fail({
      kind: 'not-permitted',
      clause: 'items',
      message: `The script goes through ${unnamed.join(', ')} with each, which the contract does not name among its items. Nothing was installed. Add it to “items” with what its key means.`,
    })
  }
}

function installIn(
  context: EngineContext,
  tx: Tx,
  request: InstallRequest,
  { contract, drawn }: { contract: Contract; drawn: readonly Drawn[] },
): Installed {
  const { store, clock, tools } = context
  const at = clock.now()
  const existing = existingFor(tx, request, contract)
  if (existing !== undefined) settleAllOf(context, tx, existing.id)
  const head = { name: request.name, title: contract.title, chat: request.begins?.chat ?? null, at }
  const workflowId = existing?.id ?? createWorkflow(store, tx, head)
  if (existing === undefined || existing.state === 'archived') begin(tx, workflowId, at)
  const version = deployVersion(store, tx, workflowId, {
    contract,
    source: request.source,
    toolApi: tools.toolApi,
    note: request.note ?? '',
    at,
  })
  retireSchedules(tx, workflowId)
  for (const trigger of contract.when) {
    const spec = specOf(trigger, at)
    if (spec === null) continue
    const zone = zoneOf(trigger, contract.zone)
    addSchedule(store, tx, {
      workflowId,
      spec: JSON.stringify(spec),
      zone,
      catchUp: contract.catchUp,
      from: at,
      nextDue: nextDue(spec, zone, at),
    })
  }
  putWatches(context, tx, workflowId, drawn)
  putWebhooks(context, tx, workflowId, contract)
  const watched = drawn.map(lineOf)
  store.audit.append(tx, at, {
    kind: 'installed',
    workflowId,
    runId: null,
    body: {
      intent: version.intentId,
      script: version.scriptId,
      ...(watched.length === 0
        ? {}
        : { watched: watched.map(({ existing: old, count }) => ({ existing: old, count })) }),
    },
  })
  return { workflowId, ...version, created: existing === undefined, watched }
}

/** Of which automation this becomes a version; none where it is a new one. */
function existingFor(tx: Tx, request: InstallRequest, contract: Contract): Workflow | undefined {
  const existing = workflowByName(tx, request.name)
  if (existing === undefined) return undefined
  if (request.begins !== undefined) refuseName(request.name)
  checkItems(tx, request, contract, existing.id)
  return existing
}

function refuseName(name: string): never {
  fail({
    kind: 'invalid-input',
    path: 'name',
    message: `There is another automation “${name}”. Nothing was installed. Choose another name.`,
  })
}

/** New, or brought back from the archive: it may start, unless nothing may. */
function begin(tx: Tx, workflowId: string, at: number): void {
  if (isStopped(tx)) setWorkflowState(tx, workflowId, 'paused', EVERYTHING_STOPPED, at)
  else setWorkflowState(tx, workflowId, 'active', null, at)
}

/** Keys recorded under a name must stay reachable: a rename, or another key for the same name, needs a mapping (J7). */
function checkItems(tx: Tx, request: InstallRequest, contract: Contract, workflowId: string): void {
  const mapping = request.mapItems ?? {}
  const before = workflowByName(tx, request.name)
  const oldKeys =
    typeof before?.script_id !== 'string'
      ? new Map<string, string>()
      : eachKeys(scriptOf(tx, before.script_id).source)
  const newKeys = eachKeys(request.source)
  for (const name of itemNames(tx, workflowId)) {
    const to = mapping[name]
    // Items within items are recorded under all the names that lead to them.
    const parts = (to ?? name).split('/')
    if (parts.some(part => contract.items[part] === undefined || !newKeys.has(part)))
      refuseItems(
        name,
        to === undefined ? 'no longer goes through' : `does not go through “${to}” in place of`,
      )
    if (to === undefined && parts.some(part => oldKeys.has(part) && oldKeys.get(part) !== newKeys.get(part)))
      refuseItems(name, 'takes another key for')
    if (to !== undefined && to !== name) renameItems(tx, workflowId, name, to)
  }
}

function eachKeys(source: string): Map<string, string> {
  const script = inspectScript(source)
  return new Map(
    script.eachNames.flatMap((name, place) =>
      name === null ? [] : [[name, script.eachKeys[place] ?? ''] as const],
    ),
  )
}

function refuseItems(name: string, what: string): never {
  fail({
    kind: 'not-permitted',
    clause: 'items',
    message: `The new script ${what} “${name}”, under which finished items are recorded; they would run again. Nothing was installed. Say where their keys go with --map ${name}=NEW (or ${name}=${name} if the keys mean the same).`,
  })
}
