import { describe, expect, it } from 'vitest'
import { withInitialPages } from './initial-memory.ts'

const HEADER = [0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0]
const name = (text: string) => [text.length, ...Buffer.from(text)]
/** A custom section, a type, then imports: a function, a global, and a memory of 256 to 32768 pages. */
const module = (memory: number[]) => {
  const imports = [
    3,
    ...[...name('a'), ...name('f'), 0, 0],
    ...[...name('a'), ...name('g'), 3, 0x7f, 0],
    ...[...name('a'), ...name('m'), 2, 1, ...memory],
  ]
  return Uint8Array.from([
    ...HEADER,
    ...[0, 3, ...name('xx')],
    ...[1, 4, 1, 0x60, 0, 0],
    ...[2, imports.length, ...imports],
  ])
}
const WHOLE = module([0x80, 0x02, 0x80, 0x80, 0x02])

describe('the initial memory of a module', () => {
  it('becomes what was asked for; nothing else changes', () => {
    expect(withInitialPages(WHOLE, 96)).toEqual(module([0xe0, 0x00, 0x80, 0x80, 0x02]))
    expect(withInitialPages(WHOLE, 300)).toEqual(module([0xac, 0x02, 0x80, 0x80, 0x02]))
    expect(WHOLE).toEqual(module([0x80, 0x02, 0x80, 0x80, 0x02]))
  })

  it('is refused where it does not fit, and where there is none', () => {
    expect(() => withInitialPages(WHOLE, 20_000)).toThrow('do not fit')
    expect(() => withInitialPages(Uint8Array.from(HEADER), 96)).toThrow('imports nothing')
    const memoryless = Uint8Array.from([...HEADER, 2, 1, 0])
    expect(() => withInitialPages(memoryless, 96)).toThrow('does not import its memory')
  })
})
