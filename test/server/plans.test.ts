/**
 * A list of a million rows answers as fast as a short one: whatever the API reads, and each list with every filter it
 * offers, alone and together, is found by an index and comes in its order, and no row is read that is not shown.
 */
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import Database from 'better-sqlite3'
import { AsyncLocalStorage } from 'node:async_hooks'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Core } from '../../src/main/core.ts'
import { createApp } from '../../src/main/server/app.ts'
import type { SqlValue, Statement } from '../../src/main/store/statement.ts'
import { Reader } from '../../src/main/store/tx.ts'
import { install, startCore } from './api.ts'
import type { TestCore } from './api.ts'

interface Parameter {
  name: string
  in: string
  required?: boolean
  schema: { enum?: string[]; type?: string }
}

/** They look through everything, count it, or show it whole, as they are asked to; or never end. */
const LEFT_OUT = [
  '/metrics',
  ...['audit/verify', 'connections', 'costs/summary', 'doctor', 'quiet', 'stream'].map(at => `/api/v1/${at}`),
]
/** Only as many as one automation watches, one step has parts, one undo takes back, a person has accounts; or one key. */
const FEW = [
  'SCAN note_index_keys',
  'SCAN connections',
  'watches USING INDEX sqlite_autoindex_watches_2 (workflow_id=?)',
  'steps_in_parts (step_id=?)',
  'undo_steps USING PRIMARY KEY (undo_id=?)',
]

let steward: TestCore
let folder: string
let db: Database.Database
let ask: (at: string) => Promise<string>
let endNotes: () => void
/** What stands in a path, by the resource before it. */
const ids: Record<string, string> = { automations: 'listed', versions: '1.0', tools: 'files' }

beforeAll(async () => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'steward-plans-'))
  steward = await startCore()
  endNotes = noteReads()
  const app = appOf(steward.core)
  ask = async at => {
    const headers = { host: '127.0.0.1:1', authorization: 'Bearer t' }
    const answer = await app.request(at, { headers })
    await answer.text()
    return `${at} ${String(answer.status)}`
  }
  db = new Database(path.join(steward.home, 'steward.db'), { readonly: true })
  const source = `import { write } from 'tools/files'
import { ask } from 'tools/flow'
export default async () => {
  await write('${folder}/a.txt', 'A')
  return ask({ question: 'Really?', choices: ['yes'] })
}`
  const changes = [{ tool: 'files.write', paths: [folder], approval: 'never' }]
  await install(steward, 'listed', source, { reads: { paths: [folder] }, changes })
  const { eventId, runId } = await post('/automations/listed/run?wait=20000', { payload: null })
  ids['events'] = String(eventId)
  ids['runs'] = String(runId)
  ids['steps'] = await firstId(`/runs/${ids['runs']}/steps`)
  ids['actions'] = await firstId('/actions')
  await post(`/runs/${ids['runs']}/cancel`)
  ids['undos'] = String((await post(`/runs/${ids['runs']}/undo`, {}))['id'])
  ids['chats'] = String((await post('/chats', { title: 'Tax' }))['id'])
})
afterAll(async () => {
  endNotes()
  db.close()
  await steward.end()
  fs.rmSync(folder, { recursive: true, force: true })
})

/** The routes on the same engine, without a socket in between: a request and what it reads stay together. */
function appOf({ engine, connections, vault }: Core) {
  const { signal } = new AbortController()
  return createApp({
    engine,
    connections,
    vault,
    findModels: () => Promise.resolve([]),
    version: '0',
    token: 't',
    port: () => 1,
    log: () => undefined,
    readLog: () => Promise.resolve({ items: [], next: null }),
    closing: signal,
  })
}

async function post(at: string, json?: unknown): Promise<Record<string, unknown>> {
  const answer = await steward.call({
    method: 'POST',
    path: `/api/v1${at}`,
    ...(json === undefined ? {} : { json }),
  })
  if (answer.json === null || answer.status >= 400) throw new Error(`${at}: ${answer.text}`)
  return answer.json
}

async function firstId(at: string): Promise<string> {
  const { json } = await steward.call({ path: `/api/v1${at}` })
  return String((json?.['items'] as { id: string }[])[0]?.id)
}

/** Every way to read: each path, with its filters in all combinations. */
async function looks(): Promise<string[]> {
  const { json } = await steward.call({ path: '/api/v1/openapi.json' })
  const paths = json?.['paths'] as Record<string, Record<string, { parameters?: Parameter[] }>>
  return Object.entries(paths)
    .filter(([place, methods]) => 'get' in methods && !LEFT_OUT.includes(place))
    .flatMap(([place, methods]) => {
      const at = place.replaceAll(/\/(\w+)\/\{\w+\}/g, (_, of: string) => `/${of}/${ids[of] ?? 'x'}`)
      const filters = (methods['get']?.parameters ?? []).filter(isFilter)
      const needed = filters.filter(({ required }) => required === true)
      const others = filters.filter(({ required }) => required !== true)
      return combinations(others).map(
        some => `${at}?${new URLSearchParams([...needed, ...some].map(valued)).toString()}`,
      )
    })
}

