/**
 * A process that rotates the keys of a folder and ends itself at a named point of doing so, as a power cut would.
 * Arguments: the folder, the point, and the holder to rotate to.
 */
import fs from 'node:fs'
import { openConnections } from '../../src/main/connections/connections.ts'
import { openVault } from '../../src/main/connections/vault/vault.ts'
import type { HolderKind } from '../../src/domain/key-ring.ts'
import { connectionRecords } from '../../src/main/store/connections.ts'
import { keyShelf } from '../../src/main/store/key-file.ts'
import { openStore } from '../../src/main/store/store.ts'
import { createHttpClient } from '../../src/main/tools/network/client.ts'
import { COST, PASSPHRASE } from './rotation.ts'
import type { KillPoint } from './rotation.ts'

const [folder, point, holder] = process.argv.slice(2) as [string, KillPoint, HolderKind]

function endAt(reached: KillPoint): void {
  if (reached === point) process.kill(process.pid, 'SIGKILL')
}

const shelf = keyShelf(folder)
const vault = await openVault({
  cost: COST,
  shelf: {
    read: () => shelf.read(),
    write: stored => {
      endAt('before-draft')
      const { renameSync } = fs
      fs.renameSync = (from, to) => {
        endAt('before-rename')
        renameSync(from, to)
        fs.renameSync = renameSync
      }
      shelf.write(stored)
      endAt('after-rename')
    },
  },
})
const store = openStore({ folder, now: () => Date.now(), keys: vault.records })
const records = connectionRecords(store, vault.credentials)
await openConnections({
  records: {
    ...records,
    reseal: async () => {
      if (vault.status().rotations > 0) endAt('before-reseal')
      const count = await records.reseal()
      if (vault.status().rotations > 0) endAt('after-reseal')
      return count
    },
  },
  vault,
  client: createHttpClient({ now: () => Date.now() }),
  onReady: async () => undefined,
})
await vault.rotate({ holder, ...(holder === 'passphrase' ? { newPassphrase: PASSPHRASE } : {}) })
endAt('at-end')
