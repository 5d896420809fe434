/** How each search provider is asked, and how its answer is read. Documented by them; nothing here keeps a key. */
import { z } from 'zod'
import { fail } from '../../../domain/failure.ts'
import type { HttpRequest } from '../network/client.ts'
import { readDate } from './dates.ts'
import { absoluteUrl } from './links.ts'
import type { SearchInput } from './search-input.ts'

export type ProviderKind = 'searxng' | 'brave' | 'tavily'

export interface SearchResult {
  url: string
  title: string
  snippet: string
  published: number | null
}

export interface SearchWay {
  ask: (
    input: SearchInput,
    url: string | undefined,
  ) => Pick<HttpRequest, 'url' | 'method' | 'headers' | 'body'>
  /** Fails as zod does when the answer is not of this kind. */
  read: (answer: unknown) => SearchResult[] | Promise<SearchResult[]>
}

const LONGEST_TITLE = 500
const LONGEST_SNIPPET = 2_000
const ACCEPT = { accept: 'application/json' }

const word = z.string().nullish()
const searxngAnswer = z.object({
  results: z.array(z.object({ url: word, title: word, content: word, publishedDate: word })),
})
const braveAnswer = z.object({
  web: z
    .object({ results: z.array(z.object({ url: word, title: word, description: word, page_age: word })) })
    .nullish(),
})
const tavilyAnswer = z.object({
  results: z.array(z.object({ url: word, title: word, content: word, published_date: word })),
})

const BRAVE_SINCE = { day: 'pd', week: 'pw', month: 'pm', year: 'py' } as const

export const PROVIDERS: Readonly<Record<ProviderKind, SearchWay>> = {
  searxng: {
    ask: ({ query, page, since, language }, url = '') => {
      const values = { q: query, format: 'json', pageno: page, time_range: since, language }
      return { url: addressOf(`${url.replace(/\/+$/, '')}/search`, values), headers: ACCEPT }
    },
    read: answer =>
      searxngAnswer.parse(answer).results.flatMap(found => {
        return resultOf(found.url, found.title, found.content, found.publishedDate)
      }),
  },
  brave: {
    ask: ({ query, count, page, since, language }, url = 'https://api.search.brave.com') => {
      const freshness = since === undefined ? undefined : BRAVE_SINCE[since]
      const paging = { count, offset: page - 1, text_decorations: 'false' }
      const values = { q: query, ...paging, freshness, search_lang: language }
      return { url: addressOf(`${url}/res/v1/web/search`, values), headers: ACCEPT }
    },
    read: async answer => {
      // Brave marks its texts up as HTML; what reads that is loaded when it is needed.
      const { plainText } = await import('./plain-text.ts')
      const plain = (html: Word): string => plainText((html ?? '').slice(0, 2 * LONGEST_SNIPPET))
      return (braveAnswer.parse(answer).web?.results ?? []).flatMap(found => {
        return resultOf(found.url, plain(found.title), plain(found.description), found.page_age)
      })
    },
  },
  tavily: {
    ask: ({ query, count, page, since }, url = 'https://api.tavily.com') => {
      if (page > 1) onlyFirstPage()
      const asked = { query, max_results: count, ...(since === undefined ? {} : { time_range: since }) }
      return {
        url: `${url}/search`,
        method: 'POST',
        headers: { ...ACCEPT, 'content-type': 'application/json' },
        body: JSON.stringify(asked),
      }
    },
    read: answer =>
      tavilyAnswer.parse(answer).results.flatMap(found => {
        return resultOf(found.url, found.title, found.content, found.published_date)
      }),
  },
}

function addressOf(base: string, values: Readonly<Record<string, string | number | undefined>>): string {
  const url = new URL(base)
  for (const [name, value] of Object.entries(values)) {
    if (value !== undefined) url.searchParams.set(name, String(value))
  }
  return url.href
}

type Word = string | null | undefined

/** What has no address that can be visited is no result. */
function resultOf(address: Word, title: Word, snippet: Word, date: Word): SearchResult[] {
  const url = absoluteUrl(address ?? '', 'about:blank')
  if (url === null) return []
  return [
    {
      url,
      title: tidy(title, LONGEST_TITLE),
      snippet: tidy(snippet, LONGEST_SNIPPET),
      published: readDate(date),
    },
  ]
}

function tidy(text: Word, length: number): string {
  return (text ?? '').replaceAll(/\s+/g, ' ').trim().slice(0, length).toWellFormed()
}

function onlyFirstPage(): never {
  return fail({
    kind: 'invalid-input',
    path: 'page',
    message: 'Tavily gives only the first page of results. Nothing was searched.',
    detail: { sent: 'no' },
  })
}
