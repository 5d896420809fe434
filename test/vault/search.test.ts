import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openConnections } from '../../src/main/connections/connections.ts'
import type { Desk } from '../../src/main/connections/desk.ts'
import { openVault } from '../../src/main/connections/vault/vault.ts'
import type { Vault } from '../../src/main/connections/vault/vault.ts'
import { connectionRecords } from '../../src/main/store/connections.ts'
import { keyShelf } from '../../src/main/store/key-file.ts'
import { openStore } from '../../src/main/store/store.ts'
import { createCompute } from '../../src/main/tools/compute/pool.ts'
import { createHttpClient } from '../../src/main/tools/network/client.ts'
import { connectedSearch } from '../../src/main/tools/web/connected-search.ts'
import { webTools } from '../../src/main/tools/web.ts'
import { serveHttp } from '../support/loopback-server.ts'
import type { LoopbackServer } from '../support/loopback-server.ts'
import { WebScope } from '../support/web-scope.ts'
import type { WebRun } from '../support/web-scope.ts'

let desk: Desk
let vault: Vault
let run: WebRun
let site: LoopbackServer
let status = 200
const closers: (() => unknown)[] = []

beforeEach(async () => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'steward-search-'))
  vault = await openVault({ shelf: keyShelf(folder) })
  let now = 1_000
  const store = openStore({ folder, now: () => now++, keys: vault.records })
  const client = createHttpClient({ now: () => 0 })
  const compute = createCompute()
  desk = await openConnections({
    records: connectionRecords(store, vault.credentials),
    vault,
    client,
    onReady: async () => undefined,
  })
  status = 200
  site = await serveHttp((_request, response) => {
    const found = { url: 'https://a.example/', title: 'A', content: 'First' }
    response
      .writeHead(status, { 'content-type': 'application/json' })
      .end(JSON.stringify({ results: [found] }))
  })
  const scope = new WebScope({
    compute,
    tools: reader => webTools({ reader, searchProvider: connectedSearch(desk) }),
  })
  run = scope.run({ accounts: ['search'] })
  closers.push(
    () => {
      fs.rmSync(folder, { recursive: true })
    },
    () => store.close(),
    () => client.close(),
    () => compute.close(),
    () => site.close(),
    () => scope.close(),
  )
})
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})

describe('web.search by what is connected', () => {
  it('says what to connect where nothing is', async () => {
    const failed = await run.failure('web.search', { query: 'tea' })
    expect(failed).toMatchObject({ kind: 'not-connected', setting: 'search', detail: { sent: 'no' } })
    expect(failed.message).toContain('steward connections add search --kind KIND')
  })

  it('asks the one named “search”, else the oldest, and never after it was removed', async () => {
    await desk.add({ name: 'old', kind: 'searxng', settings: { url: site.url('/old') } })
    await desk.add({ name: 'mine', kind: 'searxng', settings: { url: site.url('/mine') } })
    await run.call('web.search', { query: 'tea' })
    await desk.add({ name: 'search', kind: 'searxng', settings: { url: site.url('/search') } })
    expect(await run.call('web.search', { query: 'tea' })).toMatchObject({ provider: 'searxng' })
    expect(site.seen.map(seen => seen.path.split('/')[1])).toEqual(['old', 'search'])
    for (const name of ['old', 'mine', 'search']) await desk.remove(name)
    expect(await run.failure('web.search', { query: 'tea' })).toMatchObject({ kind: 'not-connected' })
    expect(site.seen).toHaveLength(2)
  })

  it('waits while the vault is locked, with nothing sent', async () => {
    await desk.add({ name: 'search', kind: 'tavily', secrets: { key: 'canary-of-tavily' } })
    vault.lock()
    expect(await run.failure('web.search', { query: 'tea' })).toMatchObject({ kind: 'vault-locked' })
  })

  it('notes that the provider refused it', async () => {
    await desk.add({ name: 'mine', kind: 'searxng', settings: { url: site.url() } })
    status = 401
    expect(await run.failure('web.search', { query: 'tea' })).toMatchObject({
      kind: 'auth-expired',
      connection: 'mine',
    })
    expect(desk.find('mine')).toMatchObject({ state: 'refused' })
  })
})
