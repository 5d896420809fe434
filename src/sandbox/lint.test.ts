import { describe, expect, it } from 'vitest'
import { lintScript } from './lint.ts'
import type { EffectOf } from './tool-calls.ts'

const EFFECTS: Readonly<Record<string, ReturnType<EffectOf>>> = {
  'tools/files move': 'write',
  'tools/files list': 'read',
  'tools/mail send': 'write',
  'tools/http get': 'read',
  'tools/http request': 'by-call',
  'tools/state set': 'local',
  'tools/log info': 'local',
}
const effectOf: EffectOf = (module, name) => EFFECTS[`${module} ${name}`] ?? null

const found = (source: string): string[] =>
  lintScript(source, effectOf).map(({ line, column, rule }) => `${String(line)}:${String(column)} ${rule}`)

const HEAD = `import { move, list } from 'tools/files'; import * as http from 'tools/http'; import { each, now } from 'tools/flow'; import { set } from 'tools/state'; import { info } from 'tools/log'
`
/** Findings of one rule in the body of a run, which begins in the second line. */
const inRun = (rule: string, body: string, rest = ''): string[] =>
  found(`${HEAD}export default async function run(event) { ${body} }\n${rest}`).filter(text =>
    text.endsWith(rule),
  )

describe('lintScript', () => {
  const OLD = /local-date|outer-assignment|empty-catch|each-name/
  const rules = (source: string): string[] => found(source).filter(text => OLD.test(text))

  it('finds local time', () => {
    expect(rules('new Date().getHours()\nnew Date().getUTCHours()\nd.setDate(1)')).toEqual([
      '1:12 local-date',
      '3:3 local-date',
    ])
  })

  it('finds what an item writes outside of itself, and nothing else', () => {
    const source = `import { each } from 'tools/flow'
import * as state from 'tools/state'
let total = 0; const rows = []; const seen = {}
await each('n', list, x => x, async x => {
  let own = 0; const { a, ...rest } = x; own += 1; rest.b = 2; [own] = [3]
  total += 1
  rows.push(x)
  seen[x] = true
  state.set('k', 1)
  ;({ a: total } = x)
  const inner = y => { total++ }
})
total = 5`
    expect(rules(source)).toEqual([
      '6:3 outer-assignment',
      '7:3 outer-assignment',
      '8:3 outer-assignment',
      '10:5 outer-assignment',
      '11:24 outer-assignment',
    ])
  })

  it('finds failures that are swallowed', () => {
    expect(
      rules(
        'async () => {\n  try { await get() } catch {}\n  try { parse() } catch {}\n  try { await get() } catch (e) { report(e) } }',
      ),
    ).toEqual(['2:23 empty-catch'])
  })

  it('finds items without a literal name', () => {
    expect(
      rules(
        `import { each } from 'tools/flow'\neach(name, [], x => x, y => y)\neach('ok', [], x => x, y => y)`,
      ),
    ).toEqual(['2:1 each-name'])
  })

  it('has nothing to say of a text that does not parse', () => {
    expect(lintScript('let x = ;')).toEqual([])
  })
})

