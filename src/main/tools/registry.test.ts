import { parse } from 'acorn'
import { getQuickJS } from 'quickjs-emscripten'
import { afterAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { isFailureError } from '../../domain/failure.ts'
import { defineTool, type ToolDeclaration } from '../../domain/tool.ts'
import { createCompute } from './compute/pool.ts'
import { flowTools } from './flow.ts'
import { localCall } from './local-call.ts'
import { logTools } from './log.ts'
import { notifyTools } from './notify.ts'
import { createRegistry, validateInput, validateOutput } from './registry.ts'
import { stateTools } from './state.ts'
import { textTools } from './text.ts'

const compute = createCompute()
afterAll(() => compute.close())

const registry = createRegistry([
  ...flowTools(),
  ...logTools(),
  ...notifyTools(),
  ...stateTools(),
  ...textTools(compute),
])

const sample = {
  ...localCall,
  name: 'sample.look',
  title: 'Look',
  doc: 'Looks.',
  input: z.strictObject({ at: z.string(), how: z.string().optional() }),
  output: z.null(),
  run: async () => null,
  describe: () => 'Looked',
} as const

describe('a registry', () => {
  it('finds tools by name, and families and modules by their tools', () => {
    expect(registry.toolApi).toBe(1)
    expect(registry.get('state.get')?.title).toBe('Recall a value')
    expect(registry.get('state.steal')).toBeUndefined()
    expect(registry.families()).toEqual(['flow', 'log', 'notify', 'state', 'text'])
    expect(registry.moduleSource('tools/none')).toBeUndefined()
    expect(registry.declarationText('state')).toBeUndefined()
    expect(Object.keys(registry.modulesOf(['tools/state', 'tools/flow']))).toEqual([
      'tools/state',
      'tools/flow',
    ])
  })

  it('says which modules there are when a contract lists one that does not exist', () => {
    expect.assertions(2)
    try {
      registry.modulesOf(['tools/state', 'tools/mind'])
    } catch (error) {
      expect(isFailureError(error) && error.failure.kind).toBe('invalid-input')
      expect(isFailureError(error) && error.failure.message).toMatch(/“tools\/mind”.*tools\/flow, tools\/log/)
    }
  })

  const broken: [what: string, tool: ToolDeclaration, why: RegExp][] = [
    ['a name without a family', defineTool({ ...sample, name: 'look' }), /family\.verb/],
    ['a name in capitals', defineTool({ ...sample, name: 'Sample.look' }), /family\.verb/],
    ['a name of the engine', defineTool({ ...sample, name: 'flow.settle' }), /belongs to the engine/],
    ['a default export', defineTool({ ...sample, name: 'sample.default' }), /default export/],
    ['version 0', defineTool({ ...sample, version: 0 }), /no version/],
    ['no doc', defineTool({ ...sample, doc: ' ' }), /no doc/],
    [
      'a write that says nothing of repeating it',
      { ...defineTool({ ...sample, effect: 'write' }), idempotency: undefined } as unknown as ToolDeclaration,
      /idempotency/,
    ],
    [
      'a promise to reconcile without a way',
      defineTool({ ...sample, effect: 'write', idempotency: 'reconcile' }),
      /reconcile/,
    ],
    [
      'a wait that writes',
      defineTool({ ...sample, effect: 'write', wait: () => ({ kind: 'signal', name: 'x', until: null }) }),
      /waits/,
    ],
    [
      'a positional parameter it does not have',
      { ...defineTool(sample), positional: ['to'] } as unknown as ToolDeclaration,
      /“to”/,
    ],
    [
      'a required parameter after an optional one',
      defineTool({ ...sample, positional: ['how', 'at'] }),
      /after an optional/,
    ],
    [
      'a required option after an optional parameter',
      defineTool({ ...sample, positional: ['how'] }),
      /required option/,
    ],
  ]
  it.each(broken)('refuses a declaration with %s', (_, tool, why) => {
    expect(() => createRegistry([tool])).toThrow(why)
  })

  it('refuses the same name twice', () => {
    expect(() => createRegistry([defineTool(sample), defineTool(sample)])).toThrow('declared twice')
  })
})

describe('the guest module of a family', () => {
  it('parses as a module, for every family', () => {
    for (const family of registry.families()) {
      const source = registry.moduleSource(`tools/${family}`) ?? ''
      expect(() => parse(source, { ecmaVersion: 2024, sourceType: 'module' })).not.toThrow()
      expect(source).not.toMatch(/flow\.(open|settle)/)
    }
  })

  /** The script's `out` after it ran in QuickJS against a runtime that answers every call with the call. */
  async function runGuest(script: string): Promise<unknown> {
    const quickjs = await getQuickJS()
    const context = quickjs.newContext()
    try {
      context.runtime.setModuleLoader(name =>
        name === 'steward:runtime'
          ? 'export const call = (tool, input) => ({ tool, input }); export const each = () => "each"'
          : (registry.moduleSource(name) ?? { error: new Error(`no module ${name}`) }),
      )
      const imports = `import * as state from 'tools/state'; import * as flow from 'tools/flow'; import * as text from 'tools/text'; import * as log from 'tools/log';`
      const source = `${imports}
        import { delete as gone, remove } from 'tools/state'
        const tryIt = fn => { try { return fn() } catch (error) { return error.message } }
        globalThis.out = JSON.stringify(${script})`
      context.unwrapResult(context.evalCode(source, 'script.js', { type: 'module' })).dispose()
      return JSON.parse(context.getProp(context.global, 'out').consume(handle => context.getString(handle)))
    } finally {
      context.dispose()
    }
  }

  it('takes one object, or values by position with options last', async () => {
    const seen = await runGuest(`[
      state.set('a', { b: 1 }),
      state.set({ key: 'a', value: 1 }),
      state.list('p', { limit: 3 }),
      state.list(),
      flow.now(),
      flow.sleep('3d', { zone: 'Europe/Berlin' }),
      flow.random(1),
      text.csvFormat([{ a: 1 }], { header: false }),
      text.formatDate(new Date(0), 'yyyy'),
      log.info('x', undefined),
    ]`)
    expect(seen).toEqual([
      { tool: 'state.set', input: { key: 'a', value: { b: 1 } } },
      { tool: 'state.set', input: { key: 'a', value: 1 } },
      { tool: 'state.list', input: { prefix: 'p', limit: 3 } },
      { tool: 'state.list', input: {} },
      { tool: 'flow.now', input: {} },
      { tool: 'flow.sleep', input: { for: '3d', zone: 'Europe/Berlin' } },
      { tool: 'flow.random', input: { min: 1 } },
      { tool: 'text.csvFormat', input: { rows: [{ a: 1 }], header: false } },
      { tool: 'text.formatDate', input: { date: '1970-01-01T00:00:00.000Z', format: 'yyyy' } },
      { tool: 'log.info', input: { message: 'x' } },
    ])
  })

  it('refuses arguments that have no place, saying what it takes', async () => {
    const seen = await runGuest(`[
      tryIt(() => state.get('a', 'b')),
      tryIt(() => state.set('a', 1, 2)),
      tryIt(() => state.set('a', 1, {}, 3)),
      tryIt(() => flow.now('UTC', 1)),
    ]`)
    expect(seen).toEqual([
      'state.get takes (key, options) or one object',
      'state.set takes (key, value, options) or one object',
      'state.set takes (key, value, options) or one object',
      'flow.now takes one object',
    ])
  })

  it('offers a reserved word under names that can be imported, and each from the runtime', async () => {
    const seen = await runGuest(`[gone('a'), remove('b'), flow.each(), Object.keys(flow)]`)
    expect(seen).toEqual([
      { tool: 'state.delete', input: { key: 'a' } },
      { tool: 'state.delete', input: { key: 'b' } },
      'each',
      ['ask', 'each', 'now', 'publish', 'random', 'sleep', 'uuid', 'waitFor'],
    ])
  })
})

describe('validation', () => {
  const tool = defineTool({
    ...sample,
    input: z.strictObject({
      name: z.string().min(2).max(4),
      kind: z.enum(['a', 'b']).optional(),
      count: z.int().max(9).optional(),
      rows: z.array(z.strictObject({ id: z.union([z.string(), z.number()]) })).optional(),
      code: z.string().regex(/^x/, { error: 'starts with x' }).optional(),
      shape: z.union([z.strictObject({ w: z.number() }), z.strictObject({ d: z.number() })]).optional(),
    }),
    output: z.strictObject({ id: z.string() }),
    run: async () => ({ id: '1' }),
  })
  const cases: [input: Parameters<typeof validateInput>[1], path: string | undefined, words: string][] = [
    [{}, 'name', '“name” is missing'],
    [{ name: 1 }, 'name', '“name” must be text, not a number'],
    [{ name: 'a' }, 'name', '“name” must be at least 2 characters long'],
    [{ name: 'abcde' }, 'name', '“name” must be at most 4 characters long'],
    [{ name: 'ab', kind: 'c' }, 'kind', '“kind” must be one of "a", "b"'],
    [{ name: 'ab', count: 1.5 }, 'count', '“count” must be a whole number, not a number'],
    [{ name: 'ab', count: 10 }, 'count', '“count” must be at most 9'],
    [
      { name: 'ab', rows: [{ id: 1 }, { id: true }] },
      'rows[1].id',
      '“rows[1].id” must be text or a number, not true or false',
    ],
    [{ name: 'ab', rows: [{}] }, 'rows[0].id', '“rows[0].id” is missing'],
    [{ name: 'ab', code: 'y' }, 'code', '“code” starts with x'],
    [
      { name: 'ab', shape: { w: 'wide' } },
      'shape',
      '“shape” does not fit: “shape.w” must be a number, not text',
    ],
    [{ name: 'ab', nmae: 'x' }, undefined, 'the input has no place for “nmae”'],
    ['text', undefined, 'the input must be an object, not text'],
  ]
  it.each(cases)('says in words what is wrong with %j', (input, path, words) => {
    const checked = validateInput(tool, input)
    expect(checked.ok ? null : checked.failure).toEqual({
      kind: 'invalid-input',
      message: `sample.look was called with input it cannot use: ${words}. Nothing was done.`,
      ...(path === undefined ? {} : { path }),
    })
  })

  it('fills in defaults', () => {
    const checked = validateInput(registry.get('text.hash') ?? tool, { text: 'x' })
    expect(checked).toEqual({ ok: true, value: { text: 'x', algorithm: 'sha256' } })
  })

  it('calls a result that breaks the promise a bad response', () => {
    const checked = validateOutput(tool, { id: 5 })
    expect(checked.ok ? null : checked.failure).toEqual({
      kind: 'bad-response',
      message: 'sample.look gave back something it does not promise: “id” must be text, not a number.',
    })
  })
})
