/**
 * Sealing at rest (J12): text under a key with XChaCha20-Poly1305. A sealed text is one byte, a random nonce of 24
 * bytes, and ciphertext with tag. The byte names the key's generation, so that a rotated key leaves what is old
 * readable and no sealed text longer; generation and context are authenticated, so a sealed text opens only where it
 * belongs. Owns the format; the key is asked for at each use and never kept.
 */
import { xchacha20poly1305 } from '@noble/ciphers/chacha.js'
import { concatBytes, utf8ToBytes } from '@noble/ciphers/utils.js'
import { fail } from './failure.ts'
import { drawBytes } from './random.ts'

export interface Codec {
  /** `context` says where the text belongs (table, column, row); opening asks for the same. */
  seal(text: string, context: string): Uint8Array
  /** Fails with `internal` when the bytes are damaged, or were sealed under another key or for another place. */
  open(sealed: Uint8Array, context: string): string
  /** The same for what is no text. */
  sealBytes(plain: Uint8Array, context: string): Uint8Array
  openBytes(sealed: Uint8Array, context: string): Uint8Array
}

export interface SealingKey {
  /** 32 bytes: of this generation, or the newest. Null or empty while the vault is locked, or where there is none. */
  dataKey(generation?: number): Uint8Array | null
  /** Of the newest key, from 1 to `LAST_GENERATION`. Absent where keys are never rotated. */
  generation?(): number
}

/** Higher first bytes are left for other formats. */
export const LAST_GENERATION = 239

/** The machine's own XChaCha20-Poly1305: the same bytes as here, sooner where a text is long. */
export interface BulkCipher {
  encrypt: (key: Uint8Array, nonce: Uint8Array, bound: Uint8Array, plain: Uint8Array) => Uint8Array
  /** Throws an Error where the tag is wrong. */
  decrypt: (key: Uint8Array, nonce: Uint8Array, bound: Uint8Array, sealed: Uint8Array) => Uint8Array
}

/** From this many bytes on, what a bulk cipher takes to begin is less than what it saves. */
export const BULK_FROM_BYTES = 8_192

const KEY_LENGTH = 32
const NONCE_LENGTH = 24
const HEADER_LENGTH = 1 + NONCE_LENGTH
const TAG_LENGTH = 16

export function createCodec(keys: SealingKey, bulk: BulkCipher = PORTABLE): Codec {
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
  const sealBytes: Codec['sealBytes'] = (plain, context) => {
    const generation = keys.generation?.() ?? 1
    const nonce = drawBytes(NONCE_LENGTH)
    const { encrypt } = plain.length < BULK_FROM_BYTES ? PORTABLE : bulk
    const sealed = encrypt(keyOf(keys), nonce, boundTo(generation, context), plain)
    return concatBytes(Uint8Array.of(generation), nonce, sealed)
  }
  const openBytes: Codec['openBytes'] = (sealed, context) => {
    const generation = generationOf(sealed)
    if (generation === null) return damaged(context)
    const key = keyOf(keys, generation) ?? damaged(context)
    const { decrypt } = sealed.length < BULK_FROM_BYTES ? PORTABLE : bulk
    const [nonce, rest] = [sealed.slice(1, HEADER_LENGTH), sealed.subarray(HEADER_LENGTH)]
    return decrypted(() => decrypt(key, nonce, boundTo(generation, context), rest), context)
  }
  return {
    sealBytes,
    openBytes,
    seal(text, context) {
      if (!text.isWellFormed()) {
        fail({
          kind: 'internal',
          message: 'A text with half a character was to be sealed. Nothing was stored.',
        })
      }
      return sealBytes(utf8ToBytes(text), context)
    },
    open: (sealed, context) => decoder.decode(openBytes(sealed, context)),
  }
}

const PORTABLE: BulkCipher = {
  encrypt: (key, nonce, bound, plain) => xchacha20poly1305(key, nonce, bound).encrypt(plain),
  decrypt: (key, nonce, bound, sealed) => xchacha20poly1305(key, nonce, bound).decrypt(sealed),
}

/** Which key a text was sealed under; null where it is no sealed text. */
export function generationOf(sealed: Uint8Array): number | null {
  const [generation = 0] = sealed
  if (sealed.length < HEADER_LENGTH + TAG_LENGTH) return null
  return generation >= 1 && generation <= LAST_GENERATION ? generation : null
}

function decrypted(decrypt: () => Uint8Array, context: string): Uint8Array {
  try {
    return decrypt()
  } catch (error) {
    // The cipher reports a wrong tag as a bare Error; there is nothing else for it to report here.
    if (error instanceof Error) return damaged(context)
    throw error
  }
}

function keyOf(keys: SealingKey): Uint8Array
function keyOf(keys: SealingKey, generation: number): Uint8Array | null
function keyOf(keys: SealingKey, generation?: number): Uint8Array | null {
  const newest = keys.dataKey()
  if (newest === null || newest.length === 0) {
    fail({
      kind: 'vault-locked',
      message: 'The vault is locked, so stored records could not be read or written. Nothing was changed.',
    })
  }
  const key = generation === undefined ? newest : keys.dataKey(generation)
  if (key !== null && key.length !== KEY_LENGTH) {
    fail({ kind: 'internal', message: 'The data key has the wrong length. Nothing was read or written.' })
  }
  return key
}

function boundTo(generation: number, context: string): Uint8Array {
  return utf8ToBytes(`steward sealed ${generation}\n${context}`)
}

function damaged(context: string): never {
  return fail({
    kind: 'internal',
    message:
      'A stored record could not be opened: it is damaged, was moved, or was sealed under another key. ' +
      'Nothing was changed. Restore a backup, or run `steward doctor`.',
    detail: { context },
  })
}