function isFilter({ name, in: where }: Parameter): boolean {
  return where === 'query' && !['limit', 'cursor', 'wait', 'format', 'with', 'after'].includes(name)
}

function combinations<T>(all: readonly T[]): T[][] {
  return all.reduce<T[][]>((some, each) => [...some, ...some.map(rest => [...rest, each])], [[]])
}

function valued({ name, schema }: Parameter): [name: string, value: string] {
  const known: Record<string, string> = {
    automation: 'listed',
    until: '9000000000000',
    since: '1',
    earlier: '1.0',
  }
  return [name, schema.enum?.[0] ?? known[name] ?? ids[`${name}s`] ?? 'x']
}

/** What is asked of the database for one request: not what the engine asks on its own account meanwhile. */
const reads = new AsyncLocalStorage<Map<string, number>>()
type Read = (this: Reader, statement: Statement<unknown, unknown>, params: unknown) => unknown

/** Notes what readers are asked; returns what ends that. */
function noteReads(): () => void {
  const own = (['get', 'all', 'iterate'] as const).map(
    name => [name, Reflect.get(Reader.prototype, name) as Read] as const,
  )
  for (const [name, read] of own)
    Reflect.set(Reader.prototype, name, function (this: Reader, ...[statement, params]: Parameters<Read>) {
      reads.getStore()?.set(statement.sql, statement.bind({}).length)
      return read.call(this, statement, params)
    })
  return () => {
    for (const [name, read] of own) Reflect.set(Reader.prototype, name, read)
  }
}

/** What is wrong with how SQLite answers it; nothing where it reads what it shows. */
function complaints(sql: string, values: number): string[] {
  const rows = db.prepare(`EXPLAIN QUERY PLAN ${sql}`).all(...Array<SqlValue>(values).fill(null))
  const steps = (rows as { detail: string }[]).map(({ detail }) => detail)
  const plan = steps.join(' | ')
  // What a part of it has found, bounded there, is no table.
  const parts = new Set(steps.flatMap(step => /^(?:CO-ROUTINE|MATERIALIZE) (\w+)/.exec(step)?.[1] ?? []))
  const isScan = (step: string) => /^SCAN/.test(step) && !parts.has(/^SCAN (\w+)/.exec(step)?.[1] ?? '')
  // Without a condition there is no row that is read and not shown.
  const scans = / where /.test(sql) || !/ limit /.test(sql) ? steps.filter(isScan) : []
  const sorts = steps.filter(step => step.includes('TEMP B-TREE'))
  const many = FEW.some(few => plan.includes(few)) ? [] : [...scans, ...sorts]
  const passedOver = filtersOf(sql).filter(column => !new RegExp(`\\b${column}[=<>]`).test(plan))
  // A whole number that is the key of its table goes by another name there.
  const unfound = /\browid[=<>]/.test(plan) ? passedOver.slice(1) : passedOver
  return [...many, ...unfound.map(column => `reads past “${column}”`)].map(
    complaint => `${complaint}: ${plan} for ${sql}`,
  )
}

/** The columns that are compared with a value that is given. */
function filtersOf(sql: string): string[] {
  const where = / where (.*)/s.exec(sql)?.[1] ?? ''
  return [...new Set([...where.matchAll(/"(\w+)" (?:=|<|>|<=|>=) \+\?/g)].map(([, column]) => column ?? ''))]
}

describe('what the API reads', () => {
  it('is found by an index, under every filter and in every order there is', async () => {
    const all = await looks()
    expect(all.length).toBeGreaterThan(100)
    const judged = new Set<string>()
    const wrong: string[] = []
    for (const at of all) {
      const asked = new Map<string, number>()
      const answer = await reads.run(asked, () => ask(at))
      // What is looked at alone need not be there; a list always is.
      if (/\?.|s\?$/.test(at)) expect(answer).toBe(`${at} 200`)
      for (const [sql, values] of asked) {
        if (judged.has(sql)) continue
        judged.add(sql)
        wrong.push(...complaints(sql, values).map(complaint => `${at}: ${complaint}`))
      }
    }
    expect(wrong).toEqual([])
    for (const table of [
      'script_runs',
      'script_run_steps',
      'items',
      'actions',
      'workflows',
      'audit_log',
      'costs',
    ])
      expect([...judged].some(sql => sql.includes(`from "${table}"`))).toBe(true)
  })

  it.each([
    ['select * from "script_runs" where "cpu_ms" > +? limit +?', 2, /^SCAN/],
    ['select * from "script_runs" where "id" < +? order by "cpu_ms" limit +?', 2, /TEMP B-TREE/],
    [
      'select * from "script_runs" where "workflow_id" = +? and "cpu_ms" > +? limit +?',
      3,
      /reads past “cpu_ms”/,
    ],
    ['select * from "audit_log" where "seq" < +? and "kind" = +? limit +?', 3, /reads past “kind”/],
  ])('would not pass as %s', (sql, values, complaint) => {
    expect(complaints(sql, values)).toContainEqual(expect.stringMatching(complaint))
  })
})
