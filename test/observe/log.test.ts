import fs from 'node:fs'
import path from 'node:path'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { z } from 'zod'
import type { Clock } from '../../src/domain/clock.ts'
import { fail } from '../../src/domain/failure.ts'
import type { Failure, FailureKind } from '../../src/domain/failure.ts'
import { defineTool } from '../../src/domain/tool.ts'
import type { ToolDeclaration } from '../../src/domain/tool.ts'
import { LogFile, logPath } from '../../src/main/store/log-file.ts'
import { createWorld, tempFolder } from '../support/world.ts'
import type { World } from '../support/world.ts'

let folder: string
let log: LogFile
let world: World
let ends: (() => unknown)[]

beforeEach(async () => {
  folder = tempFolder()
  log = new LogFile(folder, () => Date.now())
  log.setLevel('debug')
  world = await createWorld({
    folder,
    clock: hurried,
    log: log.log,
    tools: [tool('test.read', 'read'), tool('test.write', 'write')],
  })
})
afterEach(async () => {
  await world.stop()
  log.close()
  fs.rmSync(folder, { recursive: true, force: true })
})

/** Time that flies: later tries come at once. */
const begun = Date.now()
const hurried: Clock = {
  now: () => begun + (Date.now() - begun) * 100,
  wakeAt: (at, callback) => {
    const timer = setTimeout(callback, Math.max(0, at - hurried.now()) / 100)
    return () => {
      clearTimeout(timer)
    }
  },
}

/** Ends however the test says. */
function tool(name: string, effect: 'read' | 'write'): ToolDeclaration {
  return defineTool({
    name,
    version: 1,
    title: 'Do what the test says',
    doc: 'Ends however the test says.',
    effect,
    input: z.strictObject({ secret: z.string(), end: z.int() }),
    output: z.json(),
    touches: () => ({}),
    risk: 'low',
    idempotency: 'none',
    run: async ({ end }) => ends[end]?.() as never,
    describe: ({ secret }) => `Did ${secret}`,
  })
}

/** One failure of every kind, the secret wherever a text goes. The type checks that no kind is missing. */
function failuresWith(secret: string): Failure[] {
  const common = { message: `It said ${secret}.`, detail: { body: secret, headers: { cookie: secret } } }
  const rest: { [K in FailureKind]: Omit<Extract<Failure, { kind: K }>, 'kind' | 'message'> } = {
    network: { host: secret },
    timeout: { host: secret, afterMs: 5 },
    'rate-limited': { host: secret, retryAfterMs: 1 },
    unavailable: { host: secret, status: 503, retryAfterMs: null },
    offline: {},
    'script-error': { name: secret },
    'bad-response': { host: secret },
    rejected: { host: secret, status: 403 },
    'invalid-input': { path: secret },
    'script-limit': { limit: 'calls', allowed: 1 },
    divergence: { expected: secret, found: secret },
    'outcome-missing': { check: secret },
    'not-connected': { setting: secret },
    'auth-expired': { connection: secret },
    'auth-revoked': { connection: secret },
    'scope-missing': { connection: secret, scope: secret },
    'not-permitted': { clause: secret },
    'approval-expired': { approval: secret },
    'budget-exceeded': { budget: secret, resetsAt: null },
    'outcome-unknown': { tool: secret },
    'input-needed': { question: secret },
    'vault-locked': {},
    internal: {},
    'disk-full': {},
    unknown: {},
  }
  return Object.entries(rest).map(([kind, fields]) => ({ ...common, ...fields, kind }) as Failure)
}

function everyEnd(secret: string): (() => unknown)[] {
  return [
    ...failuresWith(secret).map(failure => () => fail(failure)),
    () => {
      throw Object.assign(new Error(`${secret}\n    at ${secret} (${secret}.ts:1:1)`), {
        name: secret,
        code: secret,
      })
    },
    () => {
      throw Object.assign(new TypeError(secret), { cause: new Error(secret) })
    },
    () => ({ answer: secret }),
    () => undefined,
  ]
}

const script = (effect: string) => `
  import { ${effect} } from 'tools/test'
  export default async function run(event) {
    const answer = await ${effect}({ secret: event.secret, end: event.end })
    throw new Error(answer === null ? event.secret : event.secret + JSON.stringify(answer))
  }`

const logged = () =>
  fs
    .readdirSync(path.dirname(logPath(folder)))
    .map(name => fs.readFileSync(path.join(path.dirname(logPath(folder)), name), 'utf8'))
    .join('')

describe('the log of an engine', () => {
  it.each(['read', 'write'] as const)(
    'holds no secret that a %s met, however it ended',
    async effect => {
      const contract = { uses: ['tools/test'], changes: [{ tool: 'test.write', approval: 'never' as const }] }
      const [secret = ''] = fc.sample(fc.stringMatching(/^[A-Za-z]{4}[A-Z][0-9][\w-]{14,30}$/), 1)
      ends = everyEnd(secret)
      await Promise.all(
        ends.map(async (_, end) => {
          // A run that waits keeps the turn of its automation.
          await world.install(`end-${String(end)}`, script(effect), contract)
          await world.run(`end-${String(end)}`, { secret, end })
        }),
      )
      log.flush()
      expect(logged()).not.toContain(secret)
      const { items } = await log.read({ limit: 100_000 })
      expect(items.filter(line => line.message === 'a step failed').length).toBeGreaterThan(ends.length / 2)
      expect(items.filter(line => line.message === 'a run ended').length).toBeGreaterThan(0)
    },
    60_000,
  )

  it('tells a run and its steps by their ids, and a bug by its place', async () => {
    await world.install('one', script('read'), { uses: ['tools/test'] })
    ends = [() => null]
    const run = await world.run('one', { secret: 'x', end: 0 })
    const lines = async () => (await log.read({ run: run.id, limit: 100 })).items.reverse()
    const ids = { automation: run.workflow_id, run: run.id }
    expect(await lines()).toMatchObject([
      { level: 'debug', message: 'a run is launched', ...ids, attempt: 1 },
      { level: 'debug', message: 'a step was done', ...ids, tool: 'test.read' },
      { level: 'warn', message: 'a run ended', ...ids, state: 'failed', kind: 'script-error' },
    ])
    ends = [
      () => {
        throw new RangeError('what went wrong')
      },
    ]
    const second = await world.run('one', { secret: 'y', end: 0 })
    const { items } = await log.read({ run: second.id, level: 'error', limit: 1 })
    expect(items[0]).toMatchObject({
      message: 'a tool failed unexpectedly',
      error: 'RangeError',
      tool: 'test.read',
    })
    expect(items[0]?.['place']).toMatch(/^src\/|^node_modules\//)
  })
})
