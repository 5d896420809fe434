import { describe, expect, it } from 'vitest'
import { inspectScript } from './inspect.ts'

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
