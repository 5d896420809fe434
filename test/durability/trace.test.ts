import { execFile, execFileSync } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import { promisify } from 'node:util'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { serveHttp } from '../support/loopback-server.ts'
import type { LoopbackServer } from '../support/loopback-server.ts'
import { createWorld, tempFolder } from '../support/world.ts'

const run = promisify(execFile)
const canTrace = (() => {
  try {
    execFileSync('strace', ['-o', '/dev/null', 'true'])
    return true
  } catch {
    return false
  }
})()

let site: LoopbackServer
let folder: string

beforeEach(async () => {
  folder = tempFolder()
  site = await serveHttp((_request, response) => {
    response.writeHead(200, { 'content-type': 'application/json' })
    response.end('{}')
  })
})
afterEach(async () => {
  await site.close()
  fs.rmSync(folder, { recursive: true, force: true })
})

/** The system calls that matter, in the order in which they began. */
async function traced(): Promise<string[]> {
  const log = path.join(folder, 'trace.log')
  const child = path.join(import.meta.dirname, 'traced-run.ts')
  const calls = 'trace=pwrite64,fdatasync,write,writev,sendto,sendmsg'
  const home = path.join(folder, 'home')
  fs.mkdirSync(home)
  await run('strace', [
    '-f',
    '-y',
    '-s',
    '80',
    '-e',
    calls,
    '-o',
    log,
    process.execPath,
    child,
    home,
    site.host,
  ])
  return fs.readFileSync(log, 'utf8').split('\n')
}

const isLogWrite = (line: string) => line.includes('pwrite64(') && line.includes('steward.db-wal')
const isFlush = (line: string) =>
  /fdatasync\(\d+<[^>]*steward\.db-wal>\) += 0|<\.\.\. fdatasync resumed>\) += 0/.test(line)

describe('the order of a write', () => {
  it.runIf(canTrace)(
    'J1 the intent is written to the log and the log flushed before the first byte leaves',
    async () => {
      const lines = await traced()
      const left = lines.findIndex(line => line.includes('POST /marked'))
      expect(left).toBeGreaterThan(0)
      const before = lines.slice(0, left)
      const lastLogWrite = before.findLastIndex(isLogWrite)
      const lastFlush = before.findLastIndex(isFlush)
      expect(lastLogWrite).toBeGreaterThan(0)
      expect(lastFlush).toBeGreaterThan(lastLogWrite)
    },
  )

  it('J1 reads and local steps need no flush: only the event and the write have one', async () => {
    let flushes = 0
    const world = await createWorld({
      folder,
      auditHeadEveryMs: 3_600_000,
      sync: () => {
        flushes++
        return Promise.resolve()
      },
    })
    const script = (body: string) => `import { get, post } from 'tools/http'
      import { set } from 'tools/state'
      export default async function run() { ${body} }`
    const allowed = {
      reads: { hosts: [site.host], paths: [] },
      changes: [{ tool: 'http.post', hosts: [site.host], approval: 'never' as const }],
    }
    await world.install(
      'reader',
      script(`await get('${site.url('/a')}'); await set('k', 1); await get('${site.url('/b')}')`),
      allowed,
    )
    await world.install(
      'writer',
      script(`await post('${site.url('/a')}', {}); await post('${site.url('/b')}', {})`),
      allowed,
    )
    const counts = []
    for (const name of ['reader', 'writer']) {
      flushes = 0
      await world.run(name)
      counts.push(flushes)
    }
    expect(counts).toEqual([1, 3])
    await world.stop()
  })
})
