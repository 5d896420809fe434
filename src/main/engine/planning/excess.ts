/**
 * What a contract grants and a script has no use for: the smaller grant is the safer one. Says only what is surely so.
 * That a place is never touched shows in a rehearsal alone, since a script may be told of places by what it reads.
 */
import type { Contract } from '../../../domain/contract.ts'
import { declarationOf } from '../../../domain/triggers/list.ts'
import type { Touches } from '../../../domain/touches.ts'
import { hostMatches, pathWithin, recipientMatches } from '../../../domain/places.ts'
import { inspectScript } from '../../../sandbox/inspect.ts'
import type { ToolRegistry } from '../../tools/registry.ts'
import { toolsUsed } from '../check-script.ts'
import { factsOfScript } from '../script-facts.ts'

export interface Excess {
  /** Where it stands in the contract: `changes[1]`, `reads.hosts`. */
  clause: string
  message: string
}

/** Modules with which nothing outside of Steward can be reached by address, or by folder. */
const WITHOUT_HOSTS = new Set(
  [
    'archive',
    'files',
    'flow',
    'images',
    'llm',
    'log',
    'notes',
    'notify',
    'pdf',
    'state',
    'tables',
    'text',
  ].map(moduleOf),
)
const WITHOUT_FOLDERS = new Set(
  ['flow', 'llm', 'log', 'notes', 'notify', 'state', 'tables', 'text'].map(moduleOf),
)

function moduleOf(family: string): string {
  return `tools/${family}`
}

export function excessOf(tools: ToolRegistry, contract: Contract, source: string): Excess[] {
  const script = inspectScript(source)
  if (script.failure !== null) return []
  const facts = factsOfScript(source)
  return [
    ...unusedModules(contract, script.imports),
    ...unusedChanges(contract, toolsUsed(tools, facts)),
    ...unusedPowers(contract, tools, toolsUsed(tools, facts)),
    ...unusedItems(contract, script.eachNames),
    ...uselessPlaces(contract, script.imports),
  ]
}

function unusedModules({ uses }: Contract, imports: readonly string[]): Excess[] {
  return uses
    .filter(module => !imports.includes(module))
    .map(module => ({
      clause: 'uses',
      message: `The contract grants ${module}, which the script does not import. A smaller grant is a safer one.`,
    }))
}

function unusedChanges({ changes }: Contract, used: ReadonlySet<string>): Excess[] {
  return changes.flatMap(({ tool }, index) =>
    used.has(tool)
      ? []
      : {
          clause: `changes[${index}]`,
          message: `The contract lets ${tool} change things, and the script never calls it.`,
        },
  )
}

function unusedPowers(contract: Contract, tools: ToolRegistry, used: ReadonlySet<string>): Excess[] {
  const asksModels = [...used].some(name => tools.get(name)?.effect === 'model')
  return [
    ...(contract.models && !asksModels
      ? [{ clause: 'models', message: 'The contract lets a model be asked, and the script never asks one.' }]
      : []),
    ...(contract.publishes.length > 0 && !used.has('flow.publish')
      ? [
          {
            clause: 'publishes',
            message: 'The contract lets events be announced, and the script never calls flow.publish.',
          },
        ]
      : []),
  ]
}

function unusedItems({ items }: Contract, names: readonly (string | null)[]): Excess[] {
  if (names.includes(null)) return []
  return Object.keys(items)
    .filter(name => !names.includes(name))
    .map(name => ({
      clause: 'items',
      message: `The contract names the items “${name}”, and no each goes through them.`,
    }))
}

/** Places of a kind that nothing in use can reach. What triggers watch is theirs. */
function uselessPlaces(contract: Contract, imports: readonly string[]): Excess[] {
  const watched = watchedBy(contract)
  const useless = (kind: 'hosts' | 'paths', without: ReadonlySet<string>): Excess[] =>
    imports.every(module => without.has(module))
      ? contract.reads[kind]
          .filter(place => !watched.some(touches => covers(kind, place, touches)))
          .map(place => ({
            clause: `reads.${kind}`,
            message: `The contract lets ${place} be read, and no module that the script imports could.`,
          }))
      : []
  return [...useless('hosts', WITHOUT_HOSTS), ...useless('paths', WITHOUT_FOLDERS)]
}

function watchedBy({ when }: Contract): Touches[] {
  return when.flatMap(trigger => declarationOf(trigger).watch?.touches(trigger) ?? [])
}

type Kind = 'hosts' | 'paths' | 'accounts' | 'recipients'

/** Places that a script does not name, and that a whole rehearsal of it did not touch. */
export function untouchedBy(contract: Contract, source: string, touched: readonly Touches[]): Excess[] {
  const { texts } = factsOfScript(source)
  const all = [...touched, ...watchedBy(contract)]
  const isUnused = (kind: Kind, place: string): boolean =>
    !all.some(touches => covers(kind, place, touches)) && !texts.some(text => text.includes(bare(place)))
  const unused = (clause: string, kind: Kind, places: readonly string[] = []): Excess[] =>
    places
      .filter(place => isUnused(kind, place))
      .map(place => ({
        clause,
        message: `${place} is granted; the script does not name it, and the rehearsal did not touch it.`,
      }))
  const { reads, changes } = contract
  return [
    ...unused('reads.hosts', 'hosts', reads.hosts),
    ...unused('reads.paths', 'paths', reads.paths),
    ...unused('reads.accounts', 'accounts', reads.accounts),
    ...changes.flatMap((change, index) =>
      (['hosts', 'paths', 'accounts', 'recipients'] as const).flatMap(kind =>
        unused(`changes[${index}].${kind}`, kind, change[kind]),
      ),
    ),
  ]
}

/** What a script would write of it: the domain of a pattern, of a folder its own name. */
function bare(place: string): string {
  return place.replace(/^\*\.|^@/, '').replace(/[\\/]+$/, '')
}

function covers(kind: Kind, place: string, touches: Touches): boolean {
  switch (kind) {
    case 'hosts':
      return (touches.hosts ?? []).some(host => hostMatches(place, host.toLowerCase()))
    case 'paths':
      return (touches.paths ?? []).some(({ path }) => pathWithin(place, path))
    case 'recipients':
      return (touches.recipients ?? []).some(recipient => recipientMatches(place, recipient))
    case 'accounts':
      return touches.accounts?.includes(place) ?? false
  }
}
