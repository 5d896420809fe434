import { describe, expect, it } from 'vitest'
import { inspectScript } from './inspect.ts'
import { lintScript } from './lint.ts'

describe('inspectScript', () => {
  it('reads imports, exports and items from the text', () => {
    const found = inspectScript(`
      import { get } from 'tools/http'
      import * as flow from 'tools/flow'
      import { each as every } from 'tools/flow'
      export default async event => {
        await every('mail', event.list, m => m.id, async () => { await flow.each(\`part\`, [], p => p.n, get) })
        await every(event.name, [], x => x, get)
      }
      const verify = async () => true
      export { verify }`)
    expect(found).toEqual({
      imports: ['tools/http', 'tools/flow'],
      exports: { run: true, verify: true },
      eachNames: ['mail', 'part', null],
      eachKeys: ['m => m.id', 'p => p.n', 'x => x'],
      failure: null,
    })
  })

  it.each([
    ['export default function run() {}', true, false],
    ['function run() {} export { run as default }', true, false],
    ['export const verify = () => 1', false, true],
    ['export async function verify() {}', false, true],
    ['export function run() {}', false, false],
  ])('finds the entry points of %s', (source, run, verify) => {
    expect(inspectScript(source).exports).toEqual({ run, verify })
  })

  it('does not take another function of that name for an each', () => {
    expect(inspectScript('const each = () => 1; each("x")').eachNames).toEqual([])
  })

  it('says where a text cannot be read', () => {
    expect(inspectScript('export default {\n  a: 1,,\n}').failure).toMatchObject({
      kind: 'script-error',
      name: 'SyntaxError',
      position: { line: 2, column: 8 },
    })
    expect(inspectScript('('.repeat(300_000)).failure).toMatchObject({ kind: 'script-error' })
    expect(inspectScript(`//${'x'.repeat(1_000_001)}`).failure?.message).toContain('longer than')
  })
})

describe('lintScript', () => {
  const rules = (source: string): string[] =>
    lintScript(source).map(found => `${String(found.line)}:${String(found.column)} ${found.rule}`)

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
