/** `vault`: whether it is open, who holds its key, and locking, unlocking and rotating it. */
import { setTimeout as pause } from 'node:timers/promises'
import { Option } from 'commander'
import type { Command } from 'commander'
import type { VaultView } from '../server/api.ts'
import { ApiError } from '../server/client.ts'
import { askNewSecret, askSecret } from './ask-secret.ts'
import { findCore, theCore } from './client.ts'
import { answering } from './command.ts'
import type { Answer } from './command.ts'
import { CommandFailed, EXIT } from './exit.ts'
import { count, facts } from './terminal.ts'

const FILE = 'file that holds it in its first line; - is standard input'

const HOLDERS: Readonly<Record<VaultView['holder'], string>> = {
  file: 'a file in the data folder',
  passphrase: 'a passphrase',
  os: 'the keychain of the system',
}

export function addVaultCommands(program: Command): void {
  const vault = program.command('vault').description('the keys that seal what is recorded, and credentials')
  answering(
    vault.command('status', { isDefault: true }).description('whether it is open, and who holds its key'),
    async () => shown(await theCore().get('/vault')),
  )
  answering(
    vault
      .command('unlock')
      .option('--passphrase-file <file>', FILE)
      .description('open it; what waits goes on'),
    unlock,
  )
  answering(
    vault.command('lock').description('put credentials out of reach until it is unlocked'),
    async () => shown(await theCore().post('/vault/lock', {})),
  )
  answering(
    vault
      .command('rotate')
      .addOption(
        new Option('--holder <holder>', 'os is the keychain of the system').choices(Object.keys(HOLDERS)),
      )
      .option('--passphrase-file <file>', `the present one: ${FILE}`)
      .option('--new-passphrase-file <file>', `the next one: ${FILE}`)
      .description('make new keys, for the same holder or another; what the old ones sealed still opens'),
    rotate,
  )
}

interface UnlockOptions {
  passphraseFile?: string
}

async function unlock({ passphraseFile }: UnlockOptions): Promise<Answer> {
  const before = await theCore().get('/vault')
  if (before.state === 'open') return shown(before)
  const passphrase =
    before.holder === 'passphrase' ? await askSecret('Passphrase', passphraseFile) : undefined
  const after = await theCore().post('/vault/unlock', { json: { passphrase } })
  if (!before.recordsOpen) await untilReady()
  return shown(after)
}

/** The core begins its work only now; whoever asks it for something next shall not be turned away. */
async function untilReady(): Promise<void> {
  for (let tries = 0; tries < 150; tries++) {
    try {
      await findCore()?.get('/automations')
      return
    } catch (error) {
      if (!(error instanceof CommandFailed || error instanceof ApiError)) throw error
      await pause(100)
    }
  }
  throw new CommandFailed(
    EXIT.failed,
    'The vault was unlocked, but Steward has not started its work. Look at its log.',
  )
}

interface RotateOptions {
  holder?: VaultView['holder']
  passphraseFile?: string
  newPassphraseFile?: string
}

async function rotate({ holder, passphraseFile, newPassphraseFile }: RotateOptions): Promise<Answer> {
  const before = await theCore().get('/vault')
  const next = holder ?? before.holder
  const isNew = next === 'passphrase' && (before.holder !== 'passphrase' || newPassphraseFile !== undefined)
  const passphrase =
    before.holder === 'passphrase' ? await askSecret('Present passphrase', passphraseFile) : undefined
  const newPassphrase = isNew ? await askNewSecret('New passphrase', newPassphraseFile) : undefined
  const after = await theCore().post('/vault/rotate', { json: { holder, passphrase, newPassphrase } })
  return { ...shown(after), text: `The keys were rotated.\n${shown(after).text}` }
}

function shown(view: VaultView): Answer {
  const waiting = view.waiting.map(waiter => waiter.name).join(', ')
  return {
    document: view,
    text: facts([
      ['State', stateText(view)],
      ['Key held by', HOLDERS[view.holder]],
      ['Rotated', view.rotations === 0 ? 'never' : count(view.rotations, 'time')],
      ['Waiting', waiting === '' ? null : waiting],
      ['', view.message],
    ]),
    code: view.state === 'open' ? EXIT.done : EXIT.waiting,
  }
}

function stateText({ state, recordsOpen }: VaultView): string {
  if (state === 'open') return 'open'
  return recordsOpen
    ? 'locked: credentials are out of reach. Unlock it with: steward vault unlock'
    : 'locked: nothing runs. Unlock it with: steward vault unlock'
}
