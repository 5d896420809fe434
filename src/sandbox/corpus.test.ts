import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Json } from '../domain/json.ts'
import { type AbuseCase, BOUNDARY_CASES, CPU_CASES, MEMORY_CASES } from '../../test/support/corpus-cases.ts'
import { type Answering, HEAD, HostDouble, runBody, stepOf } from '../../test/support/host-double.ts'
import { createSandboxPool, type SandboxPool } from './pool.ts'

const CANARY = 'canary-5e0c1f'
const NEIGHBOUR = `const a = await get({ n: 1, chance: Math.random() }); const b = await post({ n: 2, a }); return [a, b, Math.random()]`

const logged: string[] = []
let pool: SandboxPool
let expected: Json
beforeAll(async () => {
  process.env['STEWARD_TEST_CANARY'] = CANARY
  pool = createSandboxPool({ workers: 1, watchdogGraceMs: 80, onWorkerLog: line => logged.push(line) })
  expected = await runBody(pool, NEIGHBOUR, { answer }).value()
})
afterAll(async () => {
  delete process.env['STEWARD_TEST_CANARY']
  await pool.close()
})

const answer: Answering = (call, args) => {
  const echo = typeof args === 'object' && args !== null && 'echo' in args ? (args.echo ?? null) : call.tool
  return { ok: true, value: echo }
}

/** A run that is in the middle of its work while something else happens. */
async function startNeighbour(): Promise<HostDouble> {
  const host = runBody(pool, NEIGHBOUR, {
    answer: (call, args) => (call.tool === 'http.post' ? 'hold' : answer(call, args)),
  })
  await expect.poll(() => host.calls.length).toBe(2)
  return host
}

/** It ends as it would have: from where it is, or by replay when its worker had to be ended. */
async function neighbourEnd(host: HostDouble): Promise<Json> {
  const [, inFlight] = host.calls
  if (!inFlight) throw new Error('the neighbour made no second call')
  host.complete(inFlight, { ok: true, value: inFlight.tool })
  const end = await host.ended
  host.instance.drop()
  if (end.is === 'returned') return JSON.parse(end.value) as Json
  expect(end).toEqual({ is: 'lost', reason: { is: 'neighbour' } })
  const recorded = host.journal.filter(step => step.tool === 'http.get')
  const again = runBody(pool, NEIGHBOUR, {
    start: { recorded: [...recorded, stepOf(inFlight, null, null, 0)] },
    answer,
  })
  const value = await again.value()
  again.instance.drop()
  return value
}

async function verdictOf(host: HostDouble): Promise<string> {
  const end = await host.ended
  if (end.is === 'returned') return 'value'
  if (end.is === 'lost' && end.reason.is !== 'failure') return end.reason.is
  const failure = end.is === 'failed' ? end.failure : end.reason.is === 'failure' ? end.reason.failure : null
  if (!failure) return 'nothing'
  return failure.kind === 'script-limit' ? failure.limit : failure.kind
}

async function tryOut(abuse: AbuseCase): Promise<void> {
  const neighbour = await startNeighbour()
  let beats = 0
  const heart = setInterval(() => (beats += 1), 2)
  const host = runBody(pool, abuse.body, {
    // Where time is no verdict there is plenty of it, so that a busy machine cannot decide.
    start: {
      limits: {
        cpuMs: abuse.verdict.includes('cpu') ? 250 : 10_000,
        memoryMb: 64,
        calls: 1_000,
        bytesPerCall: 1_048_576,
      },
    },
    answer,
  })
  const verdict = await verdictOf(host)
  const end = await host.ended
  clearInterval(heart)
  host.instance.drop()
  expect(abuse.verdict).toContain(verdict)
  if (end.is === 'returned') expect(JSON.parse(end.value)).toEqual(abuse.returns)
  // A cpu verdict took hundreds of milliseconds: the core went round many times meanwhile.
  if (verdict === 'cpu') expect(beats).toBeGreaterThan(10)
  expect(await neighbourEnd(neighbour)).toEqual(expected)
  expectNoLeak(JSON.stringify([end, host.messages]))
}

