/**
 * Who named a place (P6): a person, in their own words or by connecting it, or nobody but the model. Once anything was
 * read from outside, what the model names may be that content's word, however it was written: nothing is then sent to
 * such a place, and before one is looked at, the person is told that they did not name it.
 */
import type { Contract } from '../../domain/contract.ts'
import type { ModelMessage } from '../../domain/model.ts'
import { isPromptBlock } from '../../domain/prompt-block.ts'
import type { Looks } from './draft.ts'

export interface Named {
  /** All that the person said, lower case. */
  said: string
  /** Hosts that what they connected may be asked at. */
  connected: readonly string[]
  /** Something was read from outside in this conversation. */
  isTainted: boolean
}

export function namedIn(
  thread: readonly ModelMessage[],
  answers: readonly { text: string }[],
  connected: readonly string[],
): Named {
  const said = thread.flatMap(message => (message.from === 'user' ? [message.text.toLowerCase()] : []))
  const told = thread.flatMap(message => (message.from === 'tools' ? message.answers : []))
  return {
    said: said.join('\n'),
    connected,
    isTainted: [...told, ...answers].some(({ text }) => isPromptBlock(text)),
  }
}

/** Places where a contract would send on nobody's word. */
export function hearsayIn(contract: Contract, before: Contract | null, named: Named): string[] {
  const known = new Set(before === null ? [] : placesOf(before))
  return [...new Set(placesOf(contract))].filter(place => !known.has(place) && isHearsay(place, named))
}

/** Of what would be looked at: what the person did not name. */
export function hearsayLooks({ hosts, paths }: Looks, named: Named): string[] {
  return [...hosts, ...paths].filter(place => isHearsay(place, named))
}

function isHearsay(place: string, { said, connected, isTainted }: Named): boolean {
  const bare = place.toLowerCase().replace(/^\*\./, '').replace(/^@/, '')
  return isTainted && !said.includes(bare) && !connected.includes(place)
}

function placesOf({ changes }: Contract): string[] {
  return changes.flatMap(({ hosts = [], recipients = [] }) => [...hosts, ...recipients])
}
