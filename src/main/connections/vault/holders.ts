/**
 * Who holds the key of the vault, and how each comes by it: the operating system's keychain, a passphrase, or a file
 * that only its owner can read. Owns no key: what is made or recovered here is handed on at once.
 */
import { bytesToHex, hexToBytes, randomBytes } from '@noble/hashes/utils.js'
import { fail } from '../../../domain/failure.ts'
import { newKey } from '../../../domain/key-ring.ts'
import type { Holder, HolderKind } from '../../../domain/key-ring.ts'
import type { OsKeyStore } from '../../../domain/vault.ts'
import { argon2id, USUAL_COST } from './argon2.ts'
import type { Argon2Cost } from './argon2.ts'

export const SHORTEST_PASSPHRASE = 10
const LONGEST_PASSPHRASE = 1_024
const SALT_BYTES = 16

export interface Held {
  holder: Holder
  key: Uint8Array
}

export interface HolderPorts {
  os?: OsKeyStore | undefined
  /** Absent: the usual one (tests take a cheaper one). */
  cost?: Argon2Cost | undefined
}

/** A new key in the hands of the one named. */
export async function newlyHeld(
  kind: HolderKind,
  passphrase: string | undefined,
  { os, cost = USUAL_COST }: HolderPorts,
): Promise<Held> {
  switch (kind) {
    case 'file': {
      const key = newKey()
      return { holder: { kind, key: bytesToHex(key) }, key }
    }
    case 'passphrase': {
      const salt = bytesToHex(randomBytes(SALT_BYTES))
      const holder = { kind, kdf: 'argon2id', salt, ...cost } as const
      return { holder, key: await keyOfPassphrase(strongEnough(passphrase), holder) }
    }
    case 'os': {
      const key = newKey()
      const sealed = await (await availableOs(os)).seal(key)
      return { holder: { kind, sealed: bytesToHex(sealed) }, key }
    }
  }
}

/** The key that this holder holds; null where it cannot be had without a person. */
export async function keyOf(
  holder: Holder,
  passphrase: string | undefined,
  { os }: HolderPorts,
): Promise<Uint8Array | null> {
  switch (holder.kind) {
    case 'file':
      return hexToBytes(holder.key)
    case 'passphrase':
      return passphrase === undefined ? null : keyOfPassphrase(passphrase, holder)
    case 'os':
      if (os === undefined || !(await os.isAvailable())) return null
      return os.open(hexToBytes(holder.sealed))
  }
}

/** Two ways to type one character give one key. */
function keyOfPassphrase(
  passphrase: string,
  holder: Extract<Holder, { kind: 'passphrase' }>,
): Promise<Uint8Array> {
  const message = new TextEncoder().encode(passphrase.slice(0, LONGEST_PASSPHRASE).normalize('NFKC'))
  const { memoryKib, passes, lanes } = holder
  return argon2id({ message, salt: hexToBytes(holder.salt), memoryKib, passes, lanes })
}

function strongEnough(passphrase: string | undefined): string {
  const given = passphrase ?? ''
  if (given.length >= SHORTEST_PASSPHRASE && given.length <= LONGEST_PASSPHRASE) return given
  return fail({
    kind: 'invalid-input',
    path: 'newPassphrase',
    message: `A passphrase has ${SHORTEST_PASSPHRASE} to ${LONGEST_PASSPHRASE} characters. Nothing was changed. A few unrelated words make a good one.`,
  })
}

async function availableOs(os: OsKeyStore | undefined): Promise<OsKeyStore> {
  if (os !== undefined && (await os.isAvailable())) return os
  return fail({
    kind: 'invalid-input',
    path: 'holder',
    message:
      'The keychain of this system is not to be had here. Nothing was changed. It is used by the desktop app; without it, take a passphrase.',
  })
}
