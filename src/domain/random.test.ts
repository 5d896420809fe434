import { describe, expect, it } from 'vitest'
import { drawBytes } from './random.ts'

describe('drawBytes', () => {
  it('hands out every byte once, across many pools', () => {
    const drawn = Array.from({ length: 2_000 }, () => Buffer.from(drawBytes(24)).toString('hex'))
    expect(new Set(drawn).size).toBe(2_000)
    expect(drawn.some(hex => /^0+$/.test(hex))).toBe(false)
  })

  it('gives exactly as many as asked for, also more than the pool holds', () => {
    expect([0, 1, 4_095, 4_096, 4_097, 10_000].map(length => drawBytes(length).length)).toEqual([
      0, 1, 4_095, 4_096, 4_097, 10_000,
    ])
  })

  it('gives a copy that later draws do not change', () => {
    const first = drawBytes(16)
    const before = [...first]
    for (let n = 0; n < 1_000; n++) drawBytes(16)
    expect([...first]).toEqual(before)
  })
})
