/** The vault: whether it is open, and the commands it takes. Also what a locked core answers, before anything runs. */
import { Hono } from 'hono'
import { z } from 'zod'
import type { VaultDesk, VaultStatus } from '../../domain/vault.ts'
import type { Waiter } from '../store/waiters.ts'
import { operation } from './operation.ts'

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
    .get('/', operation({ summary: 'Whether it is open', answers: { 200: 'Vault' } }), c =>
      c.json(view(vault.status())),
    )
    .post('/unlock', operation({ summary: 'Open it', body: unlocking, answers: { 200: 'Vault' } }), async c =>
      c.json(view(await vault.unlock(c.req.valid('json').passphrase))),
    )
    .post('/lock', operation({ summary: 'Put credentials out of reach', answers: { 200: 'Vault' } }), c =>
      c.json(view(vault.lock())),
    )
    .post(
      '/rotate',
      operation({ summary: 'New keys, or another holder', body: rotation, answers: { 200: 'Vault' } }),
      async c => {
        const { holder, ...words } = c.req.valid('json')
        return c.json(
          view(
            await vault.rotate({
              ...(holder === undefined ? {} : { holder }),
              ...(words.passphrase === undefined ? {} : { passphrase: words.passphrase }),
              ...(words.newPassphrase === undefined ? {} : { newPassphrase: words.newPassphrase }),
            }),
          ),
        )
      },
    )
}
