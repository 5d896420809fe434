import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { runBody, withLimits } from '../../test/support/host-double.ts'
import { readGuestMessage, ROOM_PER_SLICE } from './guest-message.ts'
import { createSandboxPool, type SandboxPool } from './pool.ts'

const returned = (value: string): string => `["end",true,${value}]`
const times = (text: string, count: number): string => Array<string>(count).fill(text).join()

describe('what a guest hands over', () => {
  it.each([
    ['two million empty records', `[${times('{}', 2_000_000)}]`],
    ['as many short lists', `[${times('[0]', 2_000_000)}]`],
    ['six million numbers', `[${times('0', 6_000_000)}]`],
    ['a hundred million characters', `"${'x'.repeat(100_000_000)}"`],
  ])('S1 S2 is not read where that would take too much: %s', (_, value) => {
    expect(readGuestMessage(returned(value), ROOM_PER_SLICE)).toMatchObject({
      kind: 'limit',
      limit: 'memory',
    })
  })

  it('S2 is read where it is large: a hundred thousand rows, a million numbers, a text of eight megabytes', () => {
    const rows = Array.from({ length: 100_000 }, (_, id) => ({
      id,
      name: `row ${String(id)}`,
      price: id / 100,
    }))
    const texts = [JSON.stringify(rows), `[${times('7', 1_000_000)}]`, `"${'x'.repeat(8_000_000)}"`]
    for (const text of texts) {
      const message = readGuestMessage(returned(text), ROOM_PER_SLICE)
      expect(message).toMatchObject({ kind: 'end', error: null })
      expect(message.value.length).toBe(text.length)
    }
  })

  it('S2 takes room as it is read, and what is inside of texts takes none', () => {
    const [plain, quoted] = [`[${times('{}', 1_000)}]`, JSON.stringify(times('{}', 1_000))]
    const weights = [plain, quoted].map(text => readGuestMessage(returned(text), ROOM_PER_SLICE).weight)
    expect(weights[0]).toBeGreaterThan(100_000)
    expect(weights[1]).toBeLessThan(10_000)
    expect(readGuestMessage(returned(plain), (weights[0] ?? 0) - 1).kind).toBe('limit')
  })
})

describe('a run', () => {
  let pool: SandboxPool
  beforeAll(() => {
    pool = createSandboxPool({ workers: 1 })
  })
  afterAll(() => pool.close())

  it('S1 S2 that hands over too much in many calls of one slice ends by its memory limit, and the next one runs', async () => {
    const wide = withLimits({ bytesPerCall: 33_554_432, memoryMb: 128, cpuMs: 60_000 })
    const body = `const k = Array(8e5).fill({}); await Promise.all([get(k), get(k), get(k)])`
    const found = await runBody(pool, body, wide).failure()
    expect(found).toMatchObject({ kind: 'script-limit', limit: 'memory', allowed: 128 })
    expect(await runBody(pool, 'return 1').value()).toBe(1)
  })
})
