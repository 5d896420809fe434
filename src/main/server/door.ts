/**
 * What answers while the vault keeps everything shut: the same address, the same guards, and only the vault behind
 * them. Everything else is told what to do; the inbox shows the one action there is.
 */
import { Hono } from 'hono'
import { fail } from '../../domain/failure.ts'
import type { VaultDesk } from '../../domain/vault.ts'
import type { Log } from '../store/log-file.ts'
import type { Waiter } from '../store/waiters.ts'
import { guardRequests } from './guard.ts'
import type { Guard } from './guard.ts'
import { problemOf, respond } from './problem.ts'
import { refuseHooks } from './routes-hooks.ts'
import { vaultRoutes } from './routes-vault.ts'

export interface DoorOptions extends Guard {
  vault: VaultDesk
  /** What waits, by name. */
  waiting: () => Waiter[]
  version: string
  log: Log
}

export function createDoor({ vault, waiting, version, log, ...guard }: DoorOptions) {
  const door = new Hono()
  door.use('/hooks/*', refuseHooks())
  door.use(guardRequests(guard))
  door.onError(error => respond(problemOf(error, log)))
  door.notFound(() => {
    const waits = waitingText(waiting())
    fail({
      kind: 'vault-locked',
      message: `The vault is locked, so nothing runs and nothing that is recorded can be read. Nothing was changed. ${waits} Unlock it with: steward vault unlock`,
    })
  })
  return door
    .get('/health', c => c.json({ ok: true, version, locked: true }))
    .route('/api/v1/vault', vaultRoutes(vault, waiting))
    .get('/api/v1/actions', c => c.json({ items: [unlockAction(waiting())], next: null }))
}

/** Not on record: records are what cannot be written. */
function unlockAction(waiting: Waiter[]) {
  return {
    id: 'vault-locked',
    kind: 'vault-locked',
    state: 'open' as const,
    automation: null,
    runId: null,
    itemId: null,
    cause: 'The vault is locked, so nothing that is recorded can be opened.',
    effect: `${waitingText(waiting)} Events and schedules that come due meanwhile are caught up as each automation says. Unlock it with: steward vault unlock`,
    detail: null,
    waiting,
    choices: [],
    choice: null,
    expiresAt: null,
    createdAt: 0,
    resolvedAt: null,
  }
}

function waitingText(waiting: readonly Waiter[]): string {
  if (waiting.length === 0) return 'No automation waits.'
  const names = waiting.slice(0, 10).map(waiter => waiter.name)
  const more = waiting.length > names.length ? ` and ${String(waiting.length - names.length)} more` : ''
  return `${waiting.length === 1 ? 'This automation waits' : 'These automations wait'}: ${names.join(', ')}${more}.`
}