function expectNoLeak(text: string): void {
  expect(text).not.toContain(CANARY)
  expect(text).not.toContain('node_modules')
  expect(text).not.toContain('node:')
  expect(text).not.toContain(import.meta.dirname)
}

describe('S1 CPU', () => {
  it.each(CPU_CASES)('S1 corpus $id: $title', tryOut)
})

describe('S2 memory and stack', () => {
  it.each(MEMORY_CASES)('S2 corpus $id: $title', tryOut)
})

describe('S4 boundary', () => {
  it.each(BOUNDARY_CASES)('S4 corpus $id: $title', tryOut)

  it('S4 corpus 32b: a script of two hundred thousand brackets', async () => {
    const host = new HostDouble(pool, `export default ${'('.repeat(200_000)}`)
    expect(await host.failure()).toMatchObject({ kind: 'script-error', name: 'SyntaxError' })
  })

  it('S4 corpus 52: a completion for a call of another run, or of none, changes nothing', async () => {
    const host = runBody(pool, `return [await get({ n: 1 }), 'own']`, { answer: () => 'hold' })
    await expect.poll(() => host.calls.length).toBe(1)
    for (const callId of [0, 2, 99, -1, Number.NaN])
      host.instance.deliver(callId, { ok: true, value: 'foreign' }, 1)
    const [call] = host.calls
    if (call) host.complete(call, { ok: true, value: 'right' })
    expect(await host.value()).toEqual(['right', 'own'])
    host.instance.drop()
  })

  it('S4 corpus 53: of what fails in the host, only code and message arrive', async () => {
    const secret = {
      kind: 'internal',
      message: 'Something failed.',
      detail: { path: `/home/${CANARY}`, token: CANARY },
    } as const
    const host = runBody(
      pool,
      `try { await get({}) } catch (e) { return [e.code, e.message, e.stack, e.cause ?? null, JSON.stringify(e), Reflect.ownKeys(e).length] }`,
      {
        answer: () => ({
          ok: false,
          error: { code: 'internal', message: 'Something failed.', failure: secret },
        }),
      },
    )
    expect(await host.value()).toEqual(['internal', 'Something failed.', '', null, '{}', 3])
    expectNoLeak(JSON.stringify(host.messages))
    host.instance.drop()
  })

  it.each([
    ['55', './tools/http'],
    ['55', '../../../etc/passwd'],
    ['55', 'file:///etc/passwd'],
    ['55', 'tools/mail'],
    ['56', 'tools/http/../http'],
    ['56', 'TOOLS/http'],
    ['56', 'tools/http '],
    ['56', 'steward:runtime'],
    ['56', '__proto__'],
  ])('S6 corpus %s: %s is not granted, imported or by import()', async (_, name) => {
    for (const line of [`import * as x from '${name}'`, `const x = () => import('${name}')`]) {
      const host = new HostDouble(pool, `${HEAD}${line}\nexport default () => get({})`)
      expect(await host.failure()).toMatchObject({ kind: 'not-permitted' })
      expect(host.asked).toEqual([])
      host.instance.drop()
    }
  })

  it('S6 corpus 56: only modules of tools can be granted', async () => {
    const modules = {
      script: 'export const x = 1',
      'steward:runtime': 'export const call = 1',
      evil: 'export const x = 1',
    }
    const host = new HostDouble(pool, `import { x } from 'evil'\nexport default () => x`, {
      start: { modules },
    })
    expect(await host.failure()).toMatchObject({ kind: 'not-permitted' })
    host.instance.drop()
  })

  it('S4 nothing of a guest reached the worker’s log', () => {
    expectNoLeak(logged.join('\n'))
  })
})
