/** What a disk that takes nothing more costs: the runs that could not be recorded, for as long as it takes nothing. */
import fs from 'node:fs'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Store } from '../../src/main/store/store.ts'
import type { Reader } from '../../src/main/store/tx.ts'
import { inState, untilAsked } from '../support/engine-tests.ts'
import { serveHeld } from '../support/held-site.ts'
import type { HeldSite } from '../support/held-site.ts'
import { createWorld, until } from '../support/world.ts'
import type { World } from '../support/world.ts'

let site: HeldSite
let world: World
let failures: string[]

beforeEach(async () => {
  site = await serveHeld()
  failures = []
  world = await createWorld({
    log: (level, message) => {
      if (level === 'error') failures.push(message)
    },
  })
})
afterEach(async () => {
  await world.stop()
  await site.close()
  fs.rmSync(world.folder, { recursive: true, force: true })
})

const raw = <R>(reader: Reader, sql: string) => reader.get<object, R>({ sql, bind: () => [] }, {})

/** The database may have this many pages at most. */
function limitPages(most: number): void {
  raw(world.store, `PRAGMA max_page_count = ${String(most)}`)
}

/** From now on no write that nobody waits for finds room: SQLite says so itself. Answers whether one has tried. */
function fillBeside(): () => boolean {
  let tried = false
  const write = world.store.write.bind(world.store)
  const filling: Store['write'] = (work, options) => {
    if (options?.idle !== true) return write(work, options)
    return write(tx => {
      tried = true
      limitPages(raw<{ page_count: number }>(tx, 'PRAGMA page_count')?.page_count ?? 0)
      const row = 'INSERT INTO settings VALUES (hex(randomblob(8)), hex(randomblob(2000))) RETURNING key'
      for (let rows = 0; rows < 3_000; rows++) raw(tx, row)
      return work(tx)
    }, options)
  }
  Object.defineProperty(world.store, 'write', { value: filling, configurable: true })
  return () => tried
}

describe('a disk that is full while a slow read is at work', () => {
  it('P5 ends the run whose decision it did not take, and no more than that', async () => {
    const unheard: unknown[] = []
    const hear = (reason: unknown) => unheard.push(reason)
    process.on('unhandledRejection', hear)
    site.hold('/slow')
    await world.install(
      'slow',
      `import { get } from 'tools/http'
       export default async function run() { return (await get('${site.url('/slow')}')).status }`,
      { reads: { hosts: [site.host], paths: [] } },
    )
    const isRefused = fillBeside()
    const runId = await untilAsked(world, site, 'slow', '/slow')
    await until(isRefused, 'the decision was never written')
    Reflect.deleteProperty(world.store, 'write')
    limitPages(1_000_000)
    site.release('/slow')
    const run = await inState(world, runId, 'failed')
    expect(world.failure(run)?.kind).toBe('disk-full')
    process.off('unhandledRejection', hear)
    expect(unheard).toEqual([])

    expect((await world.run('slow')).state).toBe('succeeded')
  })
})