describe('loops that change things', () => {
  it.each([
    ['of files', 'for (const file of await list("/a")) await move(file.path, "/b")'],
    [
      'of a list that was kept',
      'const { entries } = await list("/a"); const some = entries.filter(e => e.bytes); for (const e of some) await move(e.path, "/b")',
    ],
    ['of the event', 'for (const mail of event.mails) await move(mail.path, "/b")'],
    ['with forEach', 'const all = await list("/a"); all.forEach(file => move(file.path, "/b"))'],
    [
      'all at once',
      'const all = await list("/a"); await Promise.all(all.map(async file => move(file.path, "/b")))',
    ],
    [
      'by an index',
      'const all = await list("/a"); for (let i = 0; i < all.length; i++) await move(all[i].path, "/b")',
    ],
    [
      'page after page',
      'let next = "a"; while (next) { const page = await http.get(next); await move(page.file, "/b"); next = page.next }',
    ],
    ['without an end', 'for (;;) { await move("/a", "/b") }'],
    [
      'by a method that changes',
      'for (const id of event.ids) await http.request("https://a.com", { method: "DELETE", id })',
    ],
  ])('J7 are found: %s', (_what, body) => {
    expect(inRun('write-loop', body)).toHaveLength(1)
  })

  it('J7 are found in functions, and through functions', () => {
    const rest =
      'async function all(files) { for (const file of files) await one(file) }\nconst one = async file => { await move(file.path, "/b") }'
    expect(inRun('write-loop', 'await all(await list("/a"))', rest)).toEqual(['3:29 write-loop'])
    expect(
      inRun(
        'write-loop',
        'await Promise.all((await list("/a")).map(one))',
        'async function one(file) { await move(file.path, "/b") }',
      ),
    ).toHaveLength(1)
  })

  it.each([
    ['each', 'await each("file", await list("/a"), f => f.path, async f => move(f.path, "/b"))'],
    [
      'what one item has',
      'await each("mail", event.mails, m => m.id, async m => { for (const part of m.parts) await move(part.path, "/b") })',
    ],
    ['what only items lead to', 'await each("mail", event.mails, m => m.id, m => all(m.parts))'],
    ['a list in the script', 'for (const name of ["a", "b"]) await move(name, "/b")'],
    ['a number in the script', 'for (let i = 0; i < 3; i++) await move(`${i}`, "/b")'],
    [
      'a slice',
      'const all = await list("/a"); for (const file of all.slice(0, 5)) await move(file.path, "/b")',
    ],
    ['reading', 'for (const url of event.urls) await http.get(url)'],
    ['a method that reads', 'for (const url of event.urls) await http.request(url, { method: "GET" })'],
    ['own data', 'for (const id of event.ids) await set(id, 1)'],
    ['the time', 'const at = await now(); for (const n of [at.day]) await move(`${n}`, "/b")'],
  ])('J7 are not: %s', (_what, body) => {
    const rest = 'async function all(parts) { for (const part of parts) await move(part.path, "/b") }'
    expect(inRun('write-loop', body, rest)).toEqual([])
  })
})

describe('failures that nobody hears of', () => {
  it.each([
    ['only logged', 'try { await http.get("a") } catch (error) { await info(error.message) }'],
    ['only shown', 'try { await http.get("a") } catch (error) { console.error(error) }'],
    ['passed over', 'for (const a of []) { try { await http.get(a) } catch { continue } }'],
    ['a change taken for made', 'try { await move("/a", "/b") } catch { event.count = 0 }'],
    ['caught and dropped', 'await http.get("a").catch(() => null)'],
    ['caught and logged', 'await http.get("a").catch(error => info(error.message))'],
  ])('are found: %s', (_what, body) => {
    expect(inRun('swallowed', body)).toHaveLength(1)
  })

  it.each([
    [
      'thrown again',
      'try { await move("/a", "/b") } catch (error) { if (error.code !== "rejected") throw error }',
    ],
    ['told of', 'try { await http.get("a") } catch (error) { return { problem: error.message } }'],
    ['a reading that may be missing', 'try { return await http.get("a") } catch { return null }'],
    ['no tool call', 'try { JSON.parse(event) } catch { await info("no JSON") }'],
    ['looked at', 'await http.get("a").catch(error => ({ problem: error.code }))'],
    ['thrown by the handler', 'await http.get("a").catch(() => { throw new Error("no page") })'],
    ['another catch', 'event.catch("a")'],
  ])('are not: %s', (_what, body) => {
    expect(inRun('swallowed', body)).toEqual([])
  })
})

