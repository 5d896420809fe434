/** An OTLP collector on this machine: takes traces as JSON over HTTP and remembers them. */
import { z } from 'zod'
import { serveHttp } from './loopback-server.ts'
import type { LoopbackServer } from './loopback-server.ts'

const attribute = z.object({ key: z.string(), value: z.record(z.string(), z.unknown()) })
const span = z.object({
  traceId: z.string().regex(/^[0-9a-f]{32}$/),
  spanId: z.string().regex(/^[0-9a-f]{16}$/),
  parentSpanId: z.string().optional(),
  name: z.string(),
  kind: z.int(),
  startTimeUnixNano: z.string(),
  endTimeUnixNano: z.string(),
  attributes: z.array(attribute),
  status: z.object({ code: z.int() }),
})
const request = z.object({
  resourceSpans: z.array(
    z.object({
      resource: z.object({ attributes: z.array(attribute) }),
      scopeSpans: z.array(z.object({ spans: z.array(span) })),
    }),
  ),
})

export interface SeenSpan {
  trace: string
  id: string
  parent: string | undefined
  name: string
  failed: boolean
  ms: number
  attributes: Record<string, unknown>
}

export interface Collector {
  server: LoopbackServer
  endpoint: string
  spans(): SeenSpan[]
  /** All that it was sent, as text. */
  text(): string
  /** From now on it takes requests and answers none, until it is let go on. */
  hang(): void
  goOn(): void
}

export async function startCollector(): Promise<Collector> {
  let hangs = false
  const held: (() => void)[] = []
  const server = await serveHttp((_request, response) => {
    const answer = () => response.writeHead(200, { 'content-type': 'application/json' }).end('{}')
    if (hangs) held.push(answer)
    else answer()
  })
  return {
    server,
    endpoint: server.url(''),
    spans: () => server.seen.filter(seen => seen.path === '/v1/traces').flatMap(seen => spansIn(seen.body)),
    text: () => server.seen.map(seen => seen.body + JSON.stringify(seen.headers)).join('\n'),
    hang: () => {
      hangs = true
    },
    goOn: () => {
      hangs = false
      for (const answer of held.splice(0)) answer()
    },
  }
}

function spansIn(body: string): SeenSpan[] {
  return request
    .parse(JSON.parse(body))
    .resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap(({ spans }) => spans))
    .map(each => ({
      trace: each.traceId,
      id: each.spanId,
      parent: each.parentSpanId,
      name: each.name,
      failed: each.status.code === 2,
      ms: Number(BigInt(each.endTimeUnixNano) - BigInt(each.startTimeUnixNano)) / 1e6,
      attributes: Object.fromEntries(each.attributes.map(({ key, value }) => [key, Object.values(value)[0]])),
    }))
}
