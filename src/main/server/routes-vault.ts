/** The vault: whether it is open, and the commands it takes. Also what a locked core answers, before anything runs. */
import { Hono } from 'hono'
import { z } from 'zod'
import type { VaultDesk, VaultStatus } from '../../domain/vault.ts'
import type { Waiter } from '../store/waiters.ts'
import { bodyAs } from './input.ts'

const passphrase = z.string().max(1_024).optional()
const unlocking = z.strictObject({ passphrase })
const rotation = z.strictObject({
  holder: z.enum(['file', 'passphrase', 'os']).optional(),
  passphrase,
  newPassphrase: passphrase,
})

export interface VaultView extends VaultStatus {
  /** Automations that wait until it is unlocked. */
  waiting: Waiter[]
}

export function vaultRoutes(vault: VaultDesk, waiting: () => Waiter[]) {
  const view = (status: VaultStatus): VaultView => {
    return { ...status, waiting: status.state === 'open' ? [] : waiting() }
  }
  return new Hono()
    .get('/', c => c.json(view(vault.status())))
    .post('/unlock', async c => {
      const given = await bodyAs(c, unlocking)
      return c.json(view(await vault.unlock(given.passphrase)))
    })
    .post('/lock', c => c.json(view(vault.lock())))
    .post('/rotate', async c => {
      const { holder, ...words } = await bodyAs(c, rotation)
      return c.json(
        view(
          await vault.rotate({
            ...(holder === undefined ? {} : { holder }),
            ...(words.passphrase === undefined ? {} : { passphrase: words.passphrase }),
            ...(words.newPassphrase === undefined ? {} : { newPassphrase: words.newPassphrase }),
          }),
        ),
      )
    })
}
