import { describe, expect, it } from 'vitest'
import { argon2id, nativeArgon2id, portableArgon2id } from './argon2.ts'

/** RFC 9106, 5.3. */
const VECTOR = {
  message: new Uint8Array(32).fill(1),
  salt: new Uint8Array(16).fill(2),
  secret: new Uint8Array(8).fill(3),
  associatedData: new Uint8Array(12).fill(4),
  memoryKib: 32,
  passes: 3,
  lanes: 4,
}
const TAG = '0d640df58d78766c08c037a34a8b53c9d01ef0452d75b65eb52520e96b01e659'

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex')

describe('Argon2id', () => {
  it('gives the tag of RFC 9106, by either maker', async () => {
    expect(hex(await nativeArgon2id(VECTOR))).toBe(TAG)
    expect(hex(await portableArgon2id(VECTOR))).toBe(TAG)
    expect(hex(await argon2id(VECTOR))).toBe(TAG)
  })

  it('gives one key by either maker for a passphrase of any script', async () => {
    const message = new TextEncoder().encode('Grüße, 鍵 🔑')
    const input = { message, salt: new Uint8Array(16).fill(9), memoryKib: 64, passes: 1, lanes: 1 }
    expect(hex(await portableArgon2id(input))).toBe(hex(await nativeArgon2id(input)))
    expect(hex(await argon2id({ ...input, passes: 2 }))).not.toBe(hex(await argon2id(input)))
  })
})
