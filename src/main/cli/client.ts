/** Talks to the running core: finds it through the data folder, shows the folder's token, turns its problems into exits. */
import { dataFolder, readToken, runningCore } from '../home.ts'
import type { Page, Problem } from '../server/api.ts'
import { CommandFailed, EXIT } from './exit.ts'
import type { ExitCode } from './exit.ts'

/** More than the longest a core lets a client wait. */
const TIMEOUT_MS = 120_000

type Method = 'GET' | 'POST' | 'PATCH' | 'DELETE'

export class CoreClient {
  readonly #url: string
  readonly #token: string

  constructor(url: string, token: string) {
    this.#url = url
    this.#token = token
  }

  /** Where something of this core is, from this machine. */
  at(path: string): string {
    return `${this.#url}${path}`
  }

  get<T>(path: string): Promise<T> {
    return this.#request<T>('GET', path)
  }

  /** Every item of a list that is paged. */
  async all<T>(path: string): Promise<T[]> {
    const items: T[] = []
    for (let cursor: string | undefined; ;) {
      const query = queryOf({ limit: '200', cursor })
      const page = await this.get<Page<T>>(
        path.includes('?') ? `${path}&${query.slice(1)}` : `${path}${query}`,
      )
      items.push(...page.items)
      if (page.next === null) return items
      cursor = page.next
    }
  }

  post<T>(path: string, body?: unknown): Promise<T> {
    return this.#request<T>('POST', path, body)
  }

  delete<T>(path: string): Promise<T> {
    return this.#request<T>('DELETE', path)
  }

  /** Changes a part of what is there, as it is now. */
  async change<T>(path: string, edit: unknown): Promise<T> {
    const now = await this.#send('GET', path, undefined)
    const text = await now.text()
    if (!now.ok) throw failedBy(now, text)
    return this.#request<T>('PATCH', path, edit, { 'if-match': now.headers.get('etag') ?? '' })
  }

  async #request<T>(
    method: Method,
    path: string,
    body?: unknown,
    headers?: Readonly<Record<string, string>>,
  ): Promise<T> {
    const answer = await this.#send(method, path, body, headers)
    const text = await answer.text()
    if (answer.ok) return JSON.parse(text) as T
    throw failedBy(answer, text)
  }

  async #send(
    method: Method,
    path: string,
    body: unknown,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<Response> {
    try {
      return await fetch(`${this.#url}/api/v1${path}`, {
        method,
        headers: {
          ...headers,
          authorization: `Bearer ${this.#token}`,
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        redirect: 'error',
        signal: AbortSignal.timeout(TIMEOUT_MS),
      })
    } catch (error) {
      if (!(error instanceof Error)) throw error
      const slow = error.name === 'TimeoutError'
      throw new CommandFailed(
        EXIT.noCore,
        slow
          ? `Steward at ${this.#url} did not answer for ${String(TIMEOUT_MS / 1_000)} s. Whether it did what was asked is not known: look with steward runs.`
          : `Steward at ${this.#url} could not be reached. Whether it did what was asked is not known. Start it with: steward serve`,
        'Steward did not answer',
      )
    }
  }
}

/** The core of this data folder, if one runs. */
export function findCore(folder = dataFolder()): CoreClient | undefined {
  const note = runningCore(folder)
  const token = readToken(folder)
  return note === undefined || token === undefined ? undefined : new CoreClient(note.url, token)
}

export function theCore(folder = dataFolder()): CoreClient {
  const core = findCore(folder)
  if (core !== undefined) return core
  throw new CommandFailed(
    EXIT.noCore,
    `No Steward runs for the data folder ${folder}. Nothing was done. Start it with: steward serve`,
    'No Steward runs',
  )
}

function failedBy(answer: Response, text: string): CommandFailed {
  const problem = problemIn(text)
  if (problem === undefined) {
    return new CommandFailed(
      EXIT.failed,
      `What answered at ${new URL(answer.url).origin} is not this Steward (status ${String(answer.status)}). Nothing is known to have been done.`,
    )
  }
  return new CommandFailed(codeFor(answer.status), problem.detail, problem.title)
}

function problemIn(text: string): Problem | undefined {
  try {
    const json = JSON.parse(text) as Partial<Problem> | null
    return typeof json?.detail === 'string' && typeof json.title === 'string' ? (json as Problem) : undefined
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}

function codeFor(status: number): ExitCode {
  return status === 400 || status === 404 || status === 413 || status === 422 ? EXIT.usage : EXIT.failed
}

/** A path of the API with its parts encoded. */
export function pathTo(...parts: readonly string[]): string {
  return parts.map(part => `/${encodeURIComponent(part)}`).join('')
}

export function queryOf(values: Readonly<Record<string, string | undefined>>): string {
  const query = new URLSearchParams()
  for (const [name, value] of Object.entries(values)) if (value !== undefined) query.set(name, value)
  return query.size === 0 ? '' : `?${query.toString()}`
}
