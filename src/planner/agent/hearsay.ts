/**
 * Who named a place (P6): a person, in their own words or by connecting it, or nobody but the model. Once anything was
 * read from outside, what the model names may be that content's word, however it was written: nothing is then sent to
 * such a place, and before one is looked at, the person is told that they did not name it.
 */
import type { Contract } from '../../domain/contract.ts'
import type { ModelMessage } from '../../domain/model.ts'
import { isPromptBlock } from '../../domain/prompt-block.ts'
import { pathWithin } from '../../domain/places.ts'
import type { Draft, Looks } from './draft.ts'
import { coversHost } from './looks.ts'
import { namedIn } from './own-words.ts'
import type { OwnWords } from './own-words.ts'

/** What the person named in their own words, and what else counts. */
export interface Named extends OwnWords {
  /** Hosts that what they connected may be asked at. */
  connected: readonly string[]
  /** Something was read from outside, for this plan or one that it follows. */
  isTainted: boolean
}

export function whoNamed(
  thread: readonly ModelMessage[],
  { said, answers, isTainted }: Pick<Draft, 'said' | 'answers' | 'isTainted'>,
  { connected, home }: { connected: readonly string[]; home: string },
): Named {
  const told = thread.flatMap(message => (message.from === 'tools' ? message.answers : []))
  return {
    ...namedIn(said, home),
    connected,
    isTainted: isTainted || [...told, ...answers].some(({ text }) => isPromptBlock(text)),
  }
}

/** Places where a contract would send on nobody's word. */
export function hearsayIn(contract: Contract, before: Contract | null, named: Named): string[] {
  const known = new Set(before === null ? [] : placesOf(before))
  return [...new Set(placesOf(contract))].filter(place => !known.has(place) && isHearsay(place, named))
}

/** Of what would be looked at: what the person did not name. */
export function hearsayLooks({ hosts, paths }: Looks, named: Named): string[] {
  const isNamed = (path: string) => named.places.paths.some(known => pathWithin(known, path))
  const foreign = named.isTainted ? paths.filter(path => !isNamed(path)) : []
  return [...hosts.filter(host => isHearsay(host, named)), ...foreign]
}

function isHearsay(place: string, { places, addresses, connected, isTainted }: Named): boolean {
  if (!isTainted || connected.includes(place)) return false
  if (place.includes('@')) return !addresses.includes(place.toLowerCase())
  return !places.hosts.some(known => coversHost(known, place))
}

function placesOf({ changes }: Contract): string[] {
  return changes.flatMap(({ hosts = [], recipients = [] }) => [...hosts, ...recipients])
}
