import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { canonicalJson, hashJson, isJsonObject, sha256Hex } from './json.ts'
import type { Json } from './json.ts'

const json = fc.jsonValue({ noUnicodeString: false }).map(value => value as Json)

function shuffled(value: Json): Json {
  if (Array.isArray(value)) return value.map(shuffled)
  if (!isJsonObject(value)) return value
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([key, member]) => [key, shuffled(member)]),
  )
}

describe('canonical JSON', () => {
  it('J5 is the same for the same data, whatever the order of keys, and reads back', () => {
    fc.assert(
      fc.property(json, value => {
        const text = canonicalJson(value)
        expect(canonicalJson(shuffled(value))).toBe(text)
        expect(canonicalJson(JSON.parse(text) as Json)).toBe(text)
        expect(text).toBe(canonicalJson(JSON.parse(JSON.stringify(value)) as Json))
      }),
    )
  })

  it('J5 differs for different data', () => {
    fc.assert(
      fc.property(json, json, (one, other) => {
        const same = canonicalJson(one) === canonicalJson(other)
        expect(hashJson(one) === hashJson(other)).toBe(same)
        if (same) expect(JSON.parse(canonicalJson(one))).toEqual(JSON.parse(canonicalJson(other)))
      }),
    )
    const distinct: Json[] = [
      null,
      0,
      '',
      [],
      {},
      'null',
      [null],
      { a: null },
      [[]],
      ['a', 'b'],
      ['a,b'],
      { a: 'b' },
    ]
    expect(new Set(distinct.map(canonicalJson)).size).toBe(distinct.length)
  })

  it('J5 sorts keys by code unit and writes numbers and minus zero in one way', () => {
    expect(canonicalJson({ b: 1, a: [1.0, -0, 1e21, 1e-7], é: 2, B: 3 })).toBe(
      '{"B":3,"a":[1,0,1e+21,1e-7],"b":1,"é":2}',
    )
    expect(canonicalJson({ '10': 1, '9': 2 })).toBe('{"10":1,"9":2}')
  })

  it('J5 keeps half characters and odd keys apart', () => {
    expect(canonicalJson('\ud800')).toBe('"\\ud800"')
    expect(hashJson('\ud800')).not.toBe(hashJson('\udfff'))
    expect(canonicalJson(JSON.parse('{"__proto__":1,"constructor":2}') as Json)).toBe(
      '{"__proto__":1,"constructor":2}',
    )
  })

  it('J5 hashes with SHA-256', () => {
    expect(sha256Hex('abc')).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad')
    expect(hashJson({})).toBe(sha256Hex('{}'))
  })
})
