import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { HEAD, HostDouble, type HostOptions, runBody } from '../../test/support/host-double.ts'
import { createSandboxPool, type SandboxPool } from './pool.ts'

let pool: SandboxPool
beforeAll(() => {
  pool = createSandboxPool({ workers: 1 })
})
afterAll(() => pool.close())

const run = (body: string, options?: HostOptions): HostDouble => runBody(pool, body, options)

describe('S4 only data crosses', () => {
  it('S4 an error of a tool arrives with code and message, and nothing of the host', async () => {
    const answer: HostOptions['answer'] = () => ({
      ok: false,
      error: { code: 'rejected', message: 'The server said no.' },
    })
    const body = `try { await get({}) } catch (e) { return [e.code, e.message, e.stack, e instanceof Error, Object.getOwnPropertyNames(e).sort()] }`
    expect(await run(body, { answer }).value()).toEqual([
      'rejected',
      'The server said no.',
      '',
      true,
      ['code', 'message', 'stack'],
    ])
  })

  it('S4 the failure of a tool that nobody caught is the original one, with the place of its call', async () => {
    const original = {
      kind: 'rejected',
      host: 'h',
      status: 400,
      message: 'The server said no.',
      step: 'stp_1',
    } as const
    const answer: HostOptions['answer'] = () => ({
      ok: false,
      error: { code: 'rejected', message: original.message, failure: original },
    })
    const host = new HostDouble(
      pool,
      `${HEAD}\nexport default async function run() {\n  try { await null } finally { await get({}) }\n}`,
      { answer },
    )
    expect(await host.failure()).toEqual({ ...original, position: { line: 5, column: 41 } })
  })

  it('S4 a tool failure without one of ours carries its code', async () => {
    const answer: HostOptions['answer'] = () => ({ ok: false, error: { code: 'odd', message: 'm' } })
    expect(await run('await get({})', { answer }).failure()).toMatchObject({
      kind: 'script-error',
      detail: { code: 'odd' },
    })
  })

  it.each([
    ['a cycle', 'const a = {}; a.a = a; const bad = a'],
    ['a BigInt', 'const bad = 1n'],
    ['a getter that throws', `const bad = { get x() { throw new Error('no') } }`],
    ['a function', 'const bad = () => 1'],
    ['data nested too deeply', 'let bad = 1; for (let i = 0; i < 300; i++) bad = [bad]'],
  ])('S4 %s is refused inside the guest, the same in every replay', async (_, make) => {
    const body = `${make}; try { await get(bad) } catch (e) { await post({ code: e.code, message: e.message }) } return bad`
    const host = run(body)
    expect(await host.failure()).toMatchObject({ kind: 'invalid-input' })
    expect(host.asked).toHaveLength(1)
    expect(host.asked[0]).toContain('"code":"invalid-input"')
    const again = run(body, { start: { recorded: host.journal } })
    expect(await again.failure()).toEqual(await host.failure())
    expect(again.asked).toEqual([])
  })

  it('S4 undefined is null, and what JSON leaves out is left out', async () => {
    const host = run('return [undefined, await get({ a: undefined, b: -0 })]')
    expect(await host.value()).toEqual([null, null])
    expect(host.calls[0]?.args).toBe('{"b":0}')
    expect(await run('return undefined').value()).toBeNull()
  })
})

describe('S6 what a script may import is what its contract grants', () => {
  it.each([
    ['an ungranted tool', `import { x } from 'tools/mail'`, 'tools/mail'],
    ['a relative module', `import x from './tools/http'`, './tools/http'],
    ['an absolute path', `import x from '/etc/passwd'`, '/etc/passwd'],
    ['a module of the host', `import fs from 'node:fs'`, 'node:fs'],
    ['the runtime', `import { call } from 'steward:runtime'`, 'steward:runtime'],
    ['its inner half', `import { receive } from 'steward:prelude'`, 'steward:prelude'],
    ['the scopes', `export { enter } from 'steward:scope'`, 'steward:scope'],
    ['itself', `export * from 'script'`, 'script'],
    ['import() of a granted tool', `const x = await import('tools/http')`, 'import()'],
  ])('S6 refuses %s before anything runs', async (_, line, name) => {
    const host = new HostDouble(
      pool,
      `import { get } from 'tools/http'\nawait get({})\n${line}\nexport default () => 1`,
    )
    const found = await host.failure()
    expect(found).toMatchObject({ kind: 'not-permitted', position: { line: 3 } })
    expect(found.message).toContain(`${name} is not granted by`)
    expect(host.asked).toEqual([])
  })
})

describe('scripts that are wrong', () => {
  it.each([
    [
      'does not parse',
      'export default () => {\n  let x = ;\n}',
      { name: 'SyntaxError', position: { line: 2, column: 11 } },
    ],
    ['is nested beyond reading', `export default ${'('.repeat(200_000)}`, { name: 'SyntaxError' }],
    ['has no default export', 'export const x = 1', { name: 'TypeError' }],
    [
      'imports what its tool does not offer',
      `import { put } from 'tools/http'\nexport default put`,
      { name: 'SyntaxError' },
    ],
    [
      'throws',
      'export default async () => {\n  await null\n  null.x\n}',
      { name: 'TypeError', position: { line: 3, column: 7 } },
    ],
    ['throws what is no error', `export default () => { throw 'text' }`, { name: 'Error', message: 'text' }],
    ['waits for what cannot come', 'export default () => new Promise(() => {})', { name: 'Deadlock' }],
  ])('J9 a script that %s fails with its place', async (_, source, expected) => {
    expect(await new HostDouble(pool, source).failure()).toMatchObject({
      kind: 'script-error',
      ...expected,
    })
  })
})
