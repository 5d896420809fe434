/**
 * The abuse corpus, as far as it concerns the sandbox: bodies of a script's default export, each with the verdicts it
 * may get. Grow the list; never shorten it. Test data; nothing of the product imports it.
 */
export interface AbuseCase {
  /** The corpus's number, and a letter where one number has several forms. */
  id: string
  title: string
  body: string
  /** `cpu`, `memory` … are script limits; other words are kinds of failure; `value` is a clean end. Any one of them. */
  verdict: readonly string[]
  /** With verdict `value`: exactly what the run returned. */
  returns?: unknown
}

const abuse = (id: string, title: string, body: string, ...verdict: string[]): AbuseCase => ({
  id,
  title,
  body,
  verdict,
})
const harmless = (id: string, title: string, body: string, returns: unknown): AbuseCase => ({
  id,
  title,
  body,
  verdict: ['value'],
  returns,
})

export const CPU_CASES: readonly AbuseCase[] = [
  abuse('1', 'an endless loop', `for (;;) {}`, 'cpu'),
  abuse('2', 'a loop that catches and tries again', `for (;;) { try { for (;;) {} } catch {} }`, 'cpu'),
  abuse('3', 'recursion in finally', `const f = () => { try { f() } finally { f() } }; f()`, 'cpu', 'stack'),
  abuse(
    '4',
    'an endless chain of microtasks',
    `const spin = () => Promise.resolve().then(spin); await spin()`,
    'cpu',
    'memory',
  ),
  abuse(
    '4b',
    'microtasks that nobody waits for',
    `const spin = () => { Promise.resolve().then(spin) }; spin(); await get({})`,
    'cpu',
  ),
  abuse('5', 'an asynchronous loop', `for (;;) await null`, 'cpu'),
  abuse('6', 'a getter that loops while marshalled', `await get({ get x() { for (;;) {} } })`, 'cpu'),
  abuse('7', 'a toJSON that loops', `await get({ toJSON() { for (;;) {} } })`, 'cpu'),
  abuse('8', 'a proxy whose ownKeys loops', `await get(new Proxy({}, { ownKeys() { for (;;) {} } }))`, 'cpu'),
  abuse('9', 'a pattern with nested quantifiers', `return /^(a+)+$/.test('a'.repeat(40) + 'b')`, 'cpu'),
  abuse(
    '10',
    'a pattern with back references',
    `return /^(a|aa|a\\1)*(b\\1)+$/.test('a'.repeat(60) + 'c')`,
    'cpu',
  ),
  abuse('11', 'indexOf over 2⁵³ entries', `Array.prototype.indexOf.call({ length: 2 ** 53 - 1 }, 1)`, 'cpu'),
  abuse(
    '12',
    'join over 2³¹ entries',
    `return Array.prototype.join.call({ length: 2 ** 31 - 1 }, '').length`,
    'cpu',
    'memory',
  ),
  abuse('13', 'reverse over 2⁵³ entries', `Array.prototype.reverse.call({ length: 2 ** 53 - 1 })`, 'cpu'),
  abuse(
    '13b',
    'copyWithin over 2⁵³ entries',
    `Array.prototype.copyWithin.call({ length: 2 ** 53 - 1 }, 0, 1)`,
    'cpu',
  ),
  abuse(
    '14',
    'concat of something spreadable without end',
    `[].concat({ length: 2 ** 32 - 2, [Symbol.isConcatSpreadable]: true })`,
    'cpu',
    'memory',
  ),
  abuse(
    '15',
    'indexOf in a long string',
    `const t = 'a'.repeat(5e6); for (;;) t.indexOf('a'.repeat(2.5e6) + 'b')`,
    'cpu',
    'memory',
  ),
  abuse('16', 'a flood of date parsing', `for (;;) Date.parse('2020-01-01T00:00:00')`, 'cpu'),
  abuse('16b', 'dates of a megabyte', `for (;;) Date.parse('1'.repeat(1e6))`, 'cpu'),
  abuse(
    '17',
    'a large sort',
    `const l = Array.from({ length: 5e5 }, (_, i) => (i * 7919) % 500009); for (;;) l.sort((a, b) => a - b)`,
    'cpu',
  ),
  abuse(
    '18',
    'a flood of normalize',
    `const t = '\\u0344\\ufdfa'.repeat(1e5); for (;;) t.normalize('NFKD')`,
    'cpu',
    'memory',
  ),
]

