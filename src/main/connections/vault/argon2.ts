/**
 * Argon2id (RFC 9106): a key from a passphrase, dear in memory so that guessing is dear. By Node itself where its
 * OpenSSL has it, off the loop; otherwise by noble, which gives the same key more slowly.
 */
import crypto from 'node:crypto'
import type { Argon2Parameters } from 'node:crypto'
import { promisify } from 'node:util'

export interface Argon2Cost {
  memoryKib: number
  passes: number
  lanes: number
}

/** The second choice of RFC 9106, 4: 64 MiB and three passes; about a quarter of a second. */
export const USUAL_COST: Argon2Cost = { memoryKib: 65_536, passes: 3, lanes: 1 }

export interface Argon2Input extends Argon2Cost {
  message: Uint8Array
  /** At least 16 random bytes. */
  salt: Uint8Array
  secret?: Uint8Array
  associatedData?: Uint8Array
}

const KEY_LENGTH = 32

/** 32 bytes. */
export async function argon2id(input: Argon2Input): Promise<Uint8Array> {
  return hasNative() ? nativeArgon2id(input) : portableArgon2id(input)
}

/** Typed as always there; older versions of Node, and Electron's, are without it. */
function hasNative(): boolean {
  return typeof (crypto as Partial<typeof crypto>).argon2 === 'function'
}

export async function nativeArgon2id(input: Argon2Input): Promise<Uint8Array> {
  const { message, salt, secret, associatedData, memoryKib, passes, lanes } = input
  const parameters: Argon2Parameters = {
    message,
    nonce: salt,
    parallelism: lanes,
    tagLength: KEY_LENGTH,
    memory: memoryKib,
    passes,
    ...(secret === undefined ? {} : { secret }),
    ...(associatedData === undefined ? {} : { associatedData }),
  }
  return new Uint8Array(await promisify(crypto.argon2)('argon2id', parameters))
}

export async function portableArgon2id(input: Argon2Input): Promise<Uint8Array> {
  const { message, salt, secret, associatedData, memoryKib, passes, lanes } = input
  const noble = await import('@noble/hashes/argon2.js')
  return noble.argon2idAsync(message, salt, {
    t: passes,
    m: memoryKib,
    p: lanes,
    dkLen: KEY_LENGTH,
    ...(secret === undefined ? {} : { key: secret }),
    ...(associatedData === undefined ? {} : { personalization: associatedData }),
  })
}
