/**
 * XChaCha20-Poly1305 by the machine's own ChaCha20-Poly1305 (draft-irtf-cfrg-xchacha-03, section 2): a subkey from the
 * key and the first 16 bytes of the nonce, and the other 8 bytes as the nonce. About five times as fast as JavaScript.
 */
import { createCipheriv, createDecipheriv, getCiphers } from 'node:crypto'
import { hchacha } from '@noble/ciphers/chacha.js'
import { swap32IfBE, u32 } from '@noble/ciphers/utils.js'
import type { BulkCipher } from '../../domain/seal.ts'

const CIPHER = 'chacha20-poly1305'
const TAG_LENGTH = 16
/** “expand 32-byte k”, the constant of ChaCha with keys of 32 bytes. */
const SIGMA = wordsOf(new TextEncoder().encode('expand 32-byte k'))

/** Undefined where the machine's library goes without. */
export function bulkCipher(): BulkCipher | undefined {
  return getCiphers().includes(CIPHER) ? { encrypt, decrypt } : undefined
}

function encrypt(key: Uint8Array, nonce: Uint8Array, bound: Uint8Array, plain: Uint8Array): Uint8Array {
  const cipher = createCipheriv(CIPHER, subkey(key, nonce), shortNonce(nonce), { authTagLength: TAG_LENGTH })
  cipher.setAAD(bound, { plaintextLength: plain.length })
  return Buffer.concat([cipher.update(plain), cipher.final(), cipher.getAuthTag()])
}

function decrypt(key: Uint8Array, nonce: Uint8Array, bound: Uint8Array, sealed: Uint8Array): Uint8Array {
  const length = sealed.length - TAG_LENGTH
  const cipher = createDecipheriv(CIPHER, subkey(key, nonce), shortNonce(nonce), {
    authTagLength: TAG_LENGTH,
  })
  cipher.setAAD(bound, { plaintextLength: length })
  cipher.setAuthTag(sealed.subarray(length))
  return Buffer.concat([cipher.update(sealed.subarray(0, length)), cipher.final()])
}

function subkey(key: Uint8Array, nonce: Uint8Array): Uint8Array {
  const words = new Uint32Array(8)
  hchacha(SIGMA, wordsOf(key), wordsOf(nonce.subarray(0, 16)), words)
  return new Uint8Array(swap32IfBE(words).buffer)
}

function shortNonce(nonce: Uint8Array): Uint8Array {
  const short = new Uint8Array(12)
  short.set(nonce.subarray(16), 4)
  return short
}

/** Copied: words must begin at a multiple of four bytes. */
function wordsOf(bytes: Uint8Array): Uint32Array {
  return swap32IfBE(u32(Uint8Array.from(bytes)))
}
