import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { describe, expect, it } from 'vitest'
import { compactEngine } from './engine-binary.ts'

const require = createRequire(import.meta.url)
const BUILD = readFileSync(
  createRequire(require.resolve('quickjs-emscripten')).resolve('@jitl/quickjs-wasmfile-release-sync/wasm'),
)
const MEGABYTE = 1_048_576

describe('the compact engine', () => {
  it('differs from its build in four places, at the same length', () => {
    const compact = compactEngine(BUILD, MEGABYTE, 32)
    const places = [...compact.entries()].filter(([at, byte]) => byte !== BUILD[at]).map(([at]) => at)
    const groups = places.filter((at, index) => at - (places[index - 1] ?? -100) > 4)
    expect(compact.length).toBe(BUILD.length)
    expect(groups).toHaveLength(4)
  })

  it('is its build again when given what the build has', () => {
    expect(Buffer.from(compactEngine(BUILD, 5 * MEGABYTE, 256)).equals(BUILD)).toBe(true)
  })

  it('refuses another build, and what does not fit', () => {
    const twice = compactEngine(BUILD, MEGABYTE, 32)
    expect(() => compactEngine(twice, MEGABYTE, 32)).toThrow('not the build this was made for')
    expect(() => compactEngine(BUILD, MEGABYTE, 20_000)).toThrow('does not fit')
  })
})
