import { randomFillSync } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { beforeAll, describe, expect, it } from 'vitest'
import { compactEngine } from './engine-binary.ts'
import { EngineInstance } from './engine-instance.ts'
import { GuestImages, type GuestModules } from './guest-images.ts'
import { MemoryShelf } from './memory-shelf.ts'
import { wasmApi, type WasmMemory, type WasmModule } from './wasm-api.ts'

const PAGES = 32
const MOST = 64
const require = createRequire(import.meta.url)
const BUILD = readFileSync(
  createRequire(require.resolve('quickjs-emscripten')).resolve('@jitl/quickjs-wasmfile-release-sync/wasm'),
)

/** A script alone, and how often it was asked for. */
class OneScript implements GuestModules {
  loads = 0
  readonly #source: string

  constructor(source: string) {
    this.#source = source
  }

  resolve(_importer: string, specifier: string): string {
    return specifier
  }

  load(name: string): string {
    if (name !== 'script') throw new Error(`There is no ${name}.`)
    this.loads += 1
    return this.#source
  }
}

let engine: WasmModule
let images: GuestImages
beforeAll(async () => {
  engine = await wasmApi.compile(compactEngine(BUILD, 1_048_576, PAGES))
  images = new GuestImages(engine, PAGES, 262_144)
})

const fresh = (): WasmMemory => new wasmApi.Memory({ initial: PAGES, maximum: MOST })

/** A memory as a guest has it at its start. */
function begun(memory: WasmMemory, modules: GuestModules, from = images): Buffer {
  new EngineInstance(engine, memory, { post: () => 0, interrupts: () => false, ...modules })
  from.copyTo(memory, modules)
  return Buffer.from(memory.buffer)
}

describe('the memory a guest begins with', () => {
  const SCRIPT = 'export default () => [1, 2, 3]'

  it('S3 is the same whenever and wherever it is made', () => {
    const one = begun(fresh(), new OneScript(SCRIPT))
    const other = begun(fresh(), new OneScript(SCRIPT), new GuestImages(engine, PAGES, 262_144))
    expect(one.equals(other)).toBe(true)
    expect(one.equals(begun(fresh(), new OneScript('export default () => 4')))).toBe(false)
  })

  it.each([
    ['has its script compiled', SCRIPT],
    ['has no script', 'export default ('],
  ])('S5 is the same, byte for byte, where another guest wrote before, if it %s', (_, source) => {
    const modules = new OneScript(source)
    const expected = begun(fresh(), modules)
    const everywhere = fresh()
    randomFillSync(Buffer.from(everywhere.buffer))
    expect(begun(everywhere, modules).equals(expected)).toBe(true)
    const seldom = fresh()
    const bytes = Buffer.from(seldom.buffer)
    for (let place = 0; place < bytes.length; place += 4_099) bytes[place] = 1
    bytes[bytes.length - 1] = 1
    expect(begun(seldom, modules).equals(expected)).toBe(true)
  })

  it('takes each script once', () => {
    const modules = new OneScript(SCRIPT)
    for (let guest = 0; guest < 3; guest++) begun(fresh(), modules)
    expect(modules.loads).toBe(1)
  })

  it.each([
    ['does not compile', 'export default ('],
    ['imports what there is not', `import 'tools/none'\n${SCRIPT}`],
    ['does not fit', `export const text = '${'x'.repeat(2_000_000)}'`],
    ['is nested too deeply', `export default ${'['.repeat(100_000)}`],
  ])('is there without a script that %s', (_, source) => {
    const bare = begun(fresh(), new OneScript('export default ('))
    expect(begun(fresh(), new OneScript(source)).equals(bare)).toBe(true)
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
