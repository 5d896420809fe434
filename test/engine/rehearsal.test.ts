import fs from 'node:fs'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { contractSchema } from '../../src/domain/contract.ts'
import type { ContractInput } from '../../src/domain/contract.ts'
import { serveHttp } from '../support/loopback-server.ts'
import type { LoopbackServer } from '../support/loopback-server.ts'
import { contractFor, createWorld, tempFolder } from '../support/world.ts'
import type { World } from '../support/world.ts'

let world: World
let site: LoopbackServer
let root: string

beforeEach(async () => {
  root = tempFolder()
  site = await serveHttp((_request, response) => {
    response.writeHead(200, { 'content-type': 'application/json' })
    response.end('{"n":1}')
  })
  world = await createWorld()
})
afterEach(async () => {
  await world.stop()
  await site.close()
  for (const folder of [world.folder, root]) fs.rmSync(folder, { recursive: true, force: true })
})

const rehearse = (source: string, more: Partial<ContractInput>, event = {}) =>
  world.engine.rehearse({
    source,
    event,
    phase: 'dry-run',
    contract: contractSchema.parse(contractFor(more)),
  })

describe('a rehearsal', () => {
  it('S6 reads for real, simulates writes, and changes nothing outside or in local state', async () => {
    fs.writeFileSync(path.join(root, 'a.txt'), 'text')
    const end = await rehearse(
      `import { get, post } from 'tools/http'
       import { move } from 'tools/files'
       import { set, get as recall } from 'tools/state'
       import { each } from 'tools/flow'
       export default async function run() {
         const page = await get('${site.url('/page')}')
         const moved = await each('file', ['a.txt'], name => name, name => move('${root}/' + name, '${root}/b.txt'))
         await post('${site.url('/send')}', page.body)
         await set('n', page.body.n)
         return [await recall('n'), moved.done.length]
       }`,
      {
        reads: { hosts: [site.host], paths: [root] },
        changes: [
          { tool: 'http.post', hosts: [site.host], approval: 'always' },
          { tool: 'files.move', paths: [root], approval: 'never' },
        ],
        items: { file: 'its name' },
      },
    )
    expect(end.failure).toBeNull()
    expect(end.result).toEqual([1, 1])
    expect(end.steps.map(step => `${step.tool} ${step.effect}`)).toEqual([
      'http.get read',
      'files.move write',
      'http.post write',
      'state.set local',
      'state.get local',
    ])
    expect(end.steps[1]?.sentence).toMatch(/^Would have: Renamed a.txt/)
    expect(site.seen.map(request => request.method)).toEqual(['GET'])
    expect(fs.readdirSync(root)).toEqual(['a.txt'])
    expect(world.engine.store.audit.verify()).toMatchObject({ ok: true, rows: 0 })
  })

  it('S6 P1 refuses what the contract refuses', async () => {
    const end = await rehearse(
      `import { post } from 'tools/http'
       export default async function run() { await post('http://elsewhere.example/', {}) }`,
      {},
    )
    expect(end.failure?.kind).toBe('not-permitted')
    expect(end.steps).toHaveLength(1)
  })

  it('S6 S2 ends a script that loops, with the limit named', async () => {
    const end = await rehearse('export default async function run() { for (;;) {} }', {
      limits: { cpuMs: 100 },
    })
    expect(end.failure).toMatchObject({ kind: 'script-limit', limit: 'cpu' })
  })
})
