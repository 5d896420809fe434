import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { declared } from '../../../../test/support/declared-tools.ts'
import { isFailureError } from '../../../domain/failure.ts'
import { createCompute } from '../compute/pool.ts'
import { checkTypes } from './check-types.ts'
import type { TypesAnswer } from './check-types.ts'
import { createScriptTypes } from './script-types.ts'

let declarations: ReadonlyMap<string, string>

beforeAll(async () => {
  declarations = await declared(
    registry =>
      new Map(
        registry.families().map(family => {
          const module = `tools/${family}`
          return [module, registry.declarationText(module) ?? '']
        }),
      ),
  )
})

const inputOf = (source: string) => ({
  source,
  declarations: [...declarations].flatMap(([module, text]) => (source.includes(`'${module}'`) ? [text] : [])),
})
const check = (source: string): TypesAnswer => checkTypes(inputOf(source))
const inRun = (imports: string, body: string): string =>
  `${imports}\nexport default async function run(event) {\n  ${body}\n}`

describe('the types of a script', () => {
  const HTTP = `import { get, request } from 'tools/http'`
  const FILES = `import { list, move, read, write } from 'tools/files'`
  const FLOW = `import { each, now, sleep } from 'tools/flow'`
  const STATE = `import { get, set } from 'tools/state'`
  const SEND = `import { send } from 'tools/notify'`

  it.each<[wrong: string, source: string, place: string, complaint: RegExp]>([
    ['a number for an address', inRun(HTTP, 'await get(1)'), '3:13', /not assignable|No overload/],
    [
      'a result that is not there',
      inRun(HTTP, 'return (await get("https://a.com")).txt'),
      '3:39',
      /'txt' does not exist/,
    ],
    [
      'a call that is not awaited',
      inRun(HTTP, 'return get("https://a.com").status'),
      '3:31',
      /'status' does not exist on type 'Promise/,
    ],
    [
      'an unknown option',
      inRun(HTTP, 'await request({ url: "https://a.com", verb: "POST" })'),
      '3:41',
      /'verb' does not exist/,
    ],
    [
      'a method that is none',
      inRun(HTTP, 'await request({ url: "https://a.com", method: "SEND" })'),
      '3:41',
      /"SEND"/,
    ],
    ['an argument too few', inRun(FILES, 'await move("/a")'), '3:14', /to: string/],
    [
      'an argument too many',
      inRun(FILES, 'await read("/a", {}, 1)'),
      '3:24',
      /Expected|No overload|arguments/,
    ],
    [
      'a list taken for its entries',
      inRun(FILES, 'for (const file of await list("/a")) await read(file)'),
      '3:22',
      /iterator/,
    ],
    [
      'a name spelt otherwise',
      inRun(FILES, 'return (await list("/a")).entires'),
      '3:29',
      /Did you mean 'entries'|does not exist/,
    ],
    [
      'a field of an entry',
      inRun(FILES, 'return (await list("/a")).entries.map(e => e.filename)'),
      '3:48',
      /'filename' does not exist/,
    ],
    [
      'bytes as text',
      inRun(FILES, 'const { entries } = await list("/a")\n  return entries[0].bytes.trim()'),
      '4:27',
      /'trim' does not exist on type 'number'/,
    ],
    [
      'an export that is not there',
      inRun(`import { fetchAll } from 'tools/http'`, 'return fetchAll'),
      '1:10',
      /no exported member/,
    ],
    [
      'a module that is not there',
      inRun(`import { get } from 'tools/nothing'`, 'return get'),
      '1:21',
      /Cannot find module/,
    ],
    ['a variable that is not there', inRun('', 'return total'), '3:10', /Cannot find name 'total'/],
    ['a browser’s own', inRun('', 'return window.location'), '3:10', /Cannot find name 'window'/],
    [
      'an each without its key',
      inRun(FLOW, 'await each("mail", event, async mail => mail)'),
      '3:9',
      /Expected 4-5 arguments/,
    ],
    [
      'a key that is no text',
      inRun(FLOW, 'await each("mail", [{ id: 1 }], mail => mail, async mail => mail)'),
      '3:43',
      /not assignable to type 'string \| number'/,
    ],
    [
      'the result of an each',
      inRun(FLOW, 'const rows = await each("mail", [1], n => n, async n => n)\n  return rows.length'),
      '4:15',
      /'length' does not exist/,
    ],
    [
      'what one item gave back',
      inRun(
        FLOW,
        'const rows = await each("mail", [1], n => n, async n => n)\n  return rows.done[0].result.trim()',
      ),
      '4:30',
      /'trim' does not exist on type 'number'/,
    ],
    ['an hour that is a function', inRun(FLOW, 'return (await now()).hour()'), '3:24', /not callable|'hour'/],
    ['an unknown level', inRun(SEND, 'await send("a", "b", { level: "loud" })'), '3:26', /"loud"/],
    [
      'a function kept as a value',
      inRun(STATE, 'await set("a", () => 1)'),
      '3:18',
      /not assignable to parameter of type 'Json'/,
    ],
    ['a value assigned to a constant', inRun('', 'const a = 1\n  a = 2'), '4:3', /constant/],
    [
      'a text that is added to a list',
      inRun('', 'const a = [1]\n  a.push("b")'),
      '4:10',
      /'string' is not assignable to parameter of type 'number'/,
    ],
    [
      'what may be missing',
      inRun('', 'return [1].find(n => n > 1).toFixed()'),
      '3:10',
      /possibly 'undefined'/,
    ],
    [
      'types in what is no TypeScript',
      inRun('', 'return 1').replace('(event)', '(event: string)'),
      '2:42',
      /TypeScript/,
    ],
  ])('%s is complained of at its place', (_wrong, source, place, complaint) => {
    const [first] = check(source).problems
    expect(`${String(first?.line)}:${String(first?.column)} ${first?.message ?? ''}`).toMatch(
      new RegExp(`^${place} .*(?:${complaint.source})`),
    )
  })

  it('has nothing against plain JavaScript that is right', () => {
    const source = `import { get } from 'tools/http'
import { each, now } from 'tools/flow'
import { get as stored, set } from 'tools/state'
export default async function run(event) {
  const seen = (await stored('seen')) ?? []
  const { date } = await now({ zone: 'Europe/Berlin' })
  const pages = await each('page', event.urls, url => url, async url => {
    try {
      const { status } = await get(url)
      return { url, status, id: crypto.randomUUID() }
    } catch (error) {
      if (error.code !== 'rejected') throw error
      console.log(error.message)
      return { url, status: null, id: '' }
    }
  })
  const good = pages.done.filter(({ result }) => result.status === 200).toSorted()
  await set('seen', [date, ...seen].slice(0, 5))
  return { summary: \`\${good.length} of \${pages.done.length}\`, group: Object.fromEntries(good.map(g => [g.key, g.result])) }
}
export const verify = ({ result }) => ({ ok: result.summary !== '' })`
    expect(check(source)).toEqual({ problems: [], more: 0 })
  })

  it('says how much more there is, and says it the same again', () => {
    const source = `export default () => [${Array.from({ length: 50 }, (_, n) => `missing${String(n)}`).join(', ')}]`
    const { problems, more } = check(source)
    expect([problems.length, more]).toEqual([20, 30])
    expect(check(source)).toEqual({ problems, more })
  })

  it('of one script say nothing about the next', () => {
    check('export const leaked = 1\nglobalThis.other = 2\nexport default () => leaked')
    expect(check('export default () => [leaked, other]').problems).toHaveLength(2)
  })
})

