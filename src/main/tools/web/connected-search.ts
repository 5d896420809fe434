/** Searching by whichever search provider is connected: its kind, its place and its credential, looked up for each search. */
import { fail } from '../../../domain/failure.ts'
import type { Connections } from '../../connections/desk.ts'
import { PROVIDERS, type ProviderKind } from './search-providers.ts'
import type { SearchProviderSource } from './search.ts'

export function connectedSearch(connections: Connections): SearchProviderSource {
  return async () => {
    const { connection, credential } = await connections.useFor('search')
    const { name, kind, settings } = connection
    if (!isKnown(kind)) return unknownKind(kind)
    return {
      kind,
      credential,
      ...(settings['url'] === undefined ? {} : { url: settings['url'] }),
      refused: (host, status) => connections.refused(name, host, status),
    }
  }
}

function isKnown(kind: string): kind is ProviderKind {
  return Object.hasOwn(PROVIDERS, kind)
}

function unknownKind(kind: string): never {
  fail({ kind: 'internal', message: `Nothing is known about searching with ${kind}. Nothing was sent.` })
}
