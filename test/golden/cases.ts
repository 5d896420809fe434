/**
 * The scripts whose runs are kept: what each is started with, and what the world answers it. Their recordings are the
 * `.json` files beside this one; `UPDATE=1 npx vitest run test/golden` makes them anew, which only a change of the
 * engine's version justifies.
 */
import type { Json, JsonObject } from '../../src/domain/json.ts'
import type { Outcome } from '../../src/domain/tool.ts'
import type { GuestCall } from '../../src/sandbox/protocol.ts'

export interface GoldenCase {
  name: string
  source: string
  input: Json
  uses: string[]
  /** Which of the answers that have come is handed in next. */
  pick: (waiting: number) => number
}

const ALL = [
  'tools/http',
  'tools/flow',
  'tools/state',
  'tools/text',
  'tools/files',
  'tools/log',
  'tools/notify',
]
const HEAD = `
import { get, post, request } from 'tools/http'
import { each, now, uuid, random, sleep, waitFor, ask } from 'tools/flow'
import { get as recall, set, list } from 'tools/state'
import { hash } from 'tools/text'
import { read, write, append, move } from 'tools/files'
import { info } from 'tools/log'
import { send } from 'tools/notify'
`
const first = (): number => 0
const last = (waiting: number): number => waiting - 1
const middle = (waiting: number): number => Math.floor(waiting / 2)

function golden(name: string, body: string, input: Json = {}, pick: GoldenCase['pick'] = first): GoldenCase {
  return {
    name,
    source: `${HEAD}export default async function run(event) {\n${body}\n}\n`,
    input,
    uses: ALL,
    pick,
  }
}

export const CASES: readonly GoldenCase[] = [
  golden(
    'sequence',
    `  const page = await get('https://shop.example/orders?since=' + event.since)
  for (const order of page.body.list) await post('https://books.example/rows', { id: order, at: event.since })
  await set('since', page.body.list.at(-1))
  return { filed: page.body.list.length, last: await recall('since') }`,
    { since: 41 },
  ),
  golden(
    'at-once-last-first',
    `  const order = []
  const note = (name, call) => call.then(value => { order.push(name); return value })
  await Promise.all([
    note('a', get('https://a.example/')),
    note('b', get('https://b.example/')),
    note('c', Promise.all([get('https://c.example/1'), get('https://c.example/2')])),
    note('d', get('https://d.example/').then(() => post('https://d.example/', { order }))),
  ])
  const won = await Promise.race([get('https://e.example/'), get('https://f.example/')])
  return { order, won: won.url }`,
    {},
    last,
  ),
  golden(
    'items',
    `  const mails = (await get('https://mail.example/inbox')).body.list
  const filed = await each('mail', mails, mail => 'm' + mail, async mail => {
    const text = await get('https://mail.example/' + mail)
    await set('seen:' + mail, true)
    return (await post('https://books.example/rows', { mail, from: text.url })).status
  })
  return { done: filed.done.map(item => item.key), results: filed.done.map(item => item.result) }`,
  ),
  golden(
    'items-side-by-side',
    `  const animals = ['ant', 'bee', 'cat', 'dog', 'eel']
  const seen = await each('animal', animals, animal => animal, async animal => {
    const [a, b] = await Promise.all([get('https://zoo.example/' + animal), hash(animal)])
    if (animal === 'cat') await get('https://refused.example/' + animal)
    const inner = await each('leg', ['left-' + animal, 'right-' + animal], leg => leg, leg => post('https://zoo.example/legs', { leg, b }))
    return [a.url, inner.done.length]
  }, { concurrency: 3 })
  return { done: seen.done, aside: seen.aside.map(item => [item.key, item.error.code]) }`,
    {},
    middle,
  ),
  golden(
    'caught',
    `  const codes = []
  for (const host of ['refused', 'fine', 'refused']) {
    try { await get('https://' + host + '.example/'); codes.push('fine') }
    catch (error) { codes.push([error.code, error.message, error instanceof Error]) }
    finally { await info('looked', { host }) }
  }
  await post('https://books.example/codes', { codes })
  const settled = await Promise.allSettled([get('https://refused.example/'), get('https://fine.example/')])
  return { codes, settled: settled.map(one => one.status) }`,
  ),
  golden(
    'chance',
    `  const seen = [Date.now(), new Date(0).toString(), new Date().getTimezoneOffset(), Math.random(), crypto.randomUUID()]
  seen.push((await now()).ms, await uuid(), await random({ min: 1, max: 6, integer: true }))
  seen.push(Date.now(), Math.random(), crypto.randomUUID(), await hash(JSON.stringify(seen)))
  await post('https://books.example/chance', { seen })
  const words = ['ä', 'z', 'a', 'Z', 'é'].sort()
  return { seen, words, number: (1234567.891).toLocaleString(), keys: Object.keys({ b: 1, a: 2, 1: 3 }), map: [...new Map([[1, 2]])] }`,
  ),
  golden(
    'waits',
    `  await send('It began')
  const woke = await sleep({ minutes: 5 })
  const { payload } = await waitFor({ name: 'go' })
  const { answer } = await ask({ question: 'Which?', choices: ['red', 'blue'] })
  await post('https://books.example/answer', { answer, payload, at: Date.now() })
  return { woke, answer }`,
  ),
  golden(
    'files',
    `  const { text } = await read({ path: '/home/someone/in.csv' })
  const rows = text.trim().split('\\n').map(line => line.split(','))
  let sum = 0
  for (const [name, amount] of rows) {
    sum += Number(amount)
    await append({ path: '/home/someone/log.txt', text: name + '\\n' })
  }
  await write({ path: '/home/someone/sum.json', json: { sum, rows: rows.length }, overwrite: true })
  await move({ from: '/home/someone/in.csv', to: '/home/someone/done/in.csv', parents: true })
  return { sum, known: await list('') }`,
  ),
  golden(
    'fails',
    `  const page = await get('https://fine.example/')
  await post('https://books.example/before', { status: page.status })
  const amount = page.body.missing.amount
  await post('https://books.example/never', { amount })`,
  ),
  golden(
    'long',
    `  let state = 7
  const found = []
  for (let round = 0; round < 120; round++) {
    state = (state * 48271) % 2147483647
    if (state % 3 === 0) found.push((await get('https://steps.example/' + state)).status)
    else if (state % 3 === 1) await set('step', state)
    else await Promise.all([hash('x' + state), post('https://steps.example/', { state })])
  }
  return { found: found.length, state }`,
    {},
    last,
  ),
]