describe('where they are checked', () => {
  const types = createScriptTypes()
  afterAll(() => types.close())

  it('S1 is a process of its own, from which the answer comes', async () => {
    const source = inRun(`import { get } from 'tools/http'`, 'await get(1)')
    expect(await types.check(inputOf(source), new AbortController().signal)).toEqual(check(source))
  })

  it('S1 S2 a script on which the compiler has no end is given up, and the next one is checked', async () => {
    const impatient = createScriptTypes(createCompute({ size: 1, memoryMb: 256, limitMs: 6_000 }))
    const signal = new AbortController().signal
    const endOf = (source: string): Promise<string> =>
      impatient.check({ source, declarations: [] }, signal).then(
        () => 'answered',
        (error: unknown) => (isFailureError(error) ? error.failure.kind : String(error)),
      )
    let turns = 0
    const timer = setInterval(() => turns++, 20)
    // Each call doubles the type of what it is given.
    const doubled = `/** @template T @param {T} x @returns {[T, T]} */\nconst p = x => [x, x]\nexport const v = ${'p('.repeat(40)}1${')'.repeat(40)}\nexport default () => v.q`
    expect(await endOf(doubled)).toBe('script-limit')
    clearInterval(timer)
    expect(turns).toBeGreaterThan(10)
    expect(await endOf('export default () => 1')).toBe('answered')
    await impatient.close()
  })

  it('stops when nobody waits any more', async () => {
    const stop = new AbortController()
    const asked = types.check(inputOf('export default () => 1'), stop.signal)
    stop.abort()
    await expect(asked).rejects.toThrow('cancelled')
  })
})
