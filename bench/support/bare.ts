/**
 * The peer of `runs`: what is left of Steward when everything that makes it trustworthy is taken away. Hono takes the
 * event, a QuickJS context of its own runs the script on this one thread, and SQLite flushes the history in a single
 * transaction at the end. No write-ahead, no policy, no limits, no isolation, no replay. Answers like the local API.
 */
import type { AddressInfo } from 'node:net'
import path from 'node:path'
import { serve } from '@hono/node-server'
import Database from 'better-sqlite3'
import { Hono } from 'hono'
import { getQuickJS } from 'quickjs-emscripten'
import type { QuickJSContext, QuickJSHandle, QuickJSWASMModule } from 'quickjs-emscripten'
import { Agent } from 'undici'
import { answerParent } from './peer.ts'

export type BareQuestion =
  | { is: 'start'; folder: string }
  | { is: 'install'; name: string; source: string }
  /** Milliseconds of CPU since the process began. */
  | { is: 'cpu' }

export interface BareAnswer {
  port: number
  cpuMs: number
}

interface Step {
  url: string
  status: number
  body: string
}

const HTTP_MODULE = `
const parsed = async answer => JSON.parse(await answer)
export const get = url => parsed(globalThis.send('GET', url, ''))
export const post = (url, json) => parsed(globalThis.send('POST', url, JSON.stringify(json)))`

const SCHEMA = `
CREATE TABLE runs (id INTEGER PRIMARY KEY, automation TEXT, payload TEXT, result TEXT);
CREATE TABLE steps (run INTEGER, position INTEGER, url TEXT, status INTEGER, body TEXT);`

const scripts = new Map<string, string>()
const agent = new Agent({ keepAliveTimeout: 60_000 })

answerParent<BareQuestion, BareAnswer>(async question => {
  const port = question.is === 'start' ? await listen(question.folder) : 0
  if (question.is === 'install') scripts.set(question.name, question.source)
  const { user, system } = process.cpuUsage()
  return { port, cpuMs: (user + system) / 1_000 }
})

async function listen(folder: string): Promise<number> {
  const engine = await getQuickJS()
  const keep = historyIn(folder)
  const app = new Hono().post('/api/v1/automations/:name/events', async c => {
    const name = c.req.param('name')
    const { payload } = await c.req.json<{ payload: unknown }>()
    const event = JSON.stringify(payload)
    const { result, steps } = await runScript(engine, scripts.get(name) ?? '', event)
    const id = keep(name, event, result, steps)
    return c.json({ run: { id, state: 'succeeded', result: JSON.parse(result) as unknown } })
  })
  return new Promise(resolve => {
    const server = serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' }, () => {
      resolve((server.address() as AddressInfo).port)
    })
  })
}

function historyIn(folder: string) {
  const db = new Database(path.join(folder, 'history.db'))
  db.pragma('journal_mode = WAL')
  db.pragma('synchronous = FULL')
  db.exec(SCHEMA)
  const addRun = db.prepare('INSERT INTO runs (automation, payload, result) VALUES (?, ?, ?)')
  const addStep = db.prepare('INSERT INTO steps VALUES (?, ?, ?, ?, ?)')
  return db.transaction((name: string, event: string, result: string, steps: readonly Step[]) => {
    const id = addRun.run(name, event, result).lastInsertRowid
    for (const [position, { url, status, body }] of steps.entries())
      addStep.run(id, position, url, status, body)
    return Number(id)
  })
}

async function runScript(engine: QuickJSWASMModule, source: string, event: string) {
  const context = engine.newContext()
  context.runtime.setModuleLoader(() => HTTP_MODULE)
  const steps: Step[] = []
  offerSend(context, steps)
  try {
    return { result: await resultOf(context, source, event), steps }
  } finally {
    context.dispose()
  }
}

async function resultOf(context: QuickJSContext, source: string, event: string): Promise<string> {
  const exported = context.unwrapResult(context.evalCode(source, 'script.js', { type: 'module' }))
  const run = context.getProp(exported, 'default')
  const given = context.unwrapResult(context.evalCode(`(${event})`))
  const promise = context.unwrapResult(context.callFunction(run, context.undefined, given))
  const ended = context.resolvePromise(promise)
  context.runtime.executePendingJobs()
  const result = context.unwrapResult(await ended)
  const text = JSON.stringify(context.dump(result))
  for (const handle of [exported, run, given, promise, result]) handle.dispose()
  return text
}

/** `send(method, url, body)` inside: a promise of the answer as one JSON text. */
function offerSend(context: QuickJSContext, steps: Step[]): void {
  const send = context.newFunction(
    'send',
    (method: QuickJSHandle, url: QuickJSHandle, body: QuickJSHandle) => {
      const promise = context.newPromise()
      void answerOf(context.getString(method), context.getString(url), context.getString(body)).then(step => {
        steps.push(step)
        const text = `{"status":${String(step.status)},"body":${step.body}}`
        context.newString(text).consume(answer => {
          promise.resolve(answer)
        })
        context.runtime.executePendingJobs()
      })
      return promise.handle
    },
  )
  context.setProp(context.global, 'send', send)
  send.dispose()
}

async function answerOf(method: string, url: string, body: string): Promise<Step> {
  const { origin, pathname } = new URL(url)
  const answer = await agent.request({
    origin,
    path: pathname,
    method: method === 'POST' ? 'POST' : 'GET',
    ...(method === 'POST' ? { body, headers: { 'content-type': 'application/json' } } : {}),
  })
  return { url, status: answer.statusCode, body: await answer.body.text() }
}
