/**
 * The vault: opens the ring of keys with its holder's key, hands the keys out while it is open, rotates them.
 * Owns the keys in memory. Does not own what they seal, nor the file they lie in (`KeyShelf`).
 * J12: what is recorded is sealed under the ring's data key. P5: its audit key never changes.
 * A ring is replaced as a whole and keeps every older key, so a crash at any point leaves everything readable.
 */
import { fail } from '../../../domain/failure.ts'
import { eraseKeys, newRing, newRingId, rotatedRing, unwrapRing, wrapRing } from '../../../domain/key-ring.ts'
import type { HolderKind, KeyRing, StoredKeys } from '../../../domain/key-ring.ts'
import type { SealingKey } from '../../../domain/seal.ts'
import type { KeyShelf, Rotation, VaultDesk, VaultStatus } from '../../../domain/vault.ts'
import { keyOf, newlyHeld } from './holders.ts'
import type { Held, HolderPorts } from './holders.ts'

export interface VaultOptions extends HolderPorts {
  shelf: KeyShelf
  /** What a server was started with; used where a passphrase holds the key, and for a new folder. */
  passphrase?: string | undefined
}

export interface Vault extends VaultDesk {
  /** Seals credentials; without a key while the vault is locked. */
  readonly credentials: SealingKey
  /** Seal what is recorded; the audit key fails with `vault-locked` while records are not open. */
  readonly records: SealingKey & { auditKey(): Uint8Array }
  /** Resolves once records can be opened: at once, where nobody has to be asked. */
  readonly opened: Promise<void>
  /** Called after each unlocking and each rotation. */
  onChange(listener: () => void | Promise<void>): void
  /** Forgets every key. */
  close(): void
}

export async function openVault(options: VaultOptions): Promise<Vault> {
  const stored = options.shelf.read() ?? (await createKeys(options))
  const vault = new KeyVault(options, stored)
  await vault.openUnasked(options.passphrase)
  return vault
}

/** The strongest holder there is without asking anyone: a passphrase that was given, the system, the file. */
async function createKeys({ shelf, passphrase, ...ports }: VaultOptions): Promise<StoredKeys> {
  const hasOs = ports.os !== undefined && (await ports.os.isAvailable())
  const kind: HolderKind = passphrase !== undefined ? 'passphrase' : hasOs ? 'os' : 'file'
  const { key, holder } = await newlyHeld(kind, passphrase, ports)
  const stored = wrapRing(newRing(), key, newRingId(), holder)
  shelf.write(stored)
  return stored
}

class KeyVault implements Vault {
  readonly opened: Promise<void>
  readonly credentials: SealingKey
  readonly records: SealingKey & { auditKey(): Uint8Array }
  readonly #options: VaultOptions
  readonly #listeners: (() => void | Promise<void>)[] = []
  #stored: StoredKeys
  #ring: KeyRing | null = null
  #isOpened: () => void = () => undefined
  /** One at a time: guesses are dear, and a rotation must not meet another. */
  #turn: Promise<unknown> = Promise.resolve()

