import { afterAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { defineTool } from '../../domain/tool.ts'
import { createCompute } from './compute/pool.ts'
import { moduleDeclaration } from './declaration-text.ts'
import { flowTools } from './flow.ts'
import { localCall } from './local-call.ts'
import { logTools } from './log.ts'
import { notifyTools } from './notify.ts'
import { createRegistry } from './registry.ts'
import { typeText } from './schema-text.ts'
import { stateTools } from './state.ts'
import { textTools } from './text.ts'
import { complaints } from '../../../test/support/check-script-types.ts'

const compute = createCompute()
afterAll(() => compute.close())
const registry = createRegistry([
  ...flowTools(),
  ...logTools(),
  ...notifyTools(),
  ...stateTools(),
  ...textTools(compute),
])
const declarations = registry
  .families()
  .map(family => registry.declarationText(`tools/${family}`))
  .join('\n')

const good: Record<string, string> = {
  'flow.js': `import { each, now, random, uuid, sleep, waitFor, ask } from 'tools/flow'
export default async function run(event) {
  const start = await now({ zone: 'Europe/Berlin' })
  const later = start.ms + (await random()) + (await random(1, 6, { integer: true }))
  await sleep('3d'); await sleep({ days: 1 }); await sleep({ until: '2026-03-29T08:00', zone: 'UTC' })
  const signal = await waitFor('paid', { timeout: '2d' })
  const { answer } = await ask('Go on?', ['Yes', 'No'], { timeout: '1d' })
  const rows = await each('invoice', [{ id: 'a', total: 1 }], item => item.id, async item => item.total * 2, { concurrency: 2 })
  const sum = rows.done.reduce((total, row) => total + row.result, later)
  return { sum, answer: answer?.toUpperCase(), paid: signal.payload?.amount, why: rows.aside[0]?.error.code, id: (await uuid()).slice(1) }
}`,
  'state.js': `import { get, set, list, delete as forget, remove } from 'tools/state'
export default async function run(event) {
  const seen = (await get('seen')) ?? []
  await set('seen', [...seen, { at: event.at, note: undefined }])
  await set({ key: 'count', value: 1 + (await get('count')) })
  const found = await list('se', { limit: 3 })
  return { keys: found.map(entry => entry.key.length + entry.value.size), gone: (await forget('x')) || (await remove({ key: 'y' })) }
}`,
  'text.js': `import * as text from 'tools/text'
import { info, warn } from 'tools/log'
import { send } from 'tools/notify'
export default async function run() {
  const table = await text.csvParse('a,b', { delimiter: ',' })
  const out = await text.csvFormat(table.rows, { columns: table.columns })
  const change = await text.diff('a', 'b', { context: 0 })
  const plain = await text.htmlToText('<p>', { links: 'drop' })
  const day = await text.parseDate('1.2.2026', 'd.M.yyyy', { zone: 'UTC' })
  const next = await text.addToDate(day.ms, { days: -1 })
  const { days } = await text.compareDates(day.iso, next.iso)
  const hash = await text.hash(await text.formatDate(next.ms, 'yyyy'), 'md5')
  await info('x', { days }); await warn({ message: hash })
  await send('t', plain + out, { level: 'warning' })
  return change.changes.map(line => line.text.length + line.line)
}`,
}

describe('the .d.ts of the tools', () => {
  it('compiles, and lets correct scripts pass', () => {
    expect(complaints(declarations, good)).toEqual({
      'tools.d.ts': [],
      'flow.js': [],
      'state.js': [],
      'text.js': [],
    })
  })

  it('finds each mistake a script can make against it', () => {
    const bad = [
      `import { hash, diff, addToDate } from 'tools/text'`,
      `import { get, set } from 'tools/state'`,
      `import { now, sleep, open } from 'tools/flow'`,
      `export default async function run() {`,
      `  await hash(5)`,
      `  await hash('x', 'crc32')`,
      `  await get()`,
      `  await set('x', () => 1)`,
      `  await addToDate('2026-01-01', { day: 1 })`,
      `  return (await now()).milliseconds + (await diff('a')).added`,
      `}`,
    ].join('\n')
    const lines = (complaints(declarations, { 'bad.js': bad })['bad.js'] ?? []).map(text =>
      Number(text.split(':')[0]),
    )
    expect(lines).toEqual([3, 5, 6, 7, 8, 9, 10, 10])
  })

  it('keeps a comment from being ended by a text', () => {
    const tool = defineTool({
      ...localCall,
      name: 'sample.look',
      title: 'Look */',
      doc: 'Looks */ export const x = 1',
      input: z.strictObject({ 'odd name': z.string().describe('*/') }),
      output: z.record(z.string(), z.int()),
      run: async () => ({}),
      describe: () => 'Looked',
    })
    const text = moduleDeclaration('tools/sample', [tool])
    expect(text.match(/\*\//g)).toHaveLength(2)
    expect(text).toContain('"odd name": string')
    expect(text).toContain('Promise<{ [key: string]: number }>')
  })
})

describe('a type text', () => {
  const cases: [schema: Parameters<typeof typeText>[0], text: string][] = [
    [true, 'Json'],
    [{}, 'Json'],
    [{ const: 'a' }, '"a"'],
    [{ enum: ['a', 2] }, '"a" | 2'],
    [{ anyOf: [{ type: 'string' }, { type: 'null' }] }, 'string | null'],
    [{ type: ['string', 'number', 'null'] }, 'string | number | null'],
    [{ type: 'array', items: { type: ['string', 'null'] } }, '(string | null)[]'],
    [{ type: 'array', items: { enum: ['a', 'b'] } }, '("a" | "b")[]'],
    [{ type: 'array', prefixItems: [{ type: 'string' }, { type: 'integer' }] }, '[string, number]'],
    [
      { allOf: [{ anyOf: [{ type: 'string' }, { type: 'null' }] }, { type: 'string' }] },
      '(string | null) & string',
    ],
    [{ type: 'object', additionalProperties: false }, 'Record<string, never>'],
    [
      { type: 'object', properties: { a: {} }, required: ['a'], additionalProperties: {} },
      '{ a: Json; [key: string]: any }',
    ],
    [{ $ref: '#' }, 'Json'],
  ]
  it.each(cases)('of %j', (schema, text) => {
    expect(typeText(schema, 'input')).toBe(text)
  })
})
