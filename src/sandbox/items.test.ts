import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { HEAD, HostDouble, type HostOptions, runBody } from '../../test/support/host-double.ts'
import { createSandboxPool, type SandboxPool } from './pool.ts'
import type { RecordedStep } from './protocol.ts'
import { itemScope } from './scopes.ts'

let pool: SandboxPool
beforeAll(() => {
  pool = createSandboxPool({ workers: 1 })
})
afterAll(() => pool.close())

const run = (body: string, options?: HostOptions): HostDouble => runBody(pool, body, options)

describe('O1 verify', () => {
  const source = `${HEAD}export default async () => ({ n: 1 })
    export const verify = async result => ({ ok: (await get({ check: result.n })) === 'fresh' })`

  it('O1 looks in a scope of its own after the end, and its verdict is told', async () => {
    const host = new HostDouble(pool, source, { answer: () => ({ ok: true, value: 'fresh' }) })
    await host.ended
    const verified = await host.verify('{"n":1}')
    expect(verified).toMatchObject({ exists: true, end: { is: 'returned', value: '{"ok":true}' } })
    expect(host.asked).toEqual(['verify http.get {"check":1}'])
  })

  it('O1 says where there is none', async () => {
    const host = run('return 1')
    await host.ended
    expect(await host.verify('1')).toMatchObject({ exists: false, end: null })
  })
})

describe('items over runs', () => {
  const source = `${HEAD}export default async function run() {
    return each('n', ['a', 'b'], key => key, async key => { const x = await get({ key }); await post({ key, x }); return x })
  }`
  const a = itemScope('', 'n', 'a')

  it('J7 a later run goes on with an item that was left half done', async () => {
    const first = new HostDouble(pool, source, {
      answer: call => (call.tool === 'http.post' ? 'hold' : { ok: true, value: 41 }),
    })
    await expect.poll(() => first.asked.some(asked => asked.includes('post'))).toBe(true)
    first.instance.drop()
    const inherited: RecordedStep[] = first.journal
      .filter(step => step.scope === a)
      .map(step => ({ ...step, inherited: true }))
    const second = new HostDouble(pool, source, {
      inherits: scope => (scope === a ? inherited : []),
      answer: () => ({ ok: true, value: 5 }),
    })
    const rows = (await second.value()) as { done: { key: string; result: number }[] }
    expect(rows.done).toEqual([
      { key: 'a', result: 41 },
      { key: 'b', result: 5 },
    ])
    expect(second.asked.filter(asked => asked.startsWith(a))).toEqual([`${a} http.post {"key":"a","x":41}`])

    const replayed = new HostDouble(pool, source, { start: { recorded: [...second.journal, ...inherited] } })
    expect(await replayed.value()).toEqual(rows)
    expect(replayed.asked).toEqual([])
  })

  it('J6 an item of an ended run is gone on with by re-entry, and nothing else is asked for', async () => {
    const first: HostDouble = new HostDouble(pool, source, {
      answer: call => {
        if (call.scope !== a || call.tool !== 'http.post') return { ok: true, value: 1 }
        const settle = first.messages
          .flatMap(message => message.calls)
          .find(each => each.tool === 'flow.settle')
        if (settle) first.complete(settle, { ok: true, value: { state: 'waiting', reason: 'approval' } })
        return 'hold'
      },
    })
    await first.ended
    const again = new HostDouble(pool, source, {
      start: { recorded: first.journal, reenter: [a] },
      answer: () => ({ ok: true, value: 9 }),
    })
    await expect.poll(() => again.closes.length).toBe(1)
    expect(again.asked).toEqual([`${a} http.post {"key":"a","x":1}`])
    expect(again.closes).toEqual([{ scope: a, outcome: { ok: true, value: 1 } }])
  })

  it('J9 calls that nobody waited for are forgotten after the end', async () => {
    const host = run(`get({ n: 1 }).then(() => get({ n: 2 })); return 'end'`, {
      answer: () => 'hold',
    })
    await host.ended
    const [call] = host.calls
    if (call) host.complete(call, { ok: true, value: 1 })
    await expect.poll(() => host.messages.length).toBe(2)
    expect(host.asked).toEqual([' http.get {"n":1}'])
  })
})
