/** The planner's ports on this host: tools, examples, checks, looks around, dry runs, and the records of what was done. */
import os from 'node:os'
import type { Contract } from '../../../domain/contract.ts'
import { failureOf, isFailureError } from '../../../domain/failure.ts'
import { isJsonObject } from '../../../domain/json.ts'
import type { Json } from '../../../domain/json.ts'
import type { Explored, Past, PlanPorts, ScriptReport, ToolShelf } from '../../../planner/agent/ports.ts'
import type { TaskRow } from '../../store/tasks.ts'
import { contractOf, scriptOf, workflowById } from '../../store/workflows.ts'
import { runById } from '../../store/runs.ts'
import { maskForOthers } from '../../tools/network/redact.ts'
import type { ToolRegistry } from '../../tools/registry.ts'
import type { ScriptCheck } from '../check-script.ts'
import type { EngineContext } from '../context.ts'
import { entryTexts, listGallery, readGallery } from '../gallery.ts'
import type { GalleryOptions } from '../gallery.ts'
import { checkedContract } from '../install.ts'
import { refusePassed } from '../schedule/past.ts'
import { rehearse } from '../rehearse.ts'
import { reportOf } from '../rehearse/report.ts'
import { playFilled } from '../set-up/dry-run.ts'
import { automationView } from '../views/automations.ts'
import { runView, runsPage } from '../views/runs.ts'
import type { RunView } from '../views/runs.ts'
import { checkPlan } from './check.ts'
import type { PlanRoom } from './room.ts'

const LONGEST_LOOK_MS = 45_000
const MOST_FOUND = 20

export function planPorts(room: PlanRoom, task: TaskRow): PlanPorts {
  const { context, gallery } = room
  const { tools, clock } = context
  return {
    tools: toolShelf(tools),
    examples: {
      search: words => best(readGallery(gallery), words, entry => [entry.title, entry.promise].join(' ')),
      read: id => exampleOf(gallery, id),
    },
    connections: room.connections,
    contract: json => contractOrProblems(context, json, task.workflow_id),
    check: async (source, contract, signal) =>
      reportOfCheck(await checkPlan(context, source, contract, signal)),
    explore: (source, contract, signal) =>
      exploreWith(context, { source, contract, signal, taskId: task.id }),
    dryRun: (source, contract, signal) =>
      playFilled(context, { name: '', source, contract }, signal, {
        taskId: task.id,
        ...(task.workflow_id === null ? {} : { workflowId: task.workflow_id }),
      }),
    past: pastOf(context, task),
    home: () => gallery.home ?? os.homedir(),
    zone: () => gallery.zone ?? Intl.DateTimeFormat().resolvedOptions().timeZone,
    now: () => clock.now(),
  }
}

function toolShelf(tools: ToolRegistry): ToolShelf {
  const all = tools.list().map(tool => ({
    module: `tools/${tool.name.slice(0, tool.name.lastIndexOf('.'))}`,
    tool: tool.name,
    title: tool.title,
    text: `${tool.name} ${tool.title} ${tool.doc}`,
  }))
  return {
    overview: () =>
      tools
        .families()
        .map(family => {
          const own = all.filter(({ module }) => module === `tools/${family}`)
          return `tools/${family}: ${own.map(({ tool, title }) => `${tool.slice(family.length + 1)} (${title})`).join(', ')}`
        })
        .join('\n'),
    search: words => best(all, words, ({ text }) => text).slice(0, MOST_FOUND),
    declaration: module => tools.declarationText(module) ?? null,
    risk: name => {
      const tool = tools.get(name)
      if (tool === undefined) return null
      const risk = typeof tool.risk === 'function' ? 'medium' : tool.risk
      return { risk, writes: tool.effect === 'write' || typeof tool.effect === 'function' }
    },
  }
}

/** Those that have most of the words, best first; none that has none of them. */
function best<T>(all: readonly T[], words: string, textOf: (one: T) => string): T[] {
  const wanted = [...new Set(words.toLowerCase().match(/[\p{L}\p{N}]{3,}/gu) ?? [])].map(word =>
    word.slice(0, 6),
  )
  const scored = all.map(one => {
    const text = textOf(one).toLowerCase()
    return { one, score: wanted.filter(word => text.includes(word)).length }
  })
  return scored
    .filter(({ score }) => score > 0)
    .toSorted((a, b) => b.score - a.score)
    .map(({ one }) => one)
}

