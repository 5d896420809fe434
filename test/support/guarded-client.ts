/** Guarded clients and servers of a test, which end with it. */
import { afterEach, expect } from 'vitest'
import { failureOf } from '../../src/domain/failure.ts'
import type { Failure } from '../../src/domain/failure.ts'
import { createHttpClient } from '../../src/main/tools/network/client.ts'
import type { HttpClient, HttpClientOptions, HttpRequest } from '../../src/main/tools/network/client.ts'
import { serveBytes, serveHttp } from './loopback-server.ts'
import type { Answer, LoopbackServer } from './loopback-server.ts'

const closing: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closing.splice(0)) await close()
})

export function open(options: Partial<HttpClientOptions> = {}): HttpClient {
  const client = createHttpClient({ now: () => Date.UTC(2026, 0, 1), ...options })
  closing.unshift(() => client.close())
  return client
}

export async function serve(answer: Answer): Promise<LoopbackServer> {
  const server = await serveHttp(answer)
  closing.push(() => server.close())
  return server
}

export async function serveRaw(...given: Parameters<typeof serveBytes>): Promise<LoopbackServer> {
  const server = await serveBytes(...given)
  closing.push(() => server.close())
  return server
}

export const ask = (url: string, more: Partial<HttpRequest> = {}): HttpRequest => ({
  url,
  allowHost: () => true,
  mayVisit: () => true,
  ...more,
})

export async function failureFrom(work: Promise<unknown>): Promise<Failure> {
  return work.then(
    () => expect.unreachable('it did not fail'),
    (error: unknown) => failureOf(error),
  )
}
