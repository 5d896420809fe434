import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { VERSION } from '../../src/main/home.ts'
import { createApp } from '../../src/main/server/app.ts'
import { operationOf } from '../../src/main/server/operation.ts'
import { startCore } from './api.ts'
import type { TestCore } from './api.ts'
import { ApiDocument } from './document.ts'

let steward: TestCore
let document: Record<string, unknown>

beforeAll(async () => {
  steward = await startCore()
  document = (await steward.call({ path: '/api/v1/openapi.json' })).json ?? {}
})
afterAll(() => steward.end())

const parameter = z.looseObject({ name: z.string(), in: z.enum(['path', 'query', 'header']) })
const operation = z.looseObject({
  operationId: z.string(),
  summary: z.string().min(5),
  parameters: z.array(parameter),
  responses: z.record(z.string(), z.unknown()),
})
const operationsIn = () =>
  Object.entries(new ApiDocument(document).parts.paths).flatMap(([place, methods]) =>
    Object.entries(methods).map(([method, each]) => ({ place, method, ...operation.parse(each) })),
  )

describe('the document of the API', () => {
  it('says which version of OpenAPI and of Steward it is of', () => {
    expect(document).toMatchObject({ openapi: '3.1.0', info: { version: VERSION } })
  })

  it('has every route there is, and nothing else', () => {
    const nothing: unknown = { engine: {}, closing: new AbortController().signal }
    const { routes } = createApp(nothing as Parameters<typeof createApp>[0])
    const there = new Set(
      routes
        .filter(route => route.method !== 'ALL')
        .map(({ method, path }) => `${method.toLowerCase()} ${path.replace(/:(\w+)/g, '{$1}')}`),
    )
    const told = operationsIn().map(({ method, place }) => `${method} ${place}`)
    expect(told.sort()).toEqual([...there].sort())
    expect(there.size).toBeGreaterThan(50)
    expect(routes.filter(route => operationOf(route.handler) !== undefined)).toHaveLength(there.size)
  })

  it('names each operation once, with every parameter of its path', () => {
    const operations = operationsIn()
    expect(new Set(operations.map(({ operationId }) => operationId)).size).toBe(operations.length)
    for (const { place, parameters } of operations) {
      const inPath = parameters.flatMap(each => (each.in === 'path' ? [each.name] : []))
      expect(inPath).toEqual([...place.matchAll(/\{(\w+)\}/g)].map(([, name]) => name))
    }
  })

  it('leads every reference to something', () => {
    const references = [...JSON.stringify(document).matchAll(/"\$ref":"#\/([^"]+)"/g)]
    expect(references.length).toBeGreaterThan(50)
    for (const [, path = ''] of references) {
      const target = path
        .split('/')
        .reduce<unknown>((part, name) => (part as Record<string, unknown> | undefined)?.[name], document)
      expect(target, path).toBeDefined()
    }
  })

  it('says that lists are paged, commands repeatable, edits conditional and the stream resumed', () => {
    const named = (place: string, method: string) =>
      operationsIn()
        .find(each => each.place === place && each.method === method)
        ?.parameters.map(each => each.name)
    expect(named('/api/v1/runs', 'get')).toEqual(expect.arrayContaining(['limit', 'cursor', 'automation']))
    expect(named('/api/v1/automations', 'post')).toContain('Idempotency-Key')
    expect(named('/api/v1/settings', 'patch')).toContain('If-Match')
    expect(named('/api/v1/stream', 'get')).toEqual(['Last-Event-ID'])
  })

  it('would notice an answer that says something else', () => {
    const api = new ApiDocument(document)
    const answer = { status: 200, headers: {}, text: '', json: { resumed: 3 } }
    const call = { method: 'POST', path: '/api/v1/resume-everything' }
    expect(api.complaint(call, answer)).toBeNull()
    expect(api.complaint(call, { ...answer, json: { resumed: 'x' } })).toMatch(/Resumed/)
    expect(api.complaint(call, { ...answer, json: { resumed: 3, more: 1 } })).toMatch(/more/)
    expect(api.complaint(call, { ...answer, status: 201 })).toMatch(/201/)
  })
})
