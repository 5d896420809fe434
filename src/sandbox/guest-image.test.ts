import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { describe, expect, it } from 'vitest'
import { compactEngine } from './engine-binary.ts'
import { makeGuestImage } from './guest-image.ts'
import { wasmApi } from './wasm-api.ts'

const PAGES = 32
const require = createRequire(import.meta.url)
const BUILD = readFileSync(
  createRequire(require.resolve('quickjs-emscripten')).resolve('@jitl/quickjs-wasmfile-release-sync/wasm'),
)

describe('the memory every guest begins with', () => {
  it('S3 is the same whenever and wherever it is made', async () => {
    const engine = await wasmApi.compile(compactEngine(BUILD, 1_048_576, PAGES))
    const [one, other] = [0, 1].map(() => {
      const memory = new wasmApi.Memory({ initial: PAGES, maximum: PAGES })
      makeGuestImage(engine, PAGES, 262_144).copyTo(memory)
      return Buffer.from(memory.buffer)
    })
    expect(one?.some(byte => byte !== 0)).toBe(true)
    expect(one?.equals(other ?? Buffer.alloc(0))).toBe(true)
  })
})