export const MEMORY_CASES: readonly AbuseCase[] = [
  abuse('19', 'a string that doubles', `let t = 'x'; for (;;) t += t`, 'memory', 'script-error'),
  abuse(
    '20',
    'a list of long strings',
    `const l = []; for (let i = 0; ; i++) l.push(String(i % 10).repeat(1 << 20))`,
    'memory',
  ),
  abuse('21', 'small objects', `const l = []; for (;;) l.push({ a: l.length, b: {} })`, 'memory', 'cpu'),
  abuse('22', 'a map', `const m = new Map(); for (let i = 0; ; i++) m.set(i, {})`, 'memory', 'cpu'),
  abuse('23', 'typed arrays', `const l = []; for (;;) l.push(new Uint8Array(1 << 20).fill(1))`, 'memory'),
  abuse('24', 'a list filled with fifty million', `return new Array(5e7).fill(0).length`, 'memory'),
  abuse('25', 'a buffer of two gigabytes', `return new ArrayBuffer(2 ** 31 - 1).byteLength`, 'memory'),
  abuse('25b', 'a buffer beyond what exists', `return new ArrayBuffer(2 ** 31).byteLength`, 'script-error'),
  abuse(
    '26',
    'a loop that catches running out',
    `const l = []; for (;;) { try { for (;;) l.push(new Uint8Array(1 << 20)) } catch { l.pop() } }`,
    'memory',
  ),
  abuse(
    '26b',
    'one that forgets it in finally',
    `const l = []; const f = () => { try { for (;;) l.push(new Uint8Array(1 << 20)) } finally { return } }; f(); l.length = 0; return 1`,
    'memory',
  ),
  abuse(
    '27',
    'running out inside a job',
    `await Promise.resolve().then(() => { const l = []; for (;;) l.push(new Array(1e4).fill(1)) })`,
    'memory',
  ),
  abuse('28', 'a flood of promises', `for (;;) Promise.resolve().then(() => {})`, 'cpu', 'memory'),
  abuse(
    '28b',
    'promises that are kept',
    `const l = []; for (;;) l.push(new Promise(() => {}))`,
    'memory',
    'cpu',
  ),
  abuse('29', 'recursion', `const f = n => f(n + 1) + 1; f(0)`, 'stack'),
  abuse('30', 'recursion through a getter', `const o = { get x() { return this.x } }; return o.x`, 'stack'),
  abuse('31', 'JSON nested five million deep', `JSON.parse('['.repeat(5e6))`, 'stack'),
  abuse('31b', 'the same, caught', `try { JSON.parse('['.repeat(5e6)) } catch {} return 1`, 'stack'),
  abuse('32', 'eval of a million brackets', `eval('('.repeat(1e6))`, 'script-error'),
  abuse(
    '33',
    'a chain of proxies',
    `let p = {}; for (let i = 0; i < 1e5; i++) p = new Proxy(p, {}); return p.x`,
    'stack',
    'memory',
  ),
  abuse('34', 'recursion in a comparator', `const f = () => [2, 1].sort(f).length; f()`, 'stack'),
  abuse('35', 'sorting a gigabyte', `new Uint8Array(2 ** 30).sort((a, b) => a - b)`, 'memory'),
  abuse(
    '35b',
    'sorting what just fits',
    `const u = new Uint8Array(2 ** 23); for (;;) u.sort((a, b) => b - a)`,
    'memory',
    'cpu',
  ),
  harmless(
    '36',
    'a buffer that shrinks under with',
    `
    const b = new ArrayBuffer(64, { maxByteLength: 1 << 20 }); const u = new Uint8Array(b); const shrink = () => { b.resize?.(0); return 0 }
    try { u.with({ valueOf: shrink }, 1) } catch {}
    try { u.with(0, { valueOf: shrink }) } catch {}
    return Array.from({ length: u.length }, (_, i) => u[i]).every(x => x === 0)`,
    true,
  ),
  harmless(
    '36b',
    'a buffer that shrinks under fill, set and subarray',
    `
    const seen = []
    for (const use of [(u, v) => u.fill(v), (u, v) => u.set([v, v, v]), (u, v) => u.subarray(0, v).length, (u, v) => u.lastIndexOf(1, v), (u, v) => u.copyWithin(0, v)]) {
      const b = new ArrayBuffer(64, { maxByteLength: 128 }); const u = new Uint8Array(b)
      try { use(u, { valueOf() { b.resize?.(8); b.transfer?.(0); return 7 } }) } catch (e) { if (!(e instanceof TypeError || e instanceof RangeError)) throw e }
      seen.push(Array.from({ length: u.length }, (_, i) => u[i]).every(x => x === 0 || x === 7))
    }
    return seen`,
    [true, true, true, true, true],
  ),
]

