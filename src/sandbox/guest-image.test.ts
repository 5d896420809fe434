import { randomFillSync } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { beforeAll, describe, expect, it } from 'vitest'
import { compactEngine } from './engine-binary.ts'
import { EngineInstance } from './engine-instance.ts'
import { type GuestImage, makeGuestImage } from './guest-image.ts'
import { MemoryShelf } from './memory-shelf.ts'
import { wasmApi, type WasmMemory, type WasmModule } from './wasm-api.ts'

const PAGES = 32
const MOST = 64
const require = createRequire(import.meta.url)
const BUILD = readFileSync(
  createRequire(require.resolve('quickjs-emscripten')).resolve('@jitl/quickjs-wasmfile-release-sync/wasm'),
)
const NO_HOST = { post: () => 0, interrupts: () => false, resolve: () => '', load: () => '' }

let engine: WasmModule
let image: GuestImage
beforeAll(async () => {
  engine = await wasmApi.compile(compactEngine(BUILD, 1_048_576, PAGES))
  image = makeGuestImage(engine, PAGES, 262_144)
})

const fresh = (): WasmMemory => new wasmApi.Memory({ initial: PAGES, maximum: MOST })

/** A memory as a guest has it at its start. */
function begun(memory: WasmMemory, from = image): Buffer {
  new EngineInstance(engine, memory, NO_HOST)
  from.copyTo(memory)
  return Buffer.from(memory.buffer)
}

describe('the memory every guest begins with', () => {
  it('S3 is the same whenever and wherever it is made', () => {
    const one = begun(fresh())
    expect(one.some(byte => byte !== 0)).toBe(true)
    expect(one.equals(begun(fresh(), makeGuestImage(engine, PAGES, 262_144)))).toBe(true)
  })

  it('S5 is the same, byte for byte, where another guest wrote before', () => {
    const expected = Buffer.from(begun(fresh()))
    const everywhere = fresh()
    randomFillSync(Buffer.from(everywhere.buffer))
    expect(begun(everywhere).equals(expected)).toBe(true)
    const seldom = fresh()
    const bytes = Buffer.from(seldom.buffer)
    for (let place = 0; place < bytes.length; place += 4_099) bytes[place] = 1
    bytes[bytes.length - 1] = 1
    expect(begun(seldom).equals(expected)).toBe(true)
  })
})

describe('memories that serve again', () => {
  it('S5 are few, of the asked for maximum, and have never grown', () => {
    const shelf = new MemoryShelf(PAGES)
    const used = Array.from({ length: 50 }, () => shelf.take(MOST))
    const [first] = used
    first?.grow(1)
    for (const memory of used) shelf.giveBack(memory, MOST)
    expect(used).not.toContain(shelf.take(MOST + 1))
    const taken = Array.from({ length: 50 }, () => shelf.take(MOST))
    const again = taken.filter(memory => used.includes(memory))
    expect(new Set(taken).size).toBe(50)
    expect(again.length).toBeGreaterThan(0)
    expect(again.length).toBeLessThan(10)
    expect(again).not.toContain(first)
  })
})
