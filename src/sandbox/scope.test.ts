import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Answering, HostDouble, type HostOptions } from '../../test/support/host-double.ts'
import { createSandboxPool, type SandboxPool } from './pool.ts'
import { itemScope } from './scopes.ts'

let pool: SandboxPool
beforeAll(() => {
  pool = createSandboxPool({ workers: 1 })
})
afterAll(() => pool.close())

const HEAD = `import { get } from 'tools/http'
import { each } from 'tools/flow'
`
const item = (key: string): string => itemScope('', 'n', key)

/** Each call that carries a label, as `scope → label`, in issue order. */
async function scopesOf(body: string, options: HostOptions = {}): Promise<string[]> {
  const host = new HostDouble(pool, HEAD + body, options)
  const end = await host.ended
  expect(end).toMatchObject({ is: 'returned' })
  return host.calls
    .filter(call => call.tool === 'http.get')
    .map(call => `${call.scope} → ${(JSON.parse(call.args) as { at: string }).at}`)
}

/** Wraps the body of an item function over the keys a and b. */
const over = (body: string, options = '{ concurrency: 2 }', around = ''): string =>
  `${around}
export default async function run() {
  await each('n', ['a', 'b'], key => key, async key => { ${body} }, ${options})
}`

const inItems = (...labels: string[]): string[] =>
  labels.flatMap(label => [`${item('a')} → ${label}`, `${item('b')} → ${label}`])

describe('a call has the scope of the code that makes it (J7)', () => {
  it('J7 in items that run concurrently', async () => {
    const body = over(`await get({ at: '1' }); await get({ at: '2' })`)
    expect((await scopesOf(body)).sort()).toEqual(inItems('1', '2').sort())
  })

  it('J7 after awaiting a promise that was made outside', async () => {
    const calls = await scopesOf(`export default async function run() {
      const shared = get({ at: 'shared' })
      await each('n', ['a', 'b'], key => key, async () => { await shared; await get({ at: 'inside' }) }, { concurrency: 2 })
      await get({ at: 'after' })
    }`)
    expect(calls).toEqual([' → shared', ...inItems('inside'), ' → after'])
  })

  it('J7 when Promise.all mixes items with the run itself', async () => {
    const calls = await scopesOf(`export default async function run() {
      const one = async at => { await get({ at }); await get({ at: at + '!' }) }
      await Promise.all([one('x'), each('n', ['a'], key => key, async () => { await Promise.all([one('p'), one('q')]) }), one('y')])
    }`)
    expect(calls.filter(call => / [xy]!?$/.test(call)).every(call => call.startsWith(' →'))).toBe(true)
    expect(calls.filter(call => / [pq]!?$/.test(call)).every(call => call.startsWith(item('a')))).toBe(true)
    expect(calls).toHaveLength(8)
  })

  it('J7 in catch and finally, after a rejection from outside', async () => {
    const answer: Answering = (_, args) =>
      JSON.stringify(args).includes('bad')
        ? { ok: false, error: { code: 'rejected', message: 'no' } }
        : { ok: true, value: 1 }
    const calls = await scopesOf(
      `export default async function run() {
      const bad = get({ at: 'bad' })
      await each('n', ['a', 'b'], key => key, async () => {
        try { await bad } catch { get({ at: 'caught' }) } finally { await get({ at: 'finally' }) }
        try { await bad } catch ({ code }) { await get({ at: code }) }
        try { try { await bad } finally { await get({ at: 'only finally' }) } } catch (error) { await get({ at: error.code }) }
      }, { concurrency: 2 })
    }`,
      { answer },
    )
    expect(calls.sort()).toEqual(
      [' → bad', ...inItems('caught', 'finally', 'rejected', 'only finally', 'rejected')].sort(),
    )
  })

  it('J7 in a finally alone, when one rejection wakes several items', async () => {
    const answer: Answering = (_, args) =>
      JSON.stringify(args).includes('bad')
        ? { ok: false, error: { code: 'no', message: 'no' } }
        : { ok: true, value: 1 }
    const calls = await scopesOf(
      `export default async function run() {
      const bad = get({ at: 'bad' })
      await each('n', ['a', 'b'], key => key, async () => { try { await bad } finally { get({ at: 'finally' }) } }, { concurrency: 2 })
    }`,
      { answer },
    )
    expect(calls).toEqual([' → bad', ...inItems('finally')])
  })

  it('J7 in callbacks of then, catch and finally', async () => {
    const calls = await scopesOf(`export default async function run() {
      const outside = get({ at: 'outside' })
      await each('n', ['a', 'b'], key => key, () => outside
        .then(() => get({ at: 'then' }))
        .then(() => { throw new Error('x') })
        .catch(() => get({ at: 'catch' }))
        .finally(() => get({ at: 'finally' })), { concurrency: 2 })
      await outside.then(() => get({ at: 'run' }))
    }`)
    expect(calls).toEqual([' → outside', ...inItems('then', 'catch', 'finally'), ' → run'])
  })

  it('J7 in for await loops and async generators', async () => {
    const generator = `async function* numbers(at) { for (const n of [1, 2]) { await get({ at: at + n }); yield n } }`
    const calls = await scopesOf(
      over(
        `outer: for await (const n of numbers('g')) { await get({ at: 'l' + n }); if (n === 2) continue outer }
         get({ at: 'end' })
         for await (const n of [shared]) get({ at: 's' })`,
        '{ concurrency: 2 }',
        `${generator}\nconst shared = get({ at: 'top' })`,
      ),
    )
    expect(calls.sort()).toEqual([' → top', ...inItems('g1', 'l1', 'g2', 'l2', 'end', 's')].sort())
  })

  it('J7 when a generator of the run is driven by hand from inside an item', async () => {
    const calls = await scopesOf(`export default async function run() {
      const numbers = (async function* () { await get({ at: 'run 1' }); yield 1; get({ at: 'run 2' }); yield 2 })()
      await numbers.next()
      await each('n', ['a'], key => key, async () => { const next = numbers.next(); get({ at: 'item' }); await next })
    }`)
    expect(calls).toEqual([' → run 1', ' → run 2', `${item('a')} → item`])
  })

  it('J7 in methods, arrows without braces, nested functions and default exports of any form', async () => {
    const calls = await scopesOf(`
      class Mail { async read(at) { await get({ at: at + ' method' }); return async () => await get({ at: at + ' arrow' }) } }
      const load = async at => (await (await new Mail().read(at))(), { at })
      export default async () => { await each('n', ['a', 'b'], key => key, key => load(key), { concurrency: 2 }) }`)
    expect(calls.sort()).toEqual(
      ['a', 'b'].flatMap(key => [`${item(key)} → ${key} method`, `${item(key)} → ${key} arrow`]).sort(),
    )
  })

  it('J7 in items of items, whose scope is the whole path', async () => {
    const calls = await scopesOf(`export default async function run() {
      await each('n', ['a'], key => key, async () => {
        await each('m', ['x'], key => key, async () => { await get({ at: 'deep' }) })
        await get({ at: 'back' })
      })
      await get({ at: 'top' })
    }`)
    expect(calls).toEqual([`${itemScope(item('a'), 'm', 'x')} → deep`, `${item('a')} → back`, ' → top'])
  })

  it('J7 at the top level of the module', async () => {
    const calls = await scopesOf(`const before = await get({ at: 'top' })
      for await (const x of [get({ at: 'loop' })]) await get({ at: 'round' })
      export default async function run() { await get({ at: 'run' }) }`)
    expect(calls).toEqual([' → top', ' → loop', ' → round', ' → run'])
  })
})

