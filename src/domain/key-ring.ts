/**
 * The keys of a data folder and how they are kept: all of them in one ring, wrapped under the key of whoever holds
 * them (a file, a passphrase, the operating system). Rotation adds keys and never takes one away, so whatever was
 * sealed, a backup included, opens as long as its ring does (J12). Owns the stored form; not where it lies, and not
 * how a holder comes by its key.
 */
import { xchacha20poly1305 } from '@noble/ciphers/chacha.js'
import { bytesToHex, concatBytes, hexToBytes, randomBytes, utf8ToBytes } from '@noble/ciphers/utils.js'
import { z } from 'zod'
import { fail } from './failure.ts'
import { canonicalJson } from './json.ts'
import { LAST_GENERATION } from './seal.ts'

export interface KeyRing {
  /** Seal what is recorded, oldest first: generation 1 is `data[0]`. */
  readonly data: readonly Uint8Array[]
  /** Seal credentials, likewise. */
  readonly vault: readonly Uint8Array[]
  /** Signs the audit log (P5). The chain is one, so its key stays. */
  readonly audit: Uint8Array
}

const KEY_LENGTH = 32
const NONCE_LENGTH = 24

const hex = z.string().regex(/^([0-9a-f]{2})+$/)
const key = z.string().regex(/^[0-9a-f]{64}$/)

/**
 * file: the key lies beside what it wraps, and only the file's mode protects both · passphrase: Argon2id of what a
 * person types · os: sealed by the operating system for this user.
 */
const holderSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('file'), key }),
  z.strictObject({
    kind: z.literal('passphrase'),
    kdf: z.literal('argon2id'),
    salt: hex.min(32).max(128),
    /** Bounds keep a doctored file from using up the machine. */
    memoryKib: z.int().min(8).max(1_048_576),
    passes: z.int().min(1).max(16),
    lanes: z.int().min(1).max(8),
  }),
  z.strictObject({ kind: z.literal('os'), sealed: hex }),
])

export const storedKeysSchema = z.strictObject({
  format: z.literal(1),
  /** Of the ring: the same whoever holds it. */
  id: z.string().regex(/^[0-9a-f]{32}$/),
  holder: holderSchema,
  wrapped: hex,
})

export type StoredKeys = z.output<typeof storedKeysSchema>
export type Holder = StoredKeys['holder']
export type HolderKind = Holder['kind']

const ringSchema = z.strictObject({
  data: z.array(key).min(1).max(LAST_GENERATION),
  vault: z.array(key).min(1).max(LAST_GENERATION),
  audit: key,
})

export function newRing(): KeyRing {
  return { data: [newKey()], vault: [newKey()], audit: newKey() }
}

/** What a folder had before there was a vault goes on opening: its data key is the first generation. */
export function ringAround(data: Uint8Array, audit: Uint8Array): KeyRing {
  return { data: [data], vault: [newKey()], audit }
}

/** The ring with a new data key and a new vault key. */
export function rotatedRing({ data, vault, audit }: KeyRing): KeyRing {
  if (data.length >= LAST_GENERATION || vault.length >= LAST_GENERATION) {
    fail({
      kind: 'invalid-input',
      message: `The keys of this folder were rotated ${LAST_GENERATION - 1} times, which is as often as they can be. Nothing was changed.`,
    })
  }
  return { data: [...data, newKey()], vault: [...vault, newKey()], audit }
}

export function newKey(): Uint8Array {
  return randomBytes(KEY_LENGTH)
}

export function newRingId(): string {
  return bytesToHex(randomBytes(16))
}

/** The ring under the holder's key. What stands beside it in the file is authenticated with it. */
export function wrapRing(ring: KeyRing, holderKey: Uint8Array, id: string, holder: Holder): StoredKeys {
  const nonce = randomBytes(NONCE_LENGTH)
  const text = JSON.stringify({
    data: ring.data.map(bytesToHex),
    vault: ring.vault.map(bytesToHex),
    audit: bytesToHex(ring.audit),
  })
  const body = xchacha20poly1305(holderKey, nonce, boundTo(id, holder)).encrypt(utf8ToBytes(text))
  return { format: 1, id, holder, wrapped: bytesToHex(concatBytes(nonce, body)) }
}

/** Null where the holder's key is not the one it was wrapped under, or the file was changed. */
export function unwrapRing(stored: StoredKeys, holderKey: Uint8Array): KeyRing | null {
  const wrapped = hexToBytes(stored.wrapped)
  const text = decrypted(wrapped, holderKey, boundTo(stored.id, stored.holder))
  if (text === null) return null
  const ring = ringSchema.parse(JSON.parse(text))
  return { data: ring.data.map(hexToBytes), vault: ring.vault.map(hexToBytes), audit: hexToBytes(ring.audit) }
}

/** Gone from memory as far as that can be done: copies that the engine made are its own. */
export function eraseKeys(keys: readonly Uint8Array[]): void {
  for (const each of keys) each.fill(0)
}

function decrypted(wrapped: Uint8Array, holderKey: Uint8Array, bound: Uint8Array): string | null {
  try {
    const nonce = wrapped.slice(0, NONCE_LENGTH)
    const bytes = xchacha20poly1305(holderKey, nonce, bound).decrypt(wrapped.subarray(NONCE_LENGTH))
    return new TextDecoder().decode(bytes)
  } catch (error) {
    // The cipher reports a wrong tag, and a text too short for one, as a bare Error.
    if (error instanceof Error) return null
    throw error
  }
}

function boundTo(id: string, holder: Holder): Uint8Array {
  const { kind, ...rest } = holder
  // The key of a file does not authenticate itself; its parameters do.
  const facts = kind === 'file' ? { kind } : { kind, ...rest }
  return utf8ToBytes(`steward keys 1\n${canonicalJson({ id, holder: facts })}`)
}