  constructor(options: VaultOptions, stored: StoredKeys) {
    this.#options = options
    this.#stored = stored
    this.opened = new Promise(resolve => {
      this.#isOpened = resolve
    })
    this.credentials = {
      dataKey: generation => keyAt(this.#ring?.vault, generation),
      generation: () => Math.max(this.#ring?.vault.length ?? 1, 1),
    }
    this.records = {
      dataKey: generation => keyAt(this.#ring?.data, generation),
      generation: () => this.#ring?.data.length ?? 1,
      auditKey: () => this.#ring?.audit ?? recordsLocked(),
    }
  }

  status(): VaultStatus {
    const { kind } = this.#stored.holder
    return {
      state: this.#isOpen() ? 'open' : 'locked',
      recordsOpen: this.#ring !== null,
      holder: kind,
      rotations: (this.#ring?.data.length ?? 1) - 1,
      message: this.#message(kind),
    }
  }

  /** Opens without a person, where that is possible. */
  async openUnasked(passphrase: string | undefined): Promise<void> {
    const ring = await this.#ringBy(passphrase)
    if (ring === 'wrong' && this.#stored.holder.kind !== 'passphrase') refuseKeys()
    // A wrong passphrase of a server's file leaves the vault locked; a person can still give the right one.
    if (ring !== null && ring !== 'wrong') this.#open(ring)
  }

  unlock(passphrase?: string): Promise<VaultStatus> {
    return this.#inTurn(async () => {
      if (this.status().state === 'open') return this.status()
      const ring = await this.#ringBy(passphrase)
      if (ring === null) return refuseWithout(this.#stored.holder.kind)
      if (ring === 'wrong') return refusePassphrase('passphrase')
      this.#open(ring)
      await this.#tell()
      return this.status()
    })
  }

  lock(): VaultStatus {
    if (this.#ring !== null) {
      eraseKeys(this.#ring.vault)
      this.#ring = { ...this.#ring, vault: [] }
    }
    return this.status()
  }

  rotate(rotation: Rotation): Promise<VaultStatus> {
    return this.#inTurn(async () => {
      const ring = this.#ring
      if (ring === null || !this.#isOpen()) refuseLocked()
      const held = await this.#nextHolder(rotation)
      const next = rotatedRing(ring)
      const stored = wrapRing(next, held.key, this.#stored.id, held.holder)
      this.#options.shelf.write(stored)
      this.#stored = stored
      this.#ring = next
      await this.#tell()
      return this.status()
    })
  }

  onChange(listener: () => void | Promise<void>): void {
    this.#listeners.push(listener)
  }

  close(): void {
    if (this.#ring !== null) eraseKeys([...this.#ring.data, ...this.#ring.vault, this.#ring.audit])
    this.#ring = null
  }

  /** A passphrase that is about to go, or to be wrapped with again, is asked for: the one at the desk may be another. */
  async #nextHolder({ holder, passphrase, newPassphrase }: Rotation): Promise<Held> {
    const present = this.#stored.holder
    const kind = holder ?? present.kind
    if (present.kind === 'passphrase' && (await this.#ringBy(passphrase)) === 'wrong')
      refusePassphrase('passphrase')
    if (present.kind === 'passphrase' && passphrase === undefined) refuseWithout('passphrase')
    return newlyHeld(kind, newPassphrase ?? (kind === present.kind ? passphrase : undefined), this.#options)
  }

  async #ringBy(passphrase: string | undefined): Promise<KeyRing | 'wrong' | null> {
    const key = await keyOf(this.#stored.holder, passphrase, this.#options)
    if (key === null) return null
    return unwrapRing(this.#stored, key) ?? 'wrong'
  }

  #open(ring: KeyRing): void {
    this.close()
    this.#ring = ring
    this.#isOpened()
  }

  #isOpen(): boolean {
    return this.#ring !== null && this.#ring.vault.length > 0
  }

  async #tell(): Promise<void> {
    for (const listener of this.#listeners) await listener()
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#turn.then(work, work)
    this.#turn = turn.catch(() => undefined)
    return turn
  }

  #message(kind: HolderKind): string {
    const unused = this.#options.passphrase !== undefined && kind !== 'passphrase'
    const also = unused ? ' A passphrase was given at the start and is not used by this folder.' : ''
    return `${HOLDER_WORDS[kind](this.#options.os?.name)}${also}`
  }
}

const HOLDER_WORDS: Readonly<Record<HolderKind, (os: string | undefined) => string>> = {
  file: () =>
    'The keys lie in a file that only you can open, and nothing else protects them: whoever reads that file can open what is recorded, credentials included. To protect them by a passphrase: steward vault rotate --holder passphrase',
  passphrase: () =>
    'The keys are protected by your passphrase. Without it nothing that is recorded can be opened.',
  os: (name = 'the keychain of the system') => `The keys are held by ${name}, for your user of this machine.`,
}

function keyAt(keys: readonly Uint8Array[] | undefined, generation = keys?.length ?? 0): Uint8Array | null {
  return keys?.[generation - 1] ?? null
}

function refuseWithout(holder: HolderKind): never {
  if (holder === 'passphrase') {
    fail({
      kind: 'invalid-input',
      path: 'passphrase',
      message: 'The vault opens with its passphrase, and none was given. Nothing was changed.',
    })
  }
  fail({
    kind: 'vault-locked',
    message:
      'The keys are held by the keychain of the system, which is not to be had here. Nothing was opened. Start Steward as the desktop app, for the same user.',
  })
}

function refusePassphrase(path: string): never {
  fail({
    kind: 'invalid-input',
    path,
    message: 'The passphrase was not the right one. Nothing was opened or changed.',
  })
}

function refuseKeys(): never {
  fail({
    kind: 'vault-locked',
    message:
      'The key file does not fit its holder: it was changed, or belongs to another folder. Nothing was changed. Put the key file back from a copy.',
  })
}

function refuseLocked(): never {
  fail({
    kind: 'vault-locked',
    message: 'The vault is locked. Nothing was changed. Unlock it first: steward vault unlock',
  })
}

function recordsLocked(): never {
  fail({
    kind: 'vault-locked',
    message: 'The vault is locked, so the audit log could not be read or written. Nothing was changed.',
  })
}
