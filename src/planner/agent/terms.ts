/**
 * What the host makes of a proposed contract before a person sees it (P3): powers that are hard to take back ask
 * first, and what is read in private goes nowhere but where the contract says. A model can propose less than this,
 * never more; only a person who has seen a question may do without it.
 */
import type { ChangeClause, Contract, ContractInput } from '../../domain/contract.ts'
import { hashJson, isJsonObject } from '../../domain/json.ts'
import type { Json } from '../../domain/json.ts'
import type { ToolShelf } from './ports.ts'

export interface Terms {
  contract: ContractInput
  /** What was changed, in words for the person. */
  notes: string[]
}

export interface Known {
  tools: ToolShelf
  /** Clauses that a card has shown as asking first, as `placesKey` has them. */
  askedFirst: readonly string[]
  /** What was confirmed before; null for something new. */
  before: Contract | null
}

const TAKES_AWAY = /trash|delete|remove|pay|buy|send|share|publish/i

/** What every contract has, whether or not a model writes it. Who is told nothing is not disturbed. */
export function completed(json: Json, zone: string): Json {
  if (!isJsonObject(json)) return json
  const { uses } = json
  const notifies = Array.isArray(uses) && uses.includes('tools/notify')
  return { zone, notifies, ...json, schema: 1 }
}

export function careful(contract: Contract, known: Known): Terms {
  const notes: string[] = []
  const changes = contract.changes.map(clause => {
    if (!mustAsk(clause, known)) return clause
    notes.push(`Asks you first before each ${clause.tool}, because it cannot always be taken back.`)
    const { above: _above, ...rest } = clause
    return { ...rest, approval: 'always' as const }
  })
  const flows = [...contract.flows, ...privateFlows(contract)]
  if (flows.length > contract.flows.length)
    notes.push('What it reads in your folders goes only to the places it may change.')
  return { contract: { ...contract, changes, flows }, notes }
}

/** A clause but for whether it asks: what is allowed without asking has to be exactly what was seen. */
export function placesKey({ approval: _approval, above: _above, ...clause }: ChangeClause): string {
  return hashJson(JSON.parse(JSON.stringify(clause)) as Json)
}

function mustAsk(clause: ChangeClause, { tools, askedFirst, before }: Known): boolean {
  if (clause.approval === 'always' || !isRisky(clause, tools)) return false
  const key = placesKey(clause)
  if (askedFirst.includes(key)) return false
  return before?.changes.some(old => old.approval !== 'always' && placesKey(old) === key) !== true
}

/** It leaves this computer, or takes something away. */
function isRisky(clause: ChangeClause, tools: ToolShelf): boolean {
  const leaves = (clause.hosts?.length ?? 0) + (clause.recipients?.length ?? 0) > 0
  return leaves || TAKES_AWAY.test(clause.tool) || tools.risk(clause.tool)?.risk === 'high'
}

/** Of folders that no flow speaks of, where something may leave this computer at all. */
function privateFlows({ reads, changes, flows, models }: Contract): Contract['flows'] {
  const leaving = changes.flatMap(({ hosts = [], recipients = [] }) => [...hosts, ...recipients])
  if (leaving.length === 0) return []
  const within = changes.flatMap(({ paths = [] }) => paths)
  const to = [...new Set([...leaving, ...within, ...(models ? ['models'] : [])])]
  return reads.paths.filter(path => !flows.some(({ from }) => from === path)).map(from => ({ from, to }))
}
