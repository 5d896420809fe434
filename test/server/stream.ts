/** A client of the stream over a real connection, which can also stop reading. */
import http from 'node:http'
import type { Core } from '../../src/main/core.ts'

export interface Told {
  event: string
  id: string
  data: Record<string, unknown>
}

export interface StreamClient {
  status: number
  headers: http.IncomingHttpHeaders
  /** Everything that came so far. */
  told: Told[]
  /** Comments: signs of life. */
  comments: number
  /** How many bytes came so far. */
  bytes: number
  isOver: boolean
  /** Resolves with the first that matches, also of those that came before; rejects with what came instead. */
  until(matches: (told: Told) => boolean): Promise<Told>
  stopReading(): void
  readOn(): void
  close(): void
}

export interface StreamRequest {
  last?: string | undefined
  headers?: Record<string, string>
  path?: string
}

const PATIENCE_MS = 30_000

export function openStream(
  core: Pick<Core, 'server' | 'token'>,
  ask: StreamRequest = {},
): Promise<StreamClient> {
  return new Promise((resolve, reject) => {
    const request = http.get(
      {
        host: '127.0.0.1',
        port: core.server.port,
        path: ask.path ?? '/api/v1/stream',
        agent: false,
        headers: {
          authorization: `Bearer ${core.token}`,
          ...(ask.last === undefined ? {} : { 'last-event-id': ask.last }),
          ...ask.headers,
        },
      },
      answer => {
        resolve(clientOf(request, answer))
      },
    )
    request.on('error', reject)
  })
}

function clientOf(request: http.ClientRequest, answer: http.IncomingMessage): StreamClient {
  const waiting = new Set<() => void>()
  const wake = () => {
    for (const each of waiting) each()
  }
  let text = ''
  const client: StreamClient = {
    status: answer.statusCode ?? 0,
    headers: answer.headers,
    told: [],
    comments: 0,
    bytes: 0,
    isOver: false,
    until: matches => untilOf(client, waiting, matches),
    stopReading: () => answer.pause(),
    readOn: () => answer.resume(),
    close: () => request.destroy(),
  }
  answer.setEncoding('utf8')
  answer.on('data', (chunk: string) => {
    client.bytes += chunk.length
    const blocks = (text + chunk).split('\n\n')
    text = blocks.pop() ?? ''
    for (const block of blocks) {
      const told = toldIn(block)
      if (told === null) client.comments++
      else client.told.push(told)
    }
    wake()
  })
  const end = () => {
    client.isOver = true
    wake()
  }
  // Its own end, and being cut off: both are an end here.
  answer.on('error', end)
  answer.on('close', end)
  request.on('error', end)
  return client
}

/** Looks at what came, and again whenever something more has. */
function untilOf(
  client: StreamClient,
  waiting: Set<() => void>,
  matches: (told: Told) => boolean,
): Promise<Told> {
  return new Promise((resolve, reject) => {
    const giveUp = (why: string) => {
      waiting.delete(look)
      reject(new Error(`${why} after ${JSON.stringify(client.told.slice(-20))}`))
    }
    const patience = setTimeout(giveUp, PATIENCE_MS, 'nothing like it came')
    let seen = 0
    const look = () => {
      const found = client.told.slice(seen).find(matches)
      seen = client.told.length
      if (found === undefined && !client.isOver) return
      clearTimeout(patience)
      if (found === undefined) giveUp('the stream ended')
      else {
        waiting.delete(look)
        resolve(found)
      }
    }
    waiting.add(look)
    look()
  })
}

function toldIn(block: string): Told | null {
  const field = (name: string) => new RegExp(`^${name}: (.*)$`, 'm').exec(block)?.[1]
  const event = field('event')
  if (event === undefined) return null
  return { event, id: field('id') ?? '', data: JSON.parse(field('data') ?? '{}') as Told['data'] }
}
