/**
 * Sealing at rest (J12): text under the data key with XChaCha20-Poly1305. A sealed text is one version byte, a random
 * nonce of 24 bytes, and ciphertext with tag; version and context are authenticated, so a sealed text opens only
 * where it belongs. Owns the format; the key is asked for at each use and never kept.
 */
import { xchacha20poly1305 } from '@noble/ciphers/chacha.js'
import { concatBytes, randomBytes, utf8ToBytes } from '@noble/ciphers/utils.js'
import { fail } from './failure.ts'

export interface Codec {
  /** `context` says where the text belongs (table, column, row); opening asks for the same. */
  seal(text: string, context: string): Uint8Array
  /** Fails with `internal` when the bytes are damaged, or were sealed under another key or for another place. */
  open(sealed: Uint8Array, context: string): string
}

export interface SealingKey {
  /** 32 bytes; null or empty while the vault is locked. */
  dataKey(): Uint8Array | null
}

const VERSION = 1
const KEY_LENGTH = 32
const NONCE_LENGTH = 24
const HEADER_LENGTH = 1 + NONCE_LENGTH
const TAG_LENGTH = 16

export function createCodec(keys: SealingKey): Codec {
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
  return {
    seal(text, context) {
      if (!text.isWellFormed()) {
        fail({
          kind: 'internal',
          message: 'A text with half a character was to be sealed. Nothing was stored.',
        })
      }
      const nonce = randomBytes(NONCE_LENGTH)
      const body = xchacha20poly1305(keyOf(keys), nonce, boundTo(context)).encrypt(utf8ToBytes(text))
      return concatBytes(Uint8Array.of(VERSION), nonce, body)
    },
    open(sealed, context) {
      if (sealed.length < HEADER_LENGTH + TAG_LENGTH || sealed[0] !== VERSION) return damaged(context)
      const cipher = xchacha20poly1305(keyOf(keys), sealed.slice(1, HEADER_LENGTH), boundTo(context))
      return decoder.decode(decrypted(() => cipher.decrypt(sealed.subarray(HEADER_LENGTH)), context))
    },
  }
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

function keyOf(keys: SealingKey): Uint8Array {
  const key = keys.dataKey()
  if (key === null || key.length === 0) {
    fail({
      kind: 'vault-locked',
      message: 'The vault is locked, so stored records could not be read or written. Nothing was changed.',
    })
  }
  if (key.length !== KEY_LENGTH) {
    fail({ kind: 'internal', message: 'The data key has the wrong length. Nothing was read or written.' })
  }
  return key
}

function boundTo(context: string): Uint8Array {
  return utf8ToBytes(`steward sealed ${VERSION}\n${context}`)
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
