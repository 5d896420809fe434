/**
 * A Steward in one process for tests: the real store, sandbox, tools and engine on a fresh folder, with a site on
 * loopback that remembers every request. Only the clock may be a test's own.
 */
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import type { Clock } from '../../src/domain/clock.ts'
import type { ContractInput } from '../../src/domain/contract.ts'
import type { Failure } from '../../src/domain/failure.ts'
import type { Json } from '../../src/domain/json.ts'
import type { Models } from '../../src/domain/model.ts'
import type { GalleryOptions } from '../../src/main/engine/gallery.ts'
import type { KnownConnection } from '../../src/planner/agent/ports.ts'
import type { Log } from '../../src/domain/log.ts'
import type { ToolDeclaration } from '../../src/domain/tool.ts'
import { systemClock } from '../../src/main/engine/clock.ts'
import type { FaultPoint } from '../../src/main/engine/context.ts'
import { Engine } from '../../src/main/engine/engine.ts'
import type { EventRequest } from '../../src/main/engine/engine.ts'
import type { Accepted } from '../../src/main/engine/events.ts'
import { failureOfRun, resultOf } from '../../src/main/store/runs.ts'
import type { RunRow } from '../../src/main/store/runs.ts'
import { openStore } from '../../src/main/store/store.ts'
import type { Store } from '../../src/main/store/store.ts'
import { everyTool } from '../../src/main/tools/every-tool.ts'
import { createHttpClient } from '../../src/main/tools/network/client.ts'
import { createRegistry } from '../../src/main/tools/registry.ts'
import type { ToolRegistry } from '../../src/main/tools/registry.ts'
import type { ScriptTypes } from '../../src/main/tools/scripts/script-types.ts'
import type { SandboxPool } from '../../src/sandbox/pool.ts'
import { keptCompute } from './kept-compute.ts'
import { keptPool } from './kept-pool.ts'

export interface WorldOptions {
  folder?: string
  clock?: Clock
  fault?: (point: FaultPoint) => void
  sync?: (fd: number) => Promise<void>
  auditHeadEveryMs?: number
  /** Tools of a test's own, beside all that ship; one of `files` takes the place of its namesake. */
  tools?: ToolDeclaration[]
  log?: Log
  /** How many runs may be at work at once. */
  places?: number
  /** Stands in for the sandbox's version, to be another engine (J10). */
  engineVersion?: string
  /** Stands between the engine and the sandbox: to count launches, or lose instances. */
  wrapPool?: (pool: SandboxPool) => SandboxPool
  models?: Models
  types?: ScriptTypes
  gallery?: GalleryOptions
  connections?: () => readonly KnownConnection[]
}

export type Taken = Exclude<Accepted, { is: 'full' }>

export interface World {
  folder: string
  store: Store
  engine: Engine
  pool: SandboxPool
  install(name: string, source: string, contract?: Partial<ContractInput>): Promise<string>
  /** Takes an event in; a full queue is a mistake of the test's. */
  emit(request: EventRequest): Promise<Taken>
  /** Emits an event and waits until its run ends or rests. */
  run(name: string, payload?: Json): Promise<RunRow>
  /** Waits until the run ends or comes to rest. */
  rested(runId: string): Promise<RunRow>
  result(run: RunRow): Json
  failure(run: RunRow): Failure | null
  /** Lets go of everything, as at the end of the core; the folder stays. */
  stop(): Promise<void>
}

export function tempFolder(): string {
  return fs.mkdtempSync(path.join(os.tmpdir(), 'steward-world-'))
}

export function contractFor(more: Partial<ContractInput> = {}): ContractInput {
  return {
    schema: 1,
    title: 'Test',
    promise: 'Does what the test says.',
    zone: 'UTC',
    when: [{ kind: 'manual' }],
    uses: [
      'tools/http',
      'tools/flow',
      'tools/state',
      'tools/log',
      'tools/notify',
      'tools/files',
      'tools/text',
    ],
    reads: { hosts: [], paths: [] },
    ...more,
  }
}

