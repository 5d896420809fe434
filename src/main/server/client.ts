/**
 * The local API as its clients call it: paths, what they take and what they answer are the types of the operations
 * that the server declares, so nothing is described twice. Runs wherever there is `fetch`: in a page, in a terminal.
 * Owns the form of requests and answers; how they travel (to whom, with what proof) is given to it as `Send`.
 */
import type { AnswerOf, Ask, AskFile, FilePath, ItemOf, ListPath, News, PathOf, Problem } from './api.ts'

/** Carries a request to the server, and brings its answer whatever that is. */
export type Send = (path: string, init: RequestInit) => Promise<Response>

/** What the stream tells: that it begins, that something changed, or that everything is to be read anew. */
export type Told = { id: string } & (
  { event: 'ready' } | { event: 'reset' } | { event: 'change'; news: News }
)

interface Input {
  param?: Readonly<Record<string, string>>
  query?: Readonly<Record<string, string | undefined>>
  json?: unknown
}

const MOST_ROWS = '200'
const FIRST_PAUSE_MS = 1_000
const LONGEST_PAUSE_MS = 30_000

/** What the server refused or could not do, in its words. */
export class ApiError extends Error {
  readonly problem: Problem

  constructor(problem: Problem) {
    super(problem.detail)
    this.problem = problem
  }
}

export class ApiClient {
  readonly #send: Send

  constructor(send: Send) {
    this.#send = send
  }

  get<P extends PathOf<'get'>>(path: P, ...[input]: Ask<'get', P>): Promise<AnswerOf<'get', P>> {
    return this.#ask('GET', path, input)
  }

  post<P extends PathOf<'post'>>(path: P, ...[input]: Ask<'post', P>): Promise<AnswerOf<'post', P>> {
    return this.#ask('POST', path, input)
  }

  delete<P extends PathOf<'delete'>>(path: P, ...[input]: Ask<'delete', P>): Promise<AnswerOf<'delete', P>> {
    return this.#ask('DELETE', path, input)
  }

  /** Changes a part of what is there, as it is now. */
  async change<P extends PathOf<'get'> & PathOf<'patch'>>(
    path: P,
    ...[input]: Ask<'patch', P>
  ): Promise<AnswerOf<'patch', P>> {
    const { param }: Input = input ?? {}
    const now = await this.#request('GET', path, param === undefined ? {} : { param })
    await now.body?.cancel()
    return this.#ask('PATCH', path, input, { 'if-match': now.headers.get('etag') ?? '' })
  }

  /** Every item of a list that is paged. */
  async all<P extends ListPath>(path: P, ...[input]: Ask<'get', P>): Promise<ItemOf<P>[]> {
    const items: ItemOf<P>[] = []
    const { query, ...rest }: Input = input ?? {}
    for (let cursor: string | undefined; ;) {
      const page = await this.#ask<{ items: ItemOf<P>[]; next: string | null }>('GET', path, {
        ...rest,
        query: { ...query, limit: MOST_ROWS, cursor },
      })
      items.push(...page.items)
      if (page.next === null) return items
      cursor = page.next
    }
  }

  /** A file, as it comes. */
  async file<P extends FilePath>(path: P, ...[input]: AskFile<P>): Promise<ReadableStream<Uint8Array>> {
    const { body } = await this.#request('GET', path, input)
    return body ?? new ReadableStream()
  }

  /**
   * What changes from now on, or since `last`, until `signal`. Where the connection breaks it is made anew, and goes
   * on after what came last; only what keeps the first one from being made is thrown.
   */
  async *changes({ last, signal }: { last?: string; signal: AbortSignal }): AsyncGenerator<Told, void> {
    let place = last
    let pause = 0
    const isOver = () => signal.aborted
    while (!isOver()) {
      try {
        for await (const told of this.#listen(place, signal)) {
          place = told.id
          pause = FIRST_PAUSE_MS / 2
          yield told
        }
      } catch (error) {
        if (isOver()) return
        if (pause === 0) throw error
      }
      pause = Math.min(Math.max(2 * pause, FIRST_PAUSE_MS), LONGEST_PAUSE_MS)
      await passed(pause, signal)
    }
  }

  async *#listen(last: string | undefined, signal: AbortSignal): AsyncGenerator<Told, void> {
    const headers = last === undefined ? {} : { 'last-event-id': last }
    const { body } = await this.#request('GET', '/stream', undefined, headers, signal)
    const reader = (body ?? new ReadableStream()).pipeThrough(new TextDecoderStream()).getReader()
    try {
      for (let text = ''; ;) {
        const { done, value } = await reader.read()
        if (done) return
        const blocks = (text + value).split('\n\n')
        text = blocks.pop() ?? ''
        for (const block of blocks) {
          const told = toldIn(block)
          if (told !== null) yield told
        }
      }
    } finally {
      await reader.cancel()
    }
  }

  async #ask<T>(
    method: string,
    path: string,
    input: Input | undefined,
    headers?: Record<string, string>,
  ): Promise<T> {
    const answer = await this.#request(method, path, input, headers)
    return (await answer.json()) as T
  }

  async #request(
    method: string,
    path: string,
    input: Input = {},
    headers: Record<string, string> = {},
    signal?: AbortSignal,
  ): Promise<Response> {
    const { json } = input
    const answer = await this.#send(placeOf(path, input), {
      method,
      headers: { ...headers, ...(json === undefined ? {} : { 'content-type': 'application/json' }) },
      redirect: 'error',
      ...(json === undefined ? {} : { body: JSON.stringify(json) }),
      ...(signal === undefined ? {} : { signal }),
    })
    if (answer.ok) return answer
    throw new ApiError(await problemIn(answer))
  }
}

function placeOf(path: string, { param = {}, query = {} }: Input): string {
  const filled = path.replaceAll(/:(\w+)/g, (_, name: string) => segment(param[name] ?? ''))
  const search = new URLSearchParams()
  for (const [name, value] of Object.entries(query)) if (value !== undefined) search.set(name, value)
  return `/api/v1${filled}${search.size === 0 ? '' : `?${search.toString()}`}`
}

/** One part of a path. What an address would resolve to another part is not sent. */
function segment(text: string): string {
  if (!['', '.', '..'].includes(text)) return encodeURIComponent(text)
  throw new ApiError(strange(404, `There is nothing by the name “${text}”. Nothing was changed.`))
}

async function problemIn(answer: Response): Promise<Problem> {
  const type = answer.headers.get('content-type') ?? ''
  if (type.startsWith('application/problem+json')) return (await answer.json()) as Problem
  return strange(
    answer.status,
    `What answered at ${new URL(answer.url).origin} is not this Steward (status ${String(answer.status)}). Nothing is known to have been done.`,
  )
}

function strange(status: number, detail: string): Problem {
  return { type: 'about:blank', title: 'The request failed', status, detail }
}

/** Null for a comment: a sign of life. */
function toldIn(block: string): Told | null {
  const field = (name: string) => new RegExp(`^${name}: (.*)$`, 'm').exec(block)?.[1]
  const event = field('event')
  const id = field('id') ?? ''
  if (event === 'ready' || event === 'reset') return { event, id }
  return event === 'change' ? { event, id, news: JSON.parse(field('data') ?? '') as News } : null
}

function passed(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise(resolve => {
    const end = () => {
      clearTimeout(timer)
      signal.removeEventListener('abort', end)
      resolve()
    }
    const timer = setTimeout(end, ms)
    signal.addEventListener('abort', end)
  })
}