describe('each', () => {
  const each = (list: string, key: string, options = ''): string =>
    `${HEAD}export default async function run() { return each('n', ${list}, ${key}, async x => x${options}) }`

  it.each([
    ['a list that is none', each(`'abc'`, 'x => x'), 'list'],
    ['an empty key', each(`['']`, 'x => x'), 'empty key'],
    ['a key of a wrong type', each(`[{}]`, 'x => x'), 'key'],
    ['NaN as a key', each(`[NaN]`, 'x => x'), 'key'],
    ['a key that is too long', each(`['k'.repeat(513)]`, 'x => x'), '512'],
    ['a key that occurs twice', each(`['k7', 'k7']`, 'x => x'), '"k7"'],
    ['keys that are positions', each(`['p', 'q']`, `(() => { let n = 0; return () => n++ })()`), '"0"'],
    ['no concurrency', each(`[1]`, 'x => x', ', { concurrency: 0 }'), 'concurrency'],
    ['too much concurrency', each(`[1]`, 'x => x', ', { concurrency: 9 }'), 'concurrency'],
    ['an empty name', `${HEAD}export default () => each('', [1], x => x, x => x)`, 'name'],
  ])('J7 refuses %s', async (_, source, says) => {
    const host = new HostDouble(pool, source)
    const end = await host.ended
    expect(end).toMatchObject({ is: 'failed', failure: { kind: 'invalid-input' } })
    expect(end.is === 'failed' && end.failure.message).toContain(says)
    expect(host.asked).toEqual([])
  })

  it('J7 reports what became of each item, in the order of the list', async () => {
    const source = `${HEAD}export default async function run() {
      return each('n', [10, 20, 30, 40], n => n, async n => { if (n === 20) throw new TypeError('odd'); await get({}); return { n } }, { concurrency: 3 })
    }`
    const open = (scope: string): { run: boolean; settled?: { state: string; reason: string } } =>
      scope === item('40') ? { run: false, settled: { state: 'declined', reason: 'no' } } : { run: true }
    const host = new HostDouble(pool, source, { open })
    const end = await host.ended
    expect(end.is === 'returned' && JSON.parse(end.value)).toEqual({
      done: [
        { key: '10', result: { n: 10 } },
        { key: '30', result: { n: 30 } },
      ],
      aside: [{ key: '20', error: { code: 'script-error', message: 'odd' } }],
      waiting: [],
      declined: [{ key: '40', reason: 'no' }],
    })
    expect(host.closes.find(close => close.scope === item('20'))?.outcome).toMatchObject({
      error: { failure: { kind: 'script-error', name: 'TypeError', position: { line: 4 } } },
    })
  })

  it('J7 goes on when the host settles an item whose body never ends', async () => {
    const source = `${HEAD}export default async function run() {
      return each('n', ['a', 'b'], key => key, key => key === 'a' ? get({ long: true }) : get({}))
    }`
    const host: HostDouble = new HostDouble(pool, source, {
      answer: (_, args) => {
        if (!JSON.stringify(args).includes('long')) return { ok: true, value: 1 }
        const settle = host.messages
          .flatMap(message => message.calls)
          .find(call => call.tool === 'flow.settle')
        if (settle) host.complete(settle, { ok: true, value: { state: 'waiting', reason: 'sleep' } })
        return 'hold'
      },
    })
    const end = await host.ended
    expect(end.is === 'returned' && JSON.parse(end.value)).toMatchObject({
      done: [{ key: 'b', result: 1 }],
      waiting: [{ key: 'a', reason: 'sleep' }],
    })
  })
})
