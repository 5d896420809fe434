/** The HTTP client with somebody told of every request that leaves and of its end; never of what it carries. */
import { failureOf } from '../../../domain/failure.ts'
import type { FailureKind } from '../../../domain/failure.ts'
import type { HttpAnswer, HttpClient, HttpRequest } from './client.ts'
import { statusOf } from './failures.ts'
import type { Headers } from './headers.ts'

export interface ObservedRequest {
  method: string
  /** Name and port; undefined where the address could not be read. */
  host: string | undefined
}

export interface RequestEnd {
  /** Of the last answer that was seen, also of one that was refused. */
  status: number | null
  kind: FailureKind | undefined
}

export type ObserveRequest = (request: ObservedRequest) => {
  /** What the request carries beside its own. */
  headers: Headers
  ended: (end: RequestEnd) => void
}

export function observed(client: HttpClient, observe: ObserveRequest): HttpClient {
  return {
    hosts: client.hosts,
    connectivity: client.connectivity,
    close: () => client.close(),
    request: request => observedRequest(client, observe, request),
  }
}

async function observedRequest(
  client: HttpClient,
  observe: ObserveRequest,
  request: HttpRequest,
): Promise<HttpAnswer> {
  const { headers, ended } = observe({ method: request.method ?? 'GET', host: hostOf(request.url) })
  try {
    const answer = await client.request({ ...request, headers: besides(request.headers, headers) })
    ended({ status: answer.status, kind: undefined })
    return answer
  } catch (error) {
    const failure = failureOf(error)
    ended({ status: statusOf(failure), kind: failure.kind })
    throw error
  }
}

/** What the caller says goes first, however it is spelled. */
function besides(own: Headers = {}, more: Headers): Headers {
  const said = new Set(Object.keys(own).map(name => name.toLowerCase()))
  return { ...Object.fromEntries(Object.entries(more).filter(([name]) => !said.has(name))), ...own }
}

function hostOf(url: string): string | undefined {
  return URL.canParse(url) ? new URL(url).host : undefined
}