export async function createWorld(options: WorldOptions = {}): Promise<World> {
  const folder = options.folder ?? tempFolder()
  const clock = options.clock ?? systemClock()
  const store = openStore({
    folder,
    now: () => clock.now(),
    ...(options.auditHeadEveryMs === undefined ? {} : { auditHeadEveryMs: options.auditHeadEveryMs }),
    ...(options.sync === undefined ? {} : { sync: options.sync }),
  })
  const outside = createOutside(clock, options.tools ?? [])
  const real = keptPool()
  const chosen = options.engineVersion === undefined ? real : otherEngine(real, options.engineVersion)
  const pool = options.wrapPool?.(chosen) ?? chosen
  const engine = new Engine({
    store,
    pool,
    tools: outside.tools,
    clock,
    log: options.log ?? (() => undefined),
    ...chosenOf(options),
  })
  await engine.start()
  const rested = (runId: string) => restedRun(engine, runId)
  return {
    folder,
    store,
    engine,
    pool,
    install: async (name, source, contract) => {
      const installed = await engine.install({
        name,
        source,
        contract: contractFor(contract) as unknown as Json,
      })
      return installed.workflowId
    },
    emit: request => emit(engine, request),
    run: async (name, payload = {}) => {
      const accepted = await emit(engine, {
        workflow: name,
        type: 'manual',
        payload,
        sourceType: 'test',
        sourceId: 'test',
      })
      return rested(await claimedRun(engine, accepted.row.id))
    },
    rested,
    result: run => resultOf(store, run),
    failure: run => failureOfRun(store, run),
    stop: async () => {
      engine.stop()
      await real.close()
      await outside.close()
      await store.close()
    },
  }
}

function chosenOf({ fault, places, models, types, gallery, connections }: WorldOptions) {
  return given({ fault, places, models, types, gallery, connections })
}

/** What is there of it. */
function given<T extends object>(values: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as never
}

/** Every tool there is, and what has to be closed with them. */
function createOutside(
  clock: Clock,
  more: ToolDeclaration[],
): { tools: ToolRegistry; close(): Promise<void> } {
  const client = createHttpClient({ now: () => clock.now() })
  const compute = keptCompute()
  const own = new Set(more.map(tool => tool.name))
  const tools = createRegistry([
    ...everyTool({ client, compute }).filter(tool => !own.has(tool.name)),
    ...more,
  ])
  return {
    tools,
    close: async () => {
      await client.close()
      await compute.close()
    },
  }
}

function otherEngine(pool: SandboxPool, engineVersion: string): SandboxPool {
  return {
    engineVersion,
    start: (run, listener) => pool.start(run, listener),
    warm: () => pool.warm(),
    stats: () => pool.stats(),
    close: () => pool.close(),
  }
}

async function emit(engine: Engine, request: EventRequest): Promise<Taken> {
  const accepted = await engine.emit(request)
  if (accepted.is === 'full') throw new Error(accepted.reason)
  return accepted
}

async function claimedRun(engine: Engine, eventId: string): Promise<string> {
  return until(() => engine.event(eventId).run_id, `the event ${eventId} was never claimed`)
}

async function restedRun(engine: Engine, runId: string): Promise<RunRow> {
  return until(() => {
    const run = engine.run(runId)
    return engine.isAtRest(runId) ? run : null
  }, `the run ${runId} never came to rest`)
}

/** Looks again and again until there is an answer. */
export async function until<T>(
  look: () => T | null | undefined | false,
  problem: string,
  ms = 50_000,
): Promise<T> {
  const deadline = Date.now() + ms
  for (;;) {
    const found = look()
    if (found !== null && found !== undefined && found !== false) return found
    if (Date.now() > deadline) throw new Error(problem)
    await new Promise(resolve => setTimeout(resolve, 5))
  }
}
