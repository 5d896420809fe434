import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  newKey,
  newRing,
  newRingId,
  ringAround,
  rotatedRing,
  storedKeysSchema,
  unwrapRing,
  wrapRing,
} from './key-ring.ts'
import type { Holder } from './key-ring.ts'
import { LAST_GENERATION } from './seal.ts'

const holder: Holder = {
  kind: 'passphrase',
  kdf: 'argon2id',
  salt: 'ab'.repeat(16),
  memoryKib: 65_536,
  passes: 3,
  lanes: 1,
}

describe('a ring of keys', () => {
  it('J12 opens under the key it was wrapped under, and under no other', () => {
    const ring = newRing()
    const key = newKey()
    const stored = wrapRing(ring, key, newRingId(), holder)
    expect(unwrapRing(stored, key)).toEqual(ring)
    expect(unwrapRing(stored, newKey())).toBeNull()
    expect(storedKeysSchema.parse(JSON.parse(JSON.stringify(stored)))).toEqual(stored)
    for (const secret of [...ring.data, ...ring.vault, ring.audit])
      expect(JSON.stringify(stored)).not.toContain(Buffer.from(secret).toString('hex'))
  })

  it('J12 does not open once anything beside it was changed', () => {
    const key = newKey()
    const stored = wrapRing(newRing(), key, newRingId(), holder)
    expect(unwrapRing({ ...stored, id: newRingId() }, key)).toBeNull()
    expect(unwrapRing({ ...stored, holder: { ...holder, passes: 1 } }, key)).toBeNull()
    expect(unwrapRing({ ...stored, holder: { kind: 'os', sealed: 'ab' } }, key)).toBeNull()
    fc.assert(
      fc.property(fc.nat({ max: stored.wrapped.length - 1 }), place => {
        const digit = stored.wrapped[place] === '0' ? '1' : '0'
        const wrapped = stored.wrapped.slice(0, place) + digit + stored.wrapped.slice(place + 1)
        expect(unwrapRing({ ...stored, wrapped }, key)).toBeNull()
      }),
      { numRuns: 50 },
    )
    expect(unwrapRing({ ...stored, wrapped: 'ab' }, key)).toBeNull()
  })

  it('J12 keeps every key it had when it is rotated, and the key of the audit log', () => {
    const before = ringAround(new Uint8Array(32).fill(1), new Uint8Array(32).fill(2))
    const after = rotatedRing(before)
    expect(after.data.slice(0, 1)).toEqual(before.data)
    expect(after.vault.slice(0, 1)).toEqual(before.vault)
    expect([after.data.length, after.vault.length, after.audit]).toEqual([2, 2, before.audit])
    const worn = { ...before, data: Array.from({ length: LAST_GENERATION }, newKey) }
    expect(() => rotatedRing(worn)).toThrow(/as often as they can be\. Nothing was changed/)
  })

  it('refuses a stored form that would cost the machine its memory', () => {
    const stored = wrapRing(newRing(), newKey(), newRingId(), { ...holder, memoryKib: 67_108_864 })
    expect(storedKeysSchema.safeParse(stored).success).toBe(false)
  })
})
