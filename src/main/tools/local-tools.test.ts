import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Json } from '../../domain/json.ts'
import { createRegistry } from './registry.ts'
import { logTools } from './log.ts'
import { notifyTools } from './notify.ts'
import { scopeForTests } from '../../../test/support/tool-scope.ts'
import { stateTools } from './state.ts'

const registry = createRegistry([...stateTools(), ...notifyTools(), ...logTools()])

function scope() {
  const { call, staged, state } = scopeForTests()
  return { call: (name: string, input: Json) => call(registry.get(name), input), staged, state }
}

describe('tools/state', () => {
  it('J2 stages what it changes and sees it at once', async () => {
    const { call, staged } = scope()
    expect(await call('state.get', { key: 'a' })).toBeNull()
    expect(await call('state.delete', { key: 'a' })).toBe(false)
    expect(await call('state.set', { key: 'a', value: { n: [1] } })).toBeNull()
    expect(await call('state.get', { key: 'a' })).toEqual({ n: [1] })
    expect(await call('state.delete', { key: 'a' })).toBe(true)
    expect(await call('state.get', { key: 'a' })).toBeNull()
    expect(staged).toEqual([
      { kind: 'state-set', key: 'a', value: { n: [1] } },
      { kind: 'state-delete', key: 'a' },
    ])
  })

  it('lists by prefix, sorted, page by page, without loss', async () => {
    const { call, state } = scope()
    for (let i = 24; i >= 0; i -= 1) state.set(`k${String(i).padStart(2, '0')}`, i)
    state.set('other', null)
    const seen: Json[] = []
    let after: string | undefined
    for (;;) {
      const page = (await call('state.list', {
        prefix: 'k',
        limit: 10,
        ...(after === undefined ? {} : { after }),
      })) as {
        key: string
        value: Json
      }[]
      seen.push(...page.map(entry => entry.value))
      after = page.at(-1)?.key
      if (page.length < 10) break
    }
    expect(seen).toEqual(Array.from({ length: 25 }, (_, i) => i))
    expect(await call('state.list', {})).toHaveLength(26)
  })

  it('keeps any JSON value under any printable key', async () => {
    const { call } = scope()
    const key = fc.string({ minLength: 1, maxLength: 40, unit: 'grapheme-ascii' })
    await fc.assert(
      fc.asyncProperty(key, fc.jsonValue(), async (name, value) => {
        await call('state.set', { key: name, value: value as Json })
        expect(await call('state.get', { key: name })).toEqual(value)
      }),
    )
  })

  const refused: [why: RegExp, input: Json][] = [
    [/“key” is missing/, { value: 1 }],
    [/“value” is missing/, { key: 'a' }],
    [/printable/, { key: '', value: 1 }],
    [/printable/, { key: 'a\nb', value: 1 }],
    [/printable/, { key: 'a\u202eb', value: 1 }],
    [/printable/, { key: '\ud800', value: 1 }],
    [/printable/, { key: 'k'.repeat(257), value: 1 }],
    [/longer than 256 KB/, { key: 'a', value: 'é'.repeat(131_073) }],
  ]
  it.each(refused)('refuses with %s', async (why, input) => {
    const { call, staged } = scope()
    await expect(call('state.set', input)).rejects.toThrow(why)
    expect(staged).toEqual([])
  })

  it('keeps a value of exactly the longest length', async () => {
    const { call } = scope()
    const value = 'x'.repeat(256 * 1_024 - 2)
    await call('state.set', { key: 'a', value })
    expect(await call('state.get', { key: 'a' })).toBe(value)
  })
})

describe('tools/notify', () => {
  it('J2 stages a notice', async () => {
    const { call, staged } = scope()
    await call('notify.send', { title: 'Done', body: '3 files', level: 'warning' })
    await call('notify.send', { title: 'Done' })
    expect(staged).toEqual([
      { kind: 'notice', title: 'Done', body: '3 files', level: 'warning' },
      { kind: 'notice', title: 'Done', body: '', level: 'info' },
    ])
    await expect(call('notify.send', { title: 'x'.repeat(121) })).rejects.toThrow('at most 120 characters')
    await expect(call('notify.send', { title: 'x', body: 'x'.repeat(4_001) })).rejects.toThrow('at most 4000')
  })
})

describe('tools/log', () => {
  it('notes a line and changes nothing', async () => {
    const { call, staged } = scope()
    expect(await call('log.info', { message: 'seen', data: { n: 1 } })).toBeNull()
    expect(await call('log.warn', { message: 'odd' })).toBeNull()
    expect(staged).toEqual([])
    expect(registry.get('log.warn')?.describe({ message: 'odd' }, null)).toBe('Noted: odd')
    await expect(call('log.info', { message: 'x', data: 'x'.repeat(65_535) })).rejects.toThrow(
      'longer than 64 KB',
    )
  })
})