function exampleOf(gallery: GalleryOptions, id: string) {
  return listGallery(gallery).some(entry => entry.id === id) ? entryTexts(gallery, id) : null
}

function contractOrProblems(
  { store, clock }: EngineContext,
  json: Json,
  workflowId: string | null,
): { ok: true; contract: Contract } | { ok: false; problems: readonly string[] } {
  try {
    const contract = checkedContract(json, 'rehearsed')
    refusePassed(store, contract, clock.now(), { workflowId, done: 'rehearsed' })
    return { ok: true, contract }
  } catch (error) {
    if (!isFailureError(error)) throw error
    const { detail, message } = error.failure
    const issues = isJsonObject(detail ?? null) ? (detail as { issues?: unknown }).issues : undefined
    return { ok: false, problems: Array.isArray(issues) ? issues.map(String) : [message] }
  }
}

function reportOfCheck({ ok, problems }: ScriptCheck): ScriptReport {
  return {
    ok,
    problems: problems.map(({ severity, message, position }) => {
      const where =
        position === null ? '' : `line ${String(position.line)}, column ${String(position.column)}: `
      return `${severity}: ${where}${message}`
    }),
  }
}

async function exploreWith(
  context: EngineContext,
  {
    source,
    contract: json,
    ...rest
  }: { source: string; contract: Json; signal: AbortSignal; taskId: string },
): Promise<Explored> {
  try {
    const contract = checkedContract(json, 'rehearsed')
    context.tools.modulesOf(contract.uses)
    const startedAt = context.clock.now()
    const end = await rehearse(context, {
      contract,
      source,
      event: null,
      phase: 'explore',
      longestMs: LONGEST_LOOK_MS,
      ...rest,
    })
    const head = { id: '', automation: null, contract, version: null, startedAt }
    const { steps } = reportOf(context.tools, head, end)
    return {
      result: end.result,
      failure: end.failure?.message ?? null,
      steps: steps.map(({ sentence }) => sentence),
      refused: end.steps.flatMap(({ refused }) => (refused === null ? [] : [refused.reason])),
    }
  } catch (error) {
    if (!isFailureError(error)) throw error
    return { result: null, failure: failureOf(error).message, steps: [], refused: [] }
  }
}

/** Of the automation whose conversation it is; null while there is none. */
function pastOf(context: EngineContext, task: TaskRow): Past | null {
  const { store } = context
  const workflow = task.workflow_id === null ? undefined : workflowById(store, task.workflow_id)
  if (workflow === undefined || workflow.state === 'deleted') return null
  if (workflow.script_id === null || workflow.intent_id === null) return null
  const contract = contractOf(store, workflow.intent_id)
  return {
    name: workflow.name,
    contract: asJson(contract),
    source: scriptOf(store, workflow.script_id).source,
    overview: () => asJson(automationView(context, workflow)),
    runs: ({ state, limit }) =>
      asJson(
        runsPage(context, {
          workflowId: workflow.id,
          limit,
          ...(state === undefined ? {} : { state: state as never }),
        }),
      ),
    run: id => {
      const run = runById(store, id)
      return run?.workflow_id === workflow.id ? asJson(seenByModel(runView(context, run))) : null
    },
  }
}

/** What a run read, did and gave goes to the provider of a model: without what looks like a key. */
function seenByModel({ event, result, summary, steps, ...rest }: RunView) {
  return {
    ...rest,
    event: event === null ? null : { ...event, payload: maskForOthers(asJson(event.payload)) },
    result: maskForOthers(asJson(result)),
    summary: maskForOthers(summary),
    steps: steps.map(({ input, output, ...step }) => ({
      ...step,
      input: maskForOthers(asJson(input)),
      output: maskForOthers(asJson(output)),
    })),
  }
}

function asJson(value: unknown): Json {
  return JSON.parse(JSON.stringify(value)) as Json
}
