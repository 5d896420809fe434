/** The dry run of a conversation: the filled entry is played on what is there now, and told in a few lines. */
import type { Contract } from '../../../domain/contract.ts'
import { isFailureError } from '../../../domain/failure.ts'
import type { Json } from '../../../domain/json.ts'
import { declarationOf } from '../../../domain/triggers/list.ts'
import type { Trigger } from '../../../domain/triggers/list.ts'
import type { PlayedWith } from '../../../planner/chat/talk/stages.ts'
import type { DryRun } from '../../../planner/chat/talk/talk.ts'
import type { EngineContext } from '../context.ts'
import type { FilledEntry } from '../gallery.ts'
import { checkedContract } from '../install.ts'
import { untouchedBy } from '../planning/excess.ts'
import { rehearse } from '../rehearse.ts'
import type { Rehearsal, RehearsalEnd } from '../rehearse.ts'
import { reportOf } from '../rehearse/report.ts'
import type { RehearsalReport } from '../rehearse/report.ts'
import { lookOnce } from '../watch/look.ts'

const LONGEST_LOOK_MS = 20_000
const MOST_LINES = 12
const LONGEST_LINE = 300

export async function playFilled(
  context: EngineContext,
  { source, contract: json }: FilledEntry,
  signal: AbortSignal,
  whose: Pick<Rehearsal, 'workflowId' | 'taskId'> = {},
): Promise<DryRun> {
  const contract = checkedContract(json, 'rehearsed')
  const startedAt = context.clock.now()
  const { event, given } = await startFor(context, contract, signal)
  const end = await rehearse(context, { contract, source, event, phase: 'dry-run', signal, ...whose })
  const head = { id: '', automation: null, contract, version: null, startedAt }
  return {
    ...told(reportOf(context.tools, head, end)),
    given,
    untouched: untouchedIn(context, contract, source, end),
  }
}

/** A script that did not come to its end might have touched it after that. */
function untouchedIn(
  { tools }: EngineContext,
  contract: Contract,
  source: string,
  end: RehearsalEnd,
): string[] {
  if (end.failure !== null || end.isStopped) return []
  const touched = end.steps.flatMap(({ tool, args, outcome }) =>
    outcome.ok || outcome.error.code !== 'invalid-input' ? (tools.get(tool)?.touches(args) ?? []) : [],
  )
  return untouchedBy(contract, source, touched).map(({ message }) => message)
}

export interface Start {
  event: Json
  given: PlayedWith
}

/** What it would be given if it started now: for what is watched, all that is there as if it were new. */
export async function startFor(
  context: EngineContext,
  contract: Contract,
  signal: AbortSignal,
): Promise<Start> {
  const [trigger] = contract.when
  if (trigger === undefined || trigger.kind === 'manual') return { event: null, given: 'own' }
  if (trigger.kind === 'webhook') return { event: delivery(context, trigger.name), given: 'example' }
  const { watch, plan } = declarationOf(trigger)
  if (plan !== undefined)
    return { event: { dueAt: context.clock.now(), kind: 'ran', merged: 0 }, given: 'own' }
  const event = watch === undefined ? null : await foundNow(context, contract, trigger, signal)
  if (event === null) return { event, given: 'by-hand' }
  const isNew = 'existing' in trigger && trigger.existing === 'process'
  return { event, given: isNew ? 'own' : 'as-if-new' }
}

async function foundNow(
  context: EngineContext,
  contract: Contract,
  spec: Trigger,
  signal: AbortSignal,
): Promise<Json> {
  try {
    const looked = await lookOnce(context, {
      owner: 'dry-run',
      contract,
      spec: asIfNew(spec),
      cursor: null,
      most: 1,
      longestMs: LONGEST_LOOK_MS,
      signal,
    })
    return looked.payloads[0] ?? null
  } catch (error) {
    // The script is played without it, and fails on what it needs of it in its own words.
    if (isFailureError(error)) return null
    throw error
  }
}

/** All that is there, also what came a moment ago. */
function asIfNew(spec: Trigger): Trigger {
  if (spec.kind === 'files') return { ...spec, existing: 'process', settleMs: 0 }
  return 'existing' in spec ? { ...spec, existing: 'process' } : spec
}

function delivery({ clock }: EngineContext, hook: string): Json {
  return {
    trigger: 'webhook',
    hook,
    delivery: 'dry-run',
    receivedAt: clock.now(),
    type: 'application/json',
    body: '{"example":true}',
    encoding: 'text',
    json: { example: true },
    headers: { 'content-type': 'application/json' },
    query: {},
  }
}

function told({
  state,
  script,
  counts,
  steps,
  stepsLeftOut,
  checks,
  failure,
}: RehearsalReport): Omit<DryRun, 'untouched' | 'given'> {
  const said = steps.filter(({ kind }) => kind === 'read' || kind === 'change' || kind === 'keep')
  return {
    state: state === 'running' ? 'stopped' : state,
    hash: script.hash,
    counts,
    lines: said.slice(0, MOST_LINES).map(({ sentence }) => sentence.slice(0, LONGEST_LINE).toWellFormed()),
    linesLeftOut: Math.max(0, said.length - MOST_LINES) + stepsLeftOut,
    missed: checks.filter(({ verdict }) => verdict === 'does-not-hold').map(({ text }) => text),
    failure: failure?.message ?? null,
  }
}