/** What the world says to a call: always the same to the same call. */
export function answerOf(call: GuestCall, args: Json): Outcome {
  const given = (typeof args === 'object' && args !== null && !Array.isArray(args) ? args : {}) as JsonObject
  const value = VALUES[call.tool]?.(given, call) ?? null
  return given['url']?.toString().includes('refused.example') === true
    ? { ok: false, error: { code: 'rejected', message: `${String(given['url'])} was answered with 422.` } }
    : { ok: true, value }
}

const VALUES: Record<string, (given: JsonObject, call: GuestCall) => Json> = {
  'http.get': ({ url = '' }) => ({
    status: 200,
    ok: true,
    url,
    headers: {},
    body: { list: [1, 2, 3] },
    problem: null,
  }),
  'http.post': ({ url = '' }) => ({ status: 201, ok: true, url, headers: {}, body: null, problem: null }),
  'flow.now': () => ({ ms: 1_780_000_000_000, iso: '2026-05-28T20:26:40.000Z' }),
  'flow.uuid': () => '3f9c1f0e-8a55-4c1c-9d6f-0a1b2c3d4e5f',
  'flow.random': () => 4,
  'flow.sleep': () => ({ wokeAt: 1_780_000_300_000 }),
  'flow.waitFor': () => ({ payload: { from: 'a signal' } }),
  'flow.ask': () => ({ answer: 'blue' }),
  'text.hash': (_given, call) => call.argHash.slice(0, 16),
  'state.get': () => 43,
  'state.list': () => [{ key: 'known', value: true }],
  'files.read': () => ({ text: 'rent,700\nfood,210\nbooks,35\n' }),
}
