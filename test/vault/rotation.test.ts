/** A rotation that is cut short at every point leaves everything readable, under the holder before or the one after. */
import { spawn } from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openVault } from '../../src/main/connections/vault/vault.ts'
import { connectionRecords } from '../../src/main/store/connections.ts'
import { keyHolder, keyShelf } from '../../src/main/store/key-file.ts'
import { openStore } from '../../src/main/store/store.ts'
import type { Store } from '../../src/main/store/store.ts'
import { COST, KILL_POINTS, PASSPHRASE } from './rotation.ts'

const CHILD = path.join(import.meta.dirname, 'rotating-child.ts')
const NAMES = ['a', 'b', 'c']

let folder: string

beforeEach(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'steward-rotation-'))
})
afterEach(() => {
  fs.rmSync(folder, { recursive: true, force: true })
})

/** Opens the folder with the passphrase at hand, and does some work with it. */
async function withFolder<T>(
  work: (store: Store, parts: Awaited<ReturnType<typeof openParts>>) => Promise<T>,
) {
  const parts = await openParts()
  try {
    return await work(parts.store, parts)
  } finally {
    await parts.store.close()
  }
}

async function openParts() {
  const vault = await openVault({
    shelf: keyShelf(folder),
    cost: COST,
    passphrase: keyHolder(folder) === null ? undefined : PASSPHRASE,
  })
  const store = openStore({ folder, now: () => Date.now(), keys: vault.records })
  return { vault, store, records: connectionRecords(store, vault.credentials) }
}

/** Ends with the signal that ended it; null where it came to its end. */
function rotate(point: string, holder: string): Promise<NodeJS.Signals | null> {
  const child = spawn(process.execPath, [CHILD, folder, point, holder], { stdio: 'inherit' })
  return new Promise(resolve =>
    child.once('exit', (_code, signal) => {
      resolve(signal)
    }),
  )
}

describe('a rotation that is killed', () => {
  const cases = [
    ...KILL_POINTS.map(point => [point, 'file'] as const),
    ...(['before-rename', 'after-rename'] as const).map(point => [point, 'passphrase'] as const),
  ]
  it.each(cases)('J12 P5 %s, on the way to a %s, loses nothing', async (point, holder) => {
    const sealed = await withFolder(async (store, { records }) => {
      for (const name of NAMES) {
        await records.put({
          name,
          kind: 'http',
          auth: 'bearer',
          origins: [],
          settings: {},
          secrets: { key: `of ${name}` },
        })
      }
      return store.sealText('recorded', 'c')
    })
    expect(await rotate(point, holder)).toBe('SIGKILL')

    await withFolder(async (store, { vault, records }) => {
      const isNew = point !== 'before-draft' && point !== 'before-rename'
      expect(vault.status()).toMatchObject({
        state: 'open',
        holder: isNew ? holder : 'file',
        rotations: isNew ? 1 : 0,
      })
      expect(store.openText(sealed, 'c')).toBe('recorded')
      expect(store.audit.verify()).toMatchObject({ ok: true, rows: NAMES.length })
      const secrets = () => records.all().map(connection => records.secret(connection, 'key'))
      expect(secrets()).toEqual(NAMES.map(name => `of ${name}`))
      const isResealed = point === 'after-reseal' || point === 'at-end' || !isNew
      expect(await records.reseal()).toBe(isResealed ? 0 : NAMES.length)
      expect(secrets()).toEqual(NAMES.map(name => `of ${name}`))
      await vault.rotate({ passphrase: PASSPHRASE })
    })
    expect(fs.readdirSync(folder).filter(file => file.startsWith('keys'))).toEqual(['keys'])
  })
})
