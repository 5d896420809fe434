/** `web.search`: asks whichever search provider the user has set up. Each provider is one entry of a table. */
import { z } from 'zod'
import { fail, FailureError, isFailureError, type Failure } from '../../../domain/failure.ts'
import type { Json } from '../../../domain/json.ts'
import { defineTool, type ToolContext, type ToolDeclaration } from '../../../domain/tool.ts'
import type { HttpRequest } from '../network/client.ts'
import { statusOf } from '../network/failures.ts'
import { maskText } from '../network/redact.ts'
import { parseTarget } from '../network/target.ts'
import { decodeText } from './charset.ts'
import type { WebReader } from './reader.ts'
import { searchInput, type SearchInput } from './search-input.ts'
import { PROVIDERS, type ProviderKind, type SearchResult } from './search-providers.ts'

/** A provider as the user has set it up, for one search. */
export interface SearchProvider {
  kind: ProviderKind
  /** Where it answers; only SearXNG has no place of its own. */
  url?: string
  /** What proves to it who asks; attached to its own origin only. */
  credential?: HttpRequest['credential']
  /** Told when the provider did not accept the credential; says what that means. */
  refused?: (host: string, status: number) => Promise<Failure>
}

/** Asked anew for every search; null where nothing is set up. May fail, for example while a vault is locked. */
export type SearchProviderSource = () => Promise<SearchProvider | null>

const NAME = 'web.search'
/** The setting that a search waits for, and the account that a contract has to list. */
export const SEARCH = 'search'
const TIMEOUT_MS = 30_000
const MAX_BYTES = 4_194_304

const output = z.strictObject({
  provider: z.enum(['searxng', 'brave', 'tavily']),
  results: z.array(
    z.strictObject({
      url: z.string(),
      title: z.string(),
      snippet: z.string(),
      published: z.int().nullable().describe('UTC ms, where the provider says.'),
    }),
  ),
})
type Output = z.output<typeof output>

export function searchTool(reader: WebReader, source: SearchProviderSource): ToolDeclaration {
  return defineTool<SearchInput, Output>({
    name: NAME,
    version: 1,
    title: 'Search the web',
    doc: 'Searches the web with the provider that the user has set up: a SearXNG instance, Brave or Tavily. The contract lists the account `search`. Where none is set up, the run waits for it (not-connected).',
    effect: 'read',
    risk: 'low',
    idempotency: 'natural',
    input: searchInput,
    output,
    positional: ['query'],
    // Where it goes is the user's setting; what goes out is the query.
    touches: () => ({ accounts: [SEARCH], egress: true }),
    timeoutMs: TIMEOUT_MS + 5_000,
    run: async (given, context) => {
      const provider = (await source()) ?? notSetUp()
      return { provider: provider.kind, results: await search(reader, provider, given, context) }
    },
    redact: given => ({ ...given, query: maskText(given.query) }) as Json,
    describe: ({ query }, done) => {
      const asked = `Searched the web for “${maskText(query).slice(0, 80)}”`
      return done === undefined ? asked : `${asked}: ${done.results.length} results`
    },
  })
}

async function search(
  reader: WebReader,
  provider: SearchProvider,
  given: SearchInput,
  context: ToolContext,
): Promise<SearchResult[]> {
  const { kind, credential } = provider
  const asked = PROVIDERS[kind].ask(given, provider.url)
  const { host } = parseTarget(asked.url)
  try {
    const answer = await reader.client.request({
      ...asked,
      ...(credential === undefined ? {} : { credential }),
      // The user has named it, in the settings instead of the contract.
      allowHost: named => named === host,
      mayVisit: () => false,
      beforeHop: reader.paced(context),
      timeoutMs: TIMEOUT_MS,
      maxBytes: MAX_BYTES,
      signal: context.signal,
    })
    const { text } = decodeText(answer.body, answer.headers['content-type'])
    return (await PROVIDERS[kind].read(parse(text))).slice(0, given.count)
  } catch (error) {
    if (error instanceof z.ZodError || error instanceof SyntaxError) unreadable(host)
    throw isFailureError(error) ? await explained(error, provider, host) : error
  }
}

function parse(text: string): unknown {
  return JSON.parse(text)
}

async function explained(error: FailureError, provider: SearchProvider, host: string): Promise<FailureError> {
  const status = statusOf(error.failure)
  if (error.failure.kind !== 'rejected' || status === null) return error
  if (provider.kind === 'searxng' && status === 403) return new FailureError(noJson(host))
  if (status !== 401 && status !== 403) return error
  return new FailureError((await provider.refused?.(host, status)) ?? notAccepted(host, status))
}

function notSetUp(): never {
  return fail({
    kind: 'not-connected',
    setting: SEARCH,
    message:
      'No search provider was set up, so nothing was searched. Connect a SearXNG instance, Brave or Tavily as “search”.',
    detail: { sent: 'no' },
  })
}

function notAccepted(host: string, status: number): Failure {
  return {
    kind: 'auth-expired',
    connection: SEARCH,
    message: `${host} answered ${status}: it did not accept the key for searching. Nothing was found. Replace the key of “search”.`,
    detail: { status, host },
  }
}

function noJson(host: string): Failure {
  return {
    kind: 'rejected',
    host,
    status: 403,
    message: `${host} gives no JSON to programs, so nothing was searched. Its owner can add json to search.formats in its settings.yml.`,
    detail: { status: 403, host },
  }
}

function unreadable(host: string): never {
  return fail({
    kind: 'bad-response',
    host,
    message: `${host} did not answer as a search provider of its kind does. Nothing of it was used.`,
    detail: { reason: 'answer', host },
  })
}
