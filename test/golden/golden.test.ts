/**
 * Golden runs: recordings of earlier builds, replayed by this one. From its journal alone each must ask for nothing
 * and come to the same end; with its journal's outcomes it must make the same calls, to the byte (S3, J3).
 */
import fs from 'node:fs'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import type { Json } from '../../src/domain/json.ts'
import { flowTools } from '../../src/main/tools/flow.ts'
import { filesTools } from '../../src/main/tools/files.ts'
import { httpTools } from '../../src/main/tools/http.ts'
import { logTools } from '../../src/main/tools/log.ts'
import { createHttpClient } from '../../src/main/tools/network/client.ts'
import { notifyTools } from '../../src/main/tools/notify.ts'
import { createRegistry } from '../../src/main/tools/registry.ts'
import type { ToolRegistry } from '../../src/main/tools/registry.ts'
import { stateTools } from '../../src/main/tools/state.ts'
import { createCompute } from '../../src/main/tools/compute/pool.ts'
import { textTools } from '../../src/main/tools/text.ts'
import { HostDouble } from '../support/host-double.ts'
import { createSandboxPool } from '../../src/sandbox/pool.ts'
import type { SandboxPool } from '../../src/sandbox/pool.ts'
import type { RecordedStep, RunEnd, StartRun } from '../../src/sandbox/protocol.ts'
import { askedOf, perform, replay } from '../determinism/replay.ts'
import type { Asked } from '../determinism/replay.ts'
import { answerOf, CASES } from './cases.ts'
import type { GoldenCase } from './cases.ts'

/** 2026-05-28, on every machine and day. */
const STARTED_AT = 1_780_000_000_000
const SEED = 'golden'
const LIMITS = { cpuMs: 5_000, memoryMb: 64, calls: 10_000, bytesPerCall: 8_388_608 }

interface Golden {
  name: string
  source: string
  input: Json
  uses: string[]
  seed: string
  startedAt: number
  recorded: RecordedStep[]
  calls: Asked[]
  end: RunEnd
}

const goldenSchema = z.looseObject({
  name: z.string(),
  recorded: z.array(z.looseObject({})),
  calls: z.array(z.looseObject({})),
})

let pool: SandboxPool
let tools: ToolRegistry
const closers: (() => Promise<void>)[] = []

beforeAll(async () => {
  pool = createSandboxPool({ workers: 1 })
  const client = createHttpClient({ now: () => STARTED_AT })
  const compute = createCompute()
  closers.push(
    () => pool.close(),
    () => client.close(),
    () => compute.close(),
  )
  tools = createRegistry([
    ...httpTools(client),
    ...filesTools(),
    ...stateTools(),
    ...flowTools(),
    ...notifyTools(),
    ...logTools(),
    ...textTools(compute),
  ])
  if (process.env['UPDATE'] === '1') for (const one of CASES) save(await record(one))
})
afterAll(async () => {
  for (const close of closers) await close()
})

function fileOf(name: string): string {
  return path.join(import.meta.dirname, `${name}.json`)
}

function save(golden: Golden): void {
  fs.writeFileSync(fileOf(golden.name), `${JSON.stringify(golden, null, 1)}\n`)
}

function load(name: string): Golden {
  const golden: unknown = JSON.parse(fs.readFileSync(fileOf(name), 'utf8'))
  return goldenSchema.parse(golden) as unknown as Golden
}

function startOf(golden: Pick<Golden, 'source' | 'input' | 'uses'>): Omit<StartRun, 'instance'> {
  return {
    source: golden.source,
    modules: tools.modulesOf(golden.uses),
    input: JSON.stringify(golden.input),
    seed: SEED,
    startedAt: STARTED_AT,
    recorded: [],
    demand: 'exact',
    limits: LIMITS,
  }
}

async function record({ name, source, input, uses, pick }: GoldenCase): Promise<Golden> {
  const start = startOf({ source, input, uses })
  const host = new HostDouble(pool, source, { start, answer: answerOf, pick })
  const end = await host.ended
  if (end.is === 'lost') throw new Error(`${name} was lost: ${JSON.stringify(end.reason)}`)
  host.instance.drop()
  const calls = host.calls.map(askedOf)
  return { name, source, input, uses, seed: SEED, startedAt: STARTED_AT, recorded: host.journal, calls, end }
}

describe('golden runs', () => {
  it('J3 every script that is kept has its recording', () => {
    const kept = fs.readdirSync(import.meta.dirname).filter(name => name.endsWith('.json'))
    expect(kept.sort()).toEqual(CASES.map(one => `${one.name}.json`).sort())
    for (const one of CASES) expect(load(one.name).source).toBe(one.source)
  })

  it.each(CASES.map(one => one.name))(
    'J3 S3 %s: replayed from its journal it asks for nothing and ends the same',
    async name => {
      const golden = load(name)
      const again = await replay(pool, { ...startOf(golden), instance: name, recorded: golden.recorded })
      const recorded = new Set(golden.recorded.map(keyOf))
      expect(again.asked).toEqual(golden.calls.filter(call => !recorded.has(keyOf(call))))
      expect(again.end).toEqual(golden.end)
    },
  )

  it.each(CASES.map(one => one.name))(
    'J3 S3 %s: with the same outcomes it makes the same calls, to the byte',
    async name => {
      const golden = load(name)
      const anew = await perform(pool, { ...startOf(golden), instance: name }, golden.recorded)
      expect(anew.asked).toEqual(golden.calls)
      expect(anew.end).toEqual(golden.end)
    },
  )
})

function keyOf(call: Pick<Asked, 'scope' | 'tool' | 'argHash' | 'occurrence'>): string {
  return JSON.stringify([call.scope, call.tool, call.argHash, call.occurrence])
}