describe('calls that nobody waits for', () => {
  it.each([
    ['a change', 'move("/a", "/b")'],
    ['own data', 'set("a", 1)'],
    ['on purpose', 'void http.request("https://a.com", { method: "POST" })'],
    ['with what comes after', 'move("/a", "/b").then(() => 1)'],
    ['an own function', 'own()'],
    ['forEach', '[1].forEach(async n => { await set(n, 1) })'],
    ['map', '[1].map(async n => set(n, 1))'],
    ['all of them', 'Promise.all([move("/a", "/b")])'],
  ])('are found: %s', (_what, body) => {
    expect(inRun('not-awaited', body, 'async function own() { await set("a", 1) }')).toHaveLength(1)
  })

  it.each([
    ['awaited', 'await move("/a", "/b")'],
    ['given back', 'return move("/a", "/b")'],
    ['kept', 'const moved = move("/a", "/b"); await moved'],
    ['all of them', 'await Promise.all([1].map(async n => set(n, 1)))'],
    ['a line in the log', 'info("a")'],
    ['an own function that waits for nothing', 'own()'],
    ['forEach of what waits for nothing', '[1].forEach(n => event.push(n))'],
  ])('are not: %s', (_what, body) => {
    expect(inRun('not-awaited', body, 'function own() { return 1 }')).toEqual([])
  })
})

describe('what does nothing', () => {
  it('is found, with its place', () => {
    const source = `import { get, post as send } from 'tools/http'
import * as files from 'tools/files'
const limit = 5, used = 1
let last
function idle() {}
const { a, b } = { a: 1, b: 2 }
export default async function run(event) {
  last = used
  return get(b)
  last = 2
}
export const verify = () => true`
    expect(found(source)).toEqual([
      '1:23 unused',
      '2:13 unused',
      '3:7 unused',
      '4:5 unused',
      '5:10 unused',
      '6:9 unused',
      '10:3 unreachable',
    ])
    expect(
      lintScript(source)
        .map(({ message }) => message)
        .slice(0, 2),
    ).toEqual([
      'send is imported and never used. Leave it out.',
      'files is imported and never used. Leave it out.',
    ])
  })

  it('is not what is exported, called by itself, left out on purpose, or reached by its name', () => {
    const source = `import { get } from 'tools/http'
const own = { get }
const verify = () => later()
export { verify }
export default function run(event, unusedParameter) {
  const { secret, ...rest } = event
  const _ignored = 1
  for (const one of rest) { if (one) continue; else break }
  switch (rest.kind) { case 1: return own; default: break }
  try { rest() } catch (error) { throw new Error('no') }
  return rest
  function inner() { return inner }
}
function later() { return 1 }`
    expect(found(source).filter(text => !text.includes('12:12'))).toEqual([])
  })
})

describe('what is not here', () => {
  it.each([
    ['fetch("https://a.com")', 'tools/http'],
    ['setTimeout(() => 1, 5)', 'sleep of tools/flow'],
    ['require("fs")', 'import'],
    ['process.env.HOME', 'event'],
    ['new Intl.DateTimeFormat()', 'tools/text'],
    ['event.toLocaleString()', 'tools/text'],
    ['eval("1")', 'write what is to be done'],
    ['console.log(event)', 'tools/log'],
    ['new WeakRef(event)', 'do without'],
    ['Buffer.from("a")', 'tools/text'],
  ])('%s is found, with what to use', (code, instead) => {
    const [only, ...more] = lintScript(`export default event => ${code}`)
    expect([only?.rule, more]).toEqual(['not-here', []])
    expect(only?.message).toContain(instead)
  })

  it.each([
    'import { fetch } from "tools/calendar"; export default () => fetch("https://a.com/c.ics")',
    'export default event => event.process',
    'export default event => ({ fetch: event.module, global: 1 })',
    'export default process => process(1)',
    'const document = 1; export default () => document',
    'export default () => [new Date().toISOString(), Math.random(), crypto.randomUUID(), new Map()]',
    'export default event => { try { event() } catch (self) { throw self } }',
  ])('%s is not', source => {
    expect(found(source)).toEqual([])
  })
})

describe('any text at all', () => {
  it('S1 is looked through in time that grows with its length', () => {
    const names = Array.from({ length: 4_000 }, (_, n) => `const a${String(n)} = a${String(n + 1)}`).join(
      '\n',
    )
    const nested = `${'f('.repeat(400)}${')'.repeat(400)};`.repeat(80)
    expect(lintScript(`${names}\n${nested}`).length).toBeGreaterThan(0)
    expect(lintScript(`export default () => ${'['.repeat(1_500)}${']'.repeat(1_500)}`)).toEqual([])
  })
})
