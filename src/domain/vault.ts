/** The vault as the rest of Steward sees it: whether it is open, who holds its key, and the commands it takes. */
import type { HolderKind, StoredKeys } from './key-ring.ts'

export interface VaultStatus {
  /** Whether credentials are out of reach. */
  state: 'open' | 'locked'
  /** Whether what is recorded can be read. It cannot before the first unlocking, and so nothing runs until then. */
  recordsOpen: boolean
  holder: HolderKind
  /** How often its keys were rotated. */
  rotations: number
  /** For people: what protects the keys, and what would protect them better. */
  message: string
}

export interface Rotation {
  /** Who holds the key from now on; absent: who holds it now. */
  holder?: HolderKind
  /** The passphrase that is in use; asked for where it is about to be replaced. */
  passphrase?: string
  newPassphrase?: string
}

export interface VaultDesk {
  status(): VaultStatus
  /** Opens it; fails with `invalid-input` on a wrong passphrase. `passphrase` only where one holds it. */
  unlock(passphrase?: string): Promise<VaultStatus>
  /** Credentials are out of reach until it is unlocked; what is recorded goes on being recorded. */
  lock(): VaultStatus
  /** New keys, under the same holder or another. What the old ones sealed still opens. */
  rotate(rotation: Rotation): Promise<VaultStatus>
}

/** The cause of the one action that is over once the vault is unlocked. */
export const VAULT_CAUSE = 'vault-locked:vault'

/** The keychain of the operating system, as the shell hands it to the core. */
export interface OsKeyStore {
  /** As people know it: “Keychain”, “Credential Manager”, “Secret Service”. */
  readonly name: string
  /** False where it is missing, or protects nothing (`basic_text`). */
  isAvailable(): Promise<boolean>
  seal(key: Uint8Array): Promise<Uint8Array>
  open(sealed: Uint8Array): Promise<Uint8Array>
}

/** Where the wrapped keys lie. Replaced as a whole: after a crash there is the old file or the new one. */
export interface KeyShelf {
  /** Null where there are none yet. Keys from before there was a vault are brought into their new form. */
  read(): StoredKeys | null
  write(stored: StoredKeys): void
}
