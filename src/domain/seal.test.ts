import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { xchacha20poly1305 } from '@noble/ciphers/chacha.js'
import { hexToBytes } from '@noble/ciphers/utils.js'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { failureOf } from './failure.ts'
import type { FailureKind } from './failure.ts'
import { createCodec, generationOf } from './seal.ts'

const KEY = new Uint8Array(32).fill(3)
const codec = createCodec({ dataKey: () => KEY })

function kindOf(act: () => unknown): FailureKind | 'no failure' {
  try {
    act()
  } catch (error) {
    return failureOf(error).kind
  }
  return 'no failure'
}

describe('sealed text', () => {
  it('J12 opens to the very text, in the same place', () => {
    const anyText = fc.string({ unit: 'binary', maxLength: 200 })
    fc.assert(
      fc.property(anyText, anyText, (text, context) => {
        expect(codec.open(codec.seal(text, context), context)).toBe(text)
      }),
    )
    const odd = '\ufeffstarts with a mark, ends with \u0000'
    expect(codec.open(codec.seal(odd, ''), '')).toBe(odd)
  })

  it('J12 shows nothing of the text and never the same bytes twice', () => {
    const text = 'canary-3f9c'
    const [one, other] = [codec.seal(text, 'c'), codec.seal(text, 'c')]
    expect(Buffer.from(one).includes(text)).toBe(false)
    expect(Buffer.from(one).equals(other)).toBe(false)
  })

  it('J12 any changed, missing or added byte is refused', () => {
    const sealed = codec.seal('{"total":12}', 'script_run_steps')
    for (let place = 0; place < sealed.length; place++) {
      const changed = sealed.with(place, (sealed[place] ?? 0) ^ 1)
      expect(kindOf(() => codec.open(changed, 'script_run_steps'))).toBe('internal')
      expect(kindOf(() => codec.open(sealed.subarray(0, place), 'script_run_steps'))).toBe('internal')
    }
    expect(kindOf(() => codec.open(Uint8Array.of(...sealed, 0), 'script_run_steps'))).toBe('internal')
  })

  it('J12 does not open in another place or under another key', () => {
    const sealed = codec.seal('text', 'state:a')
    expect(kindOf(() => codec.open(sealed, 'state:b'))).toBe('internal')
    const other = createCodec({ dataKey: () => new Uint8Array(32) })
    expect(kindOf(() => other.open(sealed, 'state:a'))).toBe('internal')
  })

  it('J12 a locked vault says so, on both ways', () => {
    const sealed = codec.seal('text', 'c')
    for (const dataKey of [() => null, () => new Uint8Array(0)]) {
      const locked = createCodec({ dataKey })
      expect(kindOf(() => locked.seal('text', 'c'))).toBe('vault-locked')
      expect(kindOf(() => locked.open(sealed, 'c'))).toBe('vault-locked')
    }
    expect(kindOf(() => createCodec({ dataKey: () => new Uint8Array(16) }).seal('', ''))).toBe('internal')
  })

  it('J12 seals under the newest key and opens what older ones sealed, and nothing that claims another', () => {
    const known = new Map([[1, KEY]])
    let newest = 1
    const rotating = createCodec({
      dataKey: (generation = newest) => known.get(generation) ?? null,
      generation: () => newest,
    })
    const old = rotating.seal('old', 'c')
    known.set(2, new Uint8Array(32).fill(4))
    newest = 2
    const young = rotating.seal('new', 'c')
    expect([generationOf(old), generationOf(young)]).toEqual([1, 2])
    expect([rotating.open(old, 'c'), rotating.open(young, 'c')]).toEqual(['old', 'new'])
    expect(young.length).toBe(old.length)
    expect(kindOf(() => rotating.open(old.with(0, 2), 'c'))).toBe('internal')
    expect(kindOf(() => rotating.open(old.with(0, 3), 'c'))).toBe('internal')
    expect(kindOf(() => codec.open(young, 'c'))).toBe('internal')
  })

  it('J12 refuses text that UTF-8 could not give back', () => {
    expect(kindOf(() => codec.seal('half \ud800', 'c'))).toBe('internal')
  })

  it('J12 takes a vault key in use only while it uses it', () => {
    let key: Uint8Array | null = KEY
    const changing = createCodec({ dataKey: () => key })
    const sealed = changing.seal('text', 'c')
    key = null
    expect(kindOf(() => changing.open(sealed, 'c'))).toBe('vault-locked')
  })
})

interface VectorGroup {
  ivSize: number
  keySize: number
  tests: {
    tcId: number
    key: string
    iv: string
    aad: string
    msg: string
    ct: string
    tag: string
    result: string
  }[]
}

const VECTORS = path.resolve(
  import.meta.dirname,
  '../../../shared/vectors/wycheproof/xchacha20_poly1305_test.json',
)
const groups = existsSync(VECTORS)
  ? (JSON.parse(readFileSync(VECTORS, 'utf8')) as { testGroups: VectorGroup[] }).testGroups
  : []

describe('the cipher below', () => {
  it.skipIf(groups.length === 0)(
    'J12 answers every Wycheproof vector (skipped where the vectors are absent)',
    () => {
      let tried = 0
      for (const vector of groups.flatMap(group => group.tests)) {
        tried++
        const sealed = hexToBytes(vector.ct + vector.tag)
        const cipher = () =>
          xchacha20poly1305(hexToBytes(vector.key), hexToBytes(vector.iv), hexToBytes(vector.aad))
        if (vector.result === 'valid') {
          expect(cipher().decrypt(sealed), `vector ${vector.tcId}`).toEqual(hexToBytes(vector.msg))
          expect(cipher().encrypt(hexToBytes(vector.msg)), `vector ${vector.tcId}`).toEqual(sealed)
        } else {
          expect(() => cipher().decrypt(sealed), `vector ${vector.tcId}`).toThrow()
        }
      }
      expect(tried).toBeGreaterThan(300)
    },
  )
})
