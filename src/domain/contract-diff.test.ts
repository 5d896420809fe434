import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { contractDiff } from './contract-diff.ts'
import type { ClauseChange } from './contract-diff.ts'
import { contractSchema } from './contract.ts'
import { contractOf } from '../../test/support/policy-sample.ts'

type Parts = Parameters<typeof contractOf>[0]

const diffOf = (before: Parts, after: Parts): ClauseChange[] =>
  contractDiff(contractOf(before), contractOf(after))
const inShort = (changes: readonly ClauseChange[]): string[] =>
  changes.map(({ clause, effect }) => `${effect} ${clause}`)

describe('what a diff says', () => {
  it('P3 shows what grants more first, in the words of the contract', () => {
    const before = {
      title: 'Tidy',
      reads: { hosts: ['news.example.com'], paths: ['/home/ada/in'] },
      changes: [{ tool: 'files.move', paths: ['/home/ada/in'], approval: 'always' }],
    }
    const after = {
      title: 'Tidy up',
      reads: { hosts: ['*.shop.example'], paths: ['/home/ada/in'] },
      changes: [{ tool: 'files.move', paths: ['/home/ada/in', '/home/ada/out'], approval: 'first-time' }],
      never: { paths: ['/home/ada/in/keep'] },
      budget: { actionsPerRun: 10 },
    }
    expect(diffOf(before, after)).toEqual([
      {
        clause: 'reads.hosts',
        heading: 'Reads',
        effect: 'widened',
        before: null,
        after: 'Every subdomain of shop.example',
      },
      {
        clause: 'changes[0]',
        heading: 'Changes',
        effect: 'widened',
        before: 'files.move in /home/ada/in: asks every time',
        after: 'files.move in /home/ada/in, /home/ada/out: asks the first time for each place',
      },
      {
        clause: 'reads.hosts',
        heading: 'Reads',
        effect: 'narrowed',
        before: 'news.example.com',
        after: null,
      },
      {
        clause: 'never.paths',
        heading: 'Never',
        effect: 'narrowed',
        before: null,
        after: 'Touches /home/ada/in/keep',
      },
      {
        clause: 'budget.actionsPerRun',
        heading: 'Budget',
        effect: 'narrowed',
        before: '100 changes per run',
        after: '10 changes per run',
      },
      { clause: 'title', heading: 'Title', effect: 'changed', before: 'Tidy', after: 'Tidy up' },
    ])
  })

  const move = (parts: object) => ({ tool: 'files.move', paths: ['/a'], approval: 'never', ...parts })

  it.each<[what: string, before: Parts, after: Parts, expected: string[]]>([
    [
      'a clause that asks and stood beside one that does not',
      { changes: [move({}), move({ approval: 'always' })] },
      { changes: [move({})] },
      ['widened changes[1]'],
    ],
    [
      'a clause more that asks',
      { changes: [move({})] },
      { changes: [move({}), move({ approval: 'always' })] },
      ['narrowed changes[1]'],
    ],
    [
      'a clause more that another covers',
      { changes: [move({})] },
      { changes: [move({}), move({ paths: ['/a/b'] })] },
      ['changed changes[1]'],
    ],
    [
      'two places that were apart, together',
      { changes: [move({ paths: ['/a'] }), move({ paths: ['/b'] })] },
      { changes: [move({ paths: ['/a', '/b'] })] },
      ['widened changes[0]', 'changed changes[1]'],
    ],
    [
      'a smaller number before it asks',
      { changes: [move({ approval: 'above', above: 5 })] },
      { changes: [move({ approval: 'above', above: 2 })] },
      ['narrowed changes[0]'],
    ],
    [
      'a place that may be read because it may be changed',
      { reads: {}, changes: [move({})] },
      { reads: { paths: ['/a/b'] }, changes: [move({})] },
      ['changed reads.paths'],
    ],
    [
      'a place that is never touched, below another',
      { never: { paths: ['/a', '/a/b'] } },
      { never: { paths: ['/a'] } },
      ['changed never.paths'],
    ],
    [
      'a flow from more places',
      { flows: [{ from: '*.shop.example', to: [] }] },
      { flows: [{ from: 'eu.shop.example', to: [] }] },
      ['widened flows[0]', 'narrowed flows[0]'],
    ],
    [
      'a flow to fewer places',
      { flows: [{ from: 'news.example.com', to: ['a.com', '@b.com'] }] },
      { flows: [{ from: 'news.example.com', to: ['x@b.com'] }] },
      ['narrowed flows[0]'],
    ],
    [
      'windows that overlap',
      { windows: [{ from: '08:00', to: '10:00' }] },
      { windows: [{ from: '09:00', to: '11:00' }] },
      ['widened windows'],
    ],
    [
      'the same windows, written otherwise',
      { windows: [{ from: '22:00', to: '02:00' }] },
      {
        windows: [
          { from: '22:00', to: '00:00' },
          { from: '00:00', to: '02:00' },
        ],
      },
      ['changed windows'],
    ],
    [
      'another zone for the same windows',
      { windows: [{ from: '08:00', to: '10:00' }] },
      { windows: [{ from: '08:00', to: '10:00' }], zone: 'Asia/Tokyo' },
      ['widened zone'],
    ],
    ['another zone without windows', {}, { zone: 'Asia/Tokyo' }, ['changed zone']],
    [
      'a trigger more and one that looks more often',
      { when: [{ kind: 'interval', everyMs: 60_000 }] },
      { when: [{ kind: 'interval', everyMs: 30_000 }, { kind: 'manual' }] },
      ['widened when[0]', 'widened when[1]'],
    ],
    [
      'a webhook that anybody may call',
      { when: [{ kind: 'webhook', mostPerMinute: 5 }] },
      { when: [{ kind: 'webhook', mostPerMinute: 4, verify: 'address' }] },
      ['widened when[0]'],
    ],
    [
      'checks that let more pass as done',
      {
        done: [
          { kind: 'effects-at-most', tool: 'files.move', count: 3 },
          { kind: 'file-exists', path: '/home/ada/in/a', notEmpty: true },
          { kind: 'script-verifies' },
        ],
      },
      {
        done: [
          { kind: 'effects-at-most', tool: 'files.move', count: 4 },
          { kind: 'file-exists', path: '/home/ada/in/a' },
          { kind: 'result-has', field: 'x' },
        ],
      },
      ['widened done[0]', 'widened done[1]', 'widened done[2]', 'narrowed done[2]'],
    ],
    [
      'the order of what is listed',
      { uses: ['tools/http', 'tools/llm'] },
      { uses: ['tools/llm', 'tools/http'] },
      [],
    ],
  ])('P3 %s', (_what, before, after, expected) => {
    expect(inShort(diffOf(before, after))).toEqual(expected)
  })

  it('P3 what words leave out is said as it is written', () => {
    const files = { kind: 'files', folder: '/home/ada/in' }
    expect(diffOf({ when: [files] }, { when: [{ ...files, settleMs: 5_000 }] })).toMatchObject([
      { effect: 'changed', after: expect.stringContaining('(settleMs 5000)') as string },
    ])
  })
})