const FUNCTIONS = `[get, post, each, now, Date, Date.now, crypto.randomUUID, Math.random, console.log, Promise, Promise.prototype.then, Object, async () => 1, function* () {}, async function* () {}, class {}]`

export const BOUNDARY_CASES: readonly AbuseCase[] = [
  harmless(
    '37',
    'own __proto__ in what a tool returns',
    `const r = await get({ echo: JSON.parse('{"__proto__":{"polluted":1},"a":1}') }); return [Object.keys(r), ({}).polluted ?? null]`,
    [['__proto__', 'a'], null],
  ),
  harmless(
    '38',
    'constructor.prototype in what a tool is given and returns',
    `const r = await get({ echo: { constructor: { prototype: { polluted: 1 } } } }); return [r.constructor.prototype.polluted, ({}).polluted ?? null]`,
    [1, null],
  ),
  harmless(
    '39',
    'the constructor of every function there is',
    `
    const made = []
    for (const f of ${FUNCTIONS}) for (const c of [f.constructor, Object.getPrototypeOf(f).constructor]) {
      if (c === Object || c === Promise || typeof c !== 'function') continue
      try { c('return process')(); made.push(f.name) } catch {}
      try { new c('return globalThis')(); made.push(f.name) } catch {}
    }
    return made`,
    [],
  ),
  harmless(
    '40',
    'a getter that throws while it is marshalled',
    `try { await get({ get x() { throw new TypeError('mine') } }) } catch (e) { return [e.code, e.message.includes('mine')] }`,
    ['invalid-input', true],
  ),
  harmless(
    '41',
    'a proxy whose traps change their mind',
    `
    let n = 0
    const p = new Proxy({}, { ownKeys: () => ['a', 'b'].slice(0, ++n), getOwnPropertyDescriptor: () => ({ enumerable: true, configurable: true, value: n }), get: (_, k) => (k === 'toJSON' ? undefined : n++) })
    return [await get({ echo: p }), await get({ echo: p })]`,
    [{ a: 1 }, { a: 3, b: 4 }],
  ),
  harmless(
    '42',
    'an object with then, returned',
    `return { then(done) { done({ then(again) { again('inner') } }) } }`,
    'inner',
  ),
  abuse('42b', 'a then that never calls back', `return { then() {} }`, 'script-error'),
  harmless(
    '43',
    'Symbol.toPrimitive and species',
    `
    class P extends Promise { static get [Symbol.species]() { return function (start) { start(() => {}, () => {}) } } }
    await P.resolve(1)
    Object.defineProperty(Promise, Symbol.species, { configurable: true, get() { throw new Error('species') } })
    return await get({ echo: { x: { valueOf() { throw 1 }, [Symbol.toPrimitive]() { throw 2 } } } })`,
    { x: {} },
  ),
  abuse('44', 'a cycle', `const a = {}; a.a = a; await get(a)`, 'invalid-input'),
  abuse(
    '45',
    'a shared graph with 2²⁶ leaves',
    `let a = [1]; for (let i = 0; i < 26; i++) a = [a, a]; await get(a)`,
    'cpu',
    'memory',
    'bytes-out',
  ),
  abuse(
    '46',
    'an array of length 2³² − 1',
    `const a = []; a.length = 2 ** 32 - 1; await get(a)`,
    'cpu',
    'memory',
  ),
  harmless('46b', 'an object that says so', `return await get({ echo: { length: 2 ** 32 - 1 } })`, {
    length: 4294967295,
  }),
  harmless(
    '47',
    'NUL, lone surrogates and −0',
    `const r = await get({ echo: { ['k\\0']: 'a\\0b', lone: '\\ud800', zero: -0 } }); return [r['k\\0'] === 'a\\0b', r.lone === '\\ud800', Object.is(r.zero, 0)]`,
    [true, true, true],
  ),
  abuse('47b', 'a huge BigInt', `await get({ n: 10n ** 5000n })`, 'invalid-input'),
  abuse(
    '48',
    'a forged stack, name and cause',
    `
    const e = new Error('x', { cause: { secret: globalThis } }); e.stack = '    at run (script:999999:1)\\n at /etc/passwd'; e.name = { toString() { return 'N' } }
    throw e`,
    'script-error',
  ),
  abuse('48b', 'an error whose message loops', `throw { get message() { for (;;) {} } }`, 'cpu'),
  abuse(
    '48c',
    'an error whose parts throw or are huge',
    `throw Object.create(Error.prototype, { stack: { get() { throw new Error('s') } }, message: { value: 'm'.repeat(1e6) } })`,
    'script-error',
  ),
  harmless(
    '49',
    'built-ins patched before a tool call',
    `
    JSON.stringify = () => '"forged"'; JSON.parse = () => ({ evil: 1 }); Promise.prototype.then = () => 5
    Array.prototype[Symbol.iterator] = null; Array.prototype.map = null; Array.isArray = () => true; Object.prototype.toJSON = undefined
    String.prototype.slice = null; Reflect.apply = null; Object.defineProperty = null; WeakMap.prototype.get = null; globalThis.Promise = null
    return [await get({ echo: 'real' }), await each('n', ['k'], k => k, async k => k)]`,
    ['real', { done: [{ key: 'k', result: 'k' }], aside: [], waiting: [], declined: [] }],
  ),
  harmless(
    '49b',
    'then put on every object',
    `Object.prototype.then = function (done) { done('hijacked') }; const r = await get({ echo: 1 }); delete Object.prototype.then; return r`,
    1,
  ),
  abuse(
    '50',
    '100,000 calls that nobody waits for',
    `for (let i = 0; i < 1e5; i++) get({ i }); await new Promise(() => {})`,
    'calls',
  ),
  harmless(
    '51',
    'a call after the end',
    `get({ echo: 1 }).then(() => get({ late: true })); return 'over'`,
    'over',
  ),
  harmless(
    '54',
    'what could be a clock or tell of the machine',
    `
    const zone = new Date(2020, 6, 1).getTimezoneOffset()
    const inner = new (new Date().constructor)().getTime() === Date.now()
    return [zone, inner, typeof performance, typeof WeakRef, typeof FinalizationRegistry, typeof SharedArrayBuffer, typeof Atomics, new Date(2020, 6, 1).toString().slice(-8)]`,
    [0, true, 'undefined', 'undefined', 'undefined', 'undefined', 'undefined', 'GMT+0000'],
  ),
]
