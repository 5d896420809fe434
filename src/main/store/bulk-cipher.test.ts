import { xchacha20poly1305 } from '@noble/ciphers/chacha.js'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { BULK_FROM_BYTES, createCodec } from '../../domain/seal.ts'
import { bulkCipher } from './bulk-cipher.ts'

const KEY = new Uint8Array(32).fill(3)
const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length })
const any = fc.uint8Array({ maxLength: 300 })

function machine() {
  const cipher = bulkCipher()
  if (cipher === undefined) throw new Error('this machine has no ChaCha20-Poly1305')
  return cipher
}

describe('the bulk cipher', () => {
  it('J12 makes and opens the very bytes of the portable one', () => {
    const cipher = machine()
    fc.assert(
      fc.property(bytes(32), bytes(24), any, any, (key, nonce, bound, plain) => {
        const portable = xchacha20poly1305(key, nonce, bound)
        const sealed = cipher.encrypt(key, nonce, bound, plain)
        expect(Uint8Array.from(sealed)).toEqual(portable.encrypt(plain))
        expect(Uint8Array.from(cipher.decrypt(key, nonce, bound, sealed))).toEqual(plain)
      }),
    )
  })

  it('J12 refuses a changed, missing or added byte, and another place', () => {
    const cipher = machine()
    const [nonce, bound] = [new Uint8Array(24).fill(7), new Uint8Array(9).fill(1)]
    const sealed = Uint8Array.from(cipher.encrypt(KEY, nonce, bound, new Uint8Array(20)))
    const open = (given: Uint8Array, at = bound) => cipher.decrypt(KEY, nonce, at, given)
    for (let place = 0; place < sealed.length; place++) {
      expect(() => open(sealed.with(place, (sealed[place] ?? 0) ^ 1))).toThrow()
      expect(() => open(sealed.subarray(0, place))).toThrow()
    }
    expect(() => open(Uint8Array.of(...sealed, 0))).toThrow()
    expect(() => open(sealed, new Uint8Array(9))).toThrow()
  })
})

describe('long sealed texts', () => {
  it('J12 open on machines with it and without', () => {
    const keys = { dataKey: () => KEY }
    const codecs = [createCodec(keys, machine()), createCodec(keys)]
    for (const length of [BULK_FROM_BYTES - 1, BULK_FROM_BYTES, 3 * BULK_FROM_BYTES]) {
      const text = 'ä'.repeat(length)
      for (const from of codecs)
        for (const to of codecs) expect(to.open(from.seal(text, 'c'), 'c')).toBe(text)
    }
  })

  it('J12 are refused when damaged or elsewhere, as short ones are', () => {
    const codec = createCodec({ dataKey: () => KEY }, machine())
    const sealed = codec.seal('x'.repeat(BULK_FROM_BYTES), 'a')
    expect(() => codec.open(sealed, 'b')).toThrow('could not be opened')
    expect(() => codec.open(sealed.with(5_000, (sealed[5_000] ?? 0) ^ 1), 'a')).toThrow('could not be opened')
  })
})
