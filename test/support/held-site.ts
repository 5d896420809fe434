/** A site on loopback that answers at once, except where a test holds the answers of a path back or chooses them. */
import type { ServerResponse } from 'node:http'
import { serveHttp } from './loopback-server.ts'
import type { LoopbackServer } from './loopback-server.ts'

export interface HeldSite extends LoopbackServer {
  /** From now on nobody who asks for this path is answered. */
  hold(path: string): void
  /** Answers whoever waits for this path, and everyone after. */
  release(path: string): void
  /** The status this path is answered with from now on; 200 unless told. */
  answer(path: string, status: number): void
  /** What was asked for so far, in order. */
  paths(): string[]
}

export async function serveHeld(): Promise<HeldSite> {
  const held = new Set<string>()
  const waiting = new Map<string, ServerResponse[]>()
  const statuses = new Map<string, number>()
  const end = (path: string, response: ServerResponse) => {
    response.writeHead(statuses.get(path) ?? 200, { 'content-type': 'application/json' })
    response.end('{}')
  }
  const server = await serveHttp(({ path }, response) => {
    if (held.has(path)) waiting.set(path, [...(waiting.get(path) ?? []), response])
    else end(path, response)
  })
  return {
    ...server,
    hold: path => held.add(path),
    release: path => {
      held.delete(path)
      for (const response of waiting.get(path) ?? []) end(path, response)
      waiting.delete(path)
    },
    answer: (path, status) => statuses.set(path, status),
    paths: () => server.seen.map(request => request.path),
  }
}
