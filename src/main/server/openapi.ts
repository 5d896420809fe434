/**
 * The document of the local API (OpenAPI 3.1): made from the operations as they are declared, with the very schemas
 * that requests are read by and answers are held against, so that it cannot say anything else than the server does.
 */
import { z } from 'zod'
import { answers } from './answers.ts'
import type { AnswerName } from './answers.ts'
import { OPEN_PATHS } from './guard.ts'
import { operationOf } from './operation.ts'
import type { Operation } from './operation.ts'
import { STREAM_TYPE } from './routes-stream.ts'

export interface DeclaredRoute {
  method: string
  path: string
  handler: object
}

type Part = Record<string, unknown>

const SCHEMAS = '#/components/schemas/'

const PROBLEM = {
  description: 'What happened, what was and was not changed, and the next step (RFC 9457)',
  content: { 'application/problem+json': { schema: { $ref: `${SCHEMAS}Problem` } } },
}

const IDEMPOTENCY_KEY = {
  name: 'Idempotency-Key',
  in: 'header',
  description:
    'The same request under the same key is answered as before for a day, and not carried out again',
  schema: { type: 'string', minLength: 1, maxLength: 200 },
}

const IF_MATCH = {
  name: 'If-Match',
  in: 'header',
  required: true,
  description: 'The ETag of what was read; where that was changed meanwhile, the answer is 412',
  schema: { type: 'string' },
}

const LAST_EVENT_ID = {
  name: 'Last-Event-ID',
  in: 'header',
  description: 'The id of the last event that came: it goes on after that one',
  schema: { type: 'string' },
}

export function describeApi(routes: readonly DeclaredRoute[], version: string): Part {
  const paths: Record<string, Part> = {}
  for (const { method, path, handler } of routes) {
    const declared = operationOf(handler)
    if (declared === undefined) continue
    const place = path.replace(/:([a-z]+)/gi, '{$1}')
    paths[place] = { ...paths[place], [method.toLowerCase()]: operationPart(method, place, declared) }
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Steward: the local API',
      version,
      description: 'On this machine only. Everything but /health shows the token of the data folder.',
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [{ url: '/' }],
    security: [{ token: [] }],
    paths,
    components: {
      securitySchemes: { token: { type: 'http', scheme: 'bearer' } },
      responses: { Problem: PROBLEM },
      schemas: answerSchemas(),
    },
  }
}

function operationPart(method: string, place: string, declared: Operation): Part {
  return {
    operationId: operationId(method, place),
    summary: declared.summary,
    tags: [place.split('/')[3] ?? 'health'],
    ...(OPEN_PATHS.has(place) ? { security: [] } : {}),
    parameters: [
      ...pathParameters(place),
      ...queryParameters(declared.query),
      ...(method === 'POST' ? [IDEMPOTENCY_KEY] : []),
      ...(declared.replaces === true ? [IF_MATCH] : []),
      ...(declared.streams?.[STREAM_TYPE] === undefined ? [] : [LAST_EVENT_ID]),
    ],
    ...(declared.body === undefined ? {} : { requestBody: bodyPart(declared.body) }),
    responses: {
      ...Object.fromEntries(
        Object.entries(declared.answers).map(([status, name]) => [status, answerPart(name, declared.text)]),
      ),
      ...(declared.streams === undefined ? {} : { 200: streamPart(declared.streams) }),
      default: { $ref: '#/components/responses/Problem' },
    },
  }
}

/** `GET /api/v1/runs/{id}/steps` is `getRunsByIdSteps`; what is outside of the API is `open`. */
function operationId(method: string, place: string): string {
  const words = place
    .replace(/^(\/api\/v1)?/, prefix => (prefix === '' ? '/open' : ''))
    .replace(/\{(\w+)\}/g, 'by-$1')
    .split(/[^a-z0-9]+/i)
  return method.toLowerCase() + words.map(word => word.slice(0, 1).toUpperCase() + word.slice(1)).join('')
}

function pathParameters(place: string): Part[] {
  return [...place.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({
    name,
    in: 'path',
    required: true,
    schema: { type: 'string' },
  }))
}

function queryParameters(query: z.ZodType | undefined): Part[] {
  if (query === undefined) return []
  const { properties = {}, required = [] } = inputSchema(query) as {
    properties?: Record<string, Part>
    required?: string[]
  }
  return Object.entries(properties).map(([name, { description, ...schema }]) => ({
    name,
    in: 'query',
    ...(required.includes(name) ? { required: true } : {}),
    ...(description === undefined ? {} : { description }),
    schema,
  }))
}

function bodyPart(body: z.ZodType): Part {
  return {
    required: !body.safeParse({}).success,
    content: { 'application/json': { schema: inputSchema(body) } },
  }
}

function answerPart(name: AnswerName, type = 'application/json'): Part {
  return { description: name, content: { [type]: { schema: { $ref: SCHEMAS + name } } } }
}

function streamPart(streams: NonNullable<Operation['streams']>): Part {
  const content = Object.entries(streams).map(([type, description]) => [
    type,
    { schema: { type: 'string', description } },
  ])
  return { description: 'A stream', content: Object.fromEntries(content) as Part }
}

function inputSchema(schema: z.ZodType): Part {
  const { $schema: _dialect, ...part } = z.toJSONSchema(schema, { io: 'input' }) as Part
  return part
}

function answerSchemas(): Record<string, Part> {
  const registry = z.registry<{ id: string }>()
  for (const [id, schema] of Object.entries(answers)) registry.add(schema, { id })
  const { schemas } = z.toJSONSchema(registry, { uri: id => SCHEMAS + id })
  return Object.fromEntries(
    Object.entries(schemas).map(([id, schema]) => {
      const { $schema: _dialect, $id: _id, ...part } = schema as Part
      return [id, part]
    }),
  )
}