describe('what a diff covers', () => {
  const base = contractOf()
  const [http, move, mail] = base.changes
  const trigger = (spec: object) => ({ when: [spec] })
  const webhook = { kind: 'webhook', verify: 'hub' }
  const feed = { kind: 'feed', url: 'https://news.example.com/f' }
  const page = { kind: 'page', url: 'https://news.example.com/p' }
  const files = { kind: 'files', folder: '/home/ada/in' }
  const change = (parts: object) => ({ changes: [{ ...http, ...parts }, move, mail] })
  const above = (above: number) => change({ approval: 'above', above })
  const check = (spec: object) => ({ done: [spec] })
  const effects = { kind: 'effects-at-most', tool: 'files.move', count: 2 }
  const least = { ...effects, kind: 'effects-at-least' }
  const settled = { kind: 'items-settled', each: 'mail', maxSetAside: 1 }

  /** Per field of a contract: two contracts between which only it differs. */
  const FIELDS: Readonly<Record<string, [before: Parts, after: Parts] | null>> = {
    // There is one value, and another one would be another schema.
    schema: null,
    title: [{}, { title: 'Other' }],
    promise: [{}, { promise: 'Other.' }],
    zone: [{}, { zone: 'Asia/Tokyo' }],
    when: [{}, { when: [] }],
    'when.interval.everyMs': [
      trigger({ kind: 'interval', everyMs: 1_000 }),
      trigger({ kind: 'interval', everyMs: 2_000 }),
    ],
    'when.cron.expression': [
      trigger({ kind: 'cron', expression: '0 8 * * *' }),
      trigger({ kind: 'cron', expression: '0 9 * * *' }),
    ],
    'when.cron.zone': [
      trigger({ kind: 'cron', expression: '0 8 * * *' }),
      trigger({ kind: 'cron', expression: '0 8 * * *', zone: 'Asia/Tokyo' }),
    ],
    'when.once.local': [
      trigger({ kind: 'once', local: '2026-03-29T08:00' }),
      trigger({ kind: 'once', local: '2026-03-29T08:01' }),
    ],
    'when.once.zone': [
      trigger({ kind: 'once', local: '2026-03-29T08:00' }),
      trigger({ kind: 'once', local: '2026-03-29T08:00', zone: 'Asia/Tokyo' }),
    ],
    'when.event.topic': [trigger({ kind: 'event', topic: 'a' }), trigger({ kind: 'event', topic: 'b' })],
    'when.webhook.name': [trigger(webhook), trigger({ ...webhook, name: 'b' })],
    'when.webhook.verify': [trigger(webhook), trigger({ ...webhook, verify: 'signed' })],
    'when.webhook.connection': [trigger(webhook), trigger({ ...webhook, connection: 'b' })],
    'when.webhook.mostPerMinute': [trigger(webhook), trigger({ ...webhook, mostPerMinute: 7 })],
    'when.files.folder': [trigger(files), trigger({ ...files, folder: '/home/ada/in/x' })],
    'when.files.match': [trigger(files), trigger({ ...files, match: '*.pdf' })],
    'when.files.recursive': [trigger(files), trigger({ ...files, recursive: true })],
    'when.files.on': [trigger(files), trigger({ ...files, on: ['created'] })],
    'when.files.settleMs': [trigger(files), trigger({ ...files, settleMs: 7 })],
    'when.files.everyMs': [trigger(files), trigger({ ...files, everyMs: 7_000 })],
    'when.files.existing': [trigger(files), trigger({ ...files, existing: 'process' })],
    'when.feed.url': [trigger(feed), trigger({ ...feed, url: 'https://news.example.com/f?a=1' })],
    'when.feed.everyMs': [trigger(feed), trigger({ ...feed, everyMs: 70_000 })],
    'when.feed.existing': [trigger(feed), trigger({ ...feed, existing: 'process' })],
    'when.page.url': [trigger(page), trigger({ ...page, url: 'https://news.example.com/p?a=1' })],
    'when.page.selector': [trigger(page), trigger({ ...page, selector: 'p' })],
    'when.page.without': [trigger(page), trigger({ ...page, without: 'p' })],
    'when.page.everyMs': [trigger(page), trigger({ ...page, everyMs: 70_000 })],
    'when.page.existing': [trigger(page), trigger({ ...page, existing: 'process' })],
    catchUp: [{}, { catchUp: 'all' }],
    uses: [{}, { uses: [] }],
    'reads.hosts': [{}, { reads: { ...base.reads, hosts: [] } }],
    'reads.paths': [{}, { reads: { ...base.reads, paths: ['/home/ada/elsewhere'] } }],
    'reads.accounts': [{}, { reads: { ...base.reads, accounts: [] } }],
    changes: [{}, { changes: [] }],
    'changes.tool': [{}, change({ tool: 'http.fetch' })],
    'changes.hosts': [{}, change({ hosts: [] })],
    'changes.methods': [{}, change({ methods: ['POST'] })],
    'changes.paths': [{}, change({ paths: ['/a'] })],
    'changes.recipients': [{}, change({ recipients: ['@a.com'] })],
    'changes.accounts': [{}, change({ accounts: ['ada'] })],
    'changes.approval': [{}, change({ approval: 'first-time' })],
    'changes.above': [above(1), above(2)],
    'changes.honoursKeyForMs': [{}, change({ honoursKeyForMs: 5_000 })],
    'never.hosts': [{}, { never: { hosts: ['a.com'] } }],
    'never.paths': [{}, { never: { paths: ['/a'] } }],
    'never.recipients': [{}, { never: { recipients: ['@a.com'] } }],
    'never.tools': [{}, { never: { tools: ['a.b'] } }],
    windows: [{}, { windows: [{ from: '08:00', to: '09:00' }] }],
    'windows.from': [
      { windows: [{ from: '08:00', to: '09:00' }] },
      { windows: [{ from: '08:01', to: '09:00' }] },
    ],
    'windows.to': [
      { windows: [{ from: '08:00', to: '09:00' }] },
      { windows: [{ from: '08:00', to: '09:01' }] },
    ],
    'windows.days': [
      { windows: [{ from: '08:00', to: '09:00' }] },
      { windows: [{ from: '08:00', to: '09:00', days: [1] }] },
    ],
    flows: [{}, { flows: [{ from: 'a.com', to: [] }] }],
    'flows.from': [{ flows: [{ from: 'a.com', to: [] }] }, { flows: [{ from: 'b.com', to: [] }] }],
    'flows.to': [{ flows: [{ from: 'a.com', to: [] }] }, { flows: [{ from: 'a.com', to: ['b.com'] }] }],
    outsideContent: [{}, { outsideContent: 'ask' }],
    models: [{}, { models: true }],
    notifies: [{}, { notifies: false }],
    urgent: [{}, { urgent: true }],
    publishes: [{}, { publishes: ['a'] }],
    items: [{}, { items: { mail: 'its number' } }],
    done: [{}, check(settled)],
    'done.file-exists.path': [
      check({ kind: 'file-exists', path: '/home/ada/in/a' }),
      check({ kind: 'file-exists', path: '/home/ada/in/b' }),
    ],
    'done.file-exists.notEmpty': [
      check({ kind: 'file-exists', path: '/home/ada/in/a' }),
      check({ kind: 'file-exists', path: '/home/ada/in/a', notEmpty: true }),
    ],
    'done.result-has.field': [
      check({ kind: 'result-has', field: 'a' }),
      check({ kind: 'result-has', field: 'b' }),
    ],
    'done.effects-at-least.tool': [check(least), check({ ...least, tool: 'mail.send' })],
    'done.effects-at-least.count': [check(least), check({ ...least, count: 3 })],
    'done.effects-at-most.tool': [check(effects), check({ ...effects, tool: 'mail.send' })],
    'done.effects-at-most.count': [check(effects), check({ ...effects, count: 3 })],
    'done.items-settled.each': [check(settled), check({ ...settled, each: 'b' })],
    'done.items-settled.maxSetAside': [check(settled), check({ ...settled, maxSetAside: 2 })],
    'budget.actionsPerRun': [{}, { budget: { ...base.budget, actionsPerRun: 7 } }],
    'budget.actionsPerHour': [{}, { budget: { ...base.budget, actionsPerHour: 7 } }],
    'budget.actionsPerDay': [{}, { budget: { ...base.budget, actionsPerDay: 7 } }],
    'budget.callsPerRun': [{}, { budget: { ...base.budget, callsPerRun: 7 } }],
    'budget.costPerRunMicros': [{}, { budget: { ...base.budget, costPerRunMicros: 7 } }],
    'budget.costPerDayMicros': [{}, { budget: { ...base.budget, costPerDayMicros: 7 } }],
    'limits.cpuMs': [{}, { limits: { cpuMs: 77 } }],
    'limits.wallMs': [{}, { limits: { wallMs: 777 } }],
    'limits.memoryMb': [{}, { limits: { memoryMb: 77 } }],
    'limits.bytesPerCall': [{}, { limits: { bytesPerCall: 7_777 } }],
    'queue.concurrency': [{}, { queue: { concurrency: 7 } }],
    'queue.capacity': [{}, { queue: { capacity: 7 } }],
    approvalExpiresMs: [{}, { approvalExpiresMs: 77_000 }],
    maxCauseDepth: [{}, { maxCauseDepth: 7 }],
  }

  it('P3 knows every field that a contract can have', () => {
    const known = Object.keys(FIELDS)
    const fields = fieldsOf(z.toJSONSchema(contractSchema, { io: 'input', unrepresentable: 'any' }) as Schema)
    expect(fields.length).toBeGreaterThan(70)
    expect(fields.filter(field => !known.includes(field))).toEqual([])
  })

  it.each(
    Object.entries(FIELDS).flatMap(([field, pair]) => (pair === null ? [] : [[field, ...pair] as const])),
  )('P3 %s: a difference in it is told', (field, before, after) => {
    const [clause = ''] = field.split('.')
    for (const found of [diffOf(before, after), diffOf(after, before)]) {
      expect(found.length).toBeGreaterThan(0)
      for (const entry of found) {
        expect(entry.clause.startsWith(clause)).toBe(true)
        expect(entry.before).not.toEqual(entry.after)
      }
    }
  })
})

interface Schema {
  properties?: Record<string, Schema>
  items?: Schema
  oneOf?: Schema[]
  anyOf?: Schema[]
  const?: unknown
}

/** Every field, with the kind of what it is a field of where there are several. */
function fieldsOf(schema: Schema, at: readonly string[] = []): string[] {
  if (schema.items !== undefined) return [at.join('.'), ...fieldsOf(schema.items, at)]
  const kinds = schema.oneOf ?? schema.anyOf
  if (kinds !== undefined) {
    return kinds.flatMap(kind => fieldsOf(kind, [...at, String(kind.properties?.['kind']?.const)]))
  }
  if (schema.properties === undefined) return at.at(-1) === 'kind' ? [] : [at.join('.')]
  const inside = Object.entries(schema.properties).flatMap(([name, field]) => fieldsOf(field, [...at, name]))
  return [...new Set(inside)]
}
