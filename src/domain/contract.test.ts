import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { contractIssues, parseContract } from './contract-check.ts'
import { contractText, describeClause } from './contract-text.ts'
import { contractSchema } from './contract.ts'
import type { ContractInput } from './contract.ts'
import { contractOf } from '../../test/support/policy-sample.ts'

const SMALLEST: ContractInput = {
  schema: 1,
  title: 'Watch',
  promise: 'Looks at a page.',
  zone: 'Europe/Berlin',
  when: [{ kind: 'interval', everyMs: 60_000 }],
  uses: ['tools/http'],
  reads: { hosts: ['example.com'] },
}

function refusalOf(json: unknown): string {
  const answer = parseContract(json)
  return answer.ok ? '' : answer.failure.message
}

describe('reading a contract', () => {
  it('P2 reads back what it wrote, defaults included', () => {
    const once = contractSchema.parse(SMALLEST)
    expect(contractSchema.parse(JSON.parse(JSON.stringify(once)))).toEqual(once)
    expect(parseContract(SMALLEST)).toEqual({ ok: true, contract: once })
  })

  it('P2 refuses unknown keys anywhere, so that no misspelt limit is a missing limit', () => {
    expect(refusalOf({ ...SMALLEST, budjet: {} })).toContain('“budjet”')
    expect(refusalOf({ ...SMALLEST, budget: { actionsPerDai: 1 } })).toContain(
      'budget: does not know “actionsPerDai”',
    )
    expect(refusalOf({ ...SMALLEST, never: { host: [] } })).toContain('never: does not know “host”')
  })

  it('P2 names every problem at once, each with its path', () => {
    const message = refusalOf({
      ...SMALLEST,
      title: undefined,
      zone: 'Mars/Olympus',
      uses: ['http'],
      reads: { hosts: ['Example.com'], paths: [] },
      when: [{ kind: 'interval', everyMs: 1 }],
    })
    for (const path of [
      'title: is missing',
      'zone: ',
      'uses[0]: ',
      'reads.hosts[0]: ',
      'when[0].everyMs: ',
    ]) {
      expect(message).toContain(path)
    }
    expect(message).toContain('5 reasons')
    expect(message).toContain('nothing was changed')
  })

  it('P2 gives a typed failure for anything at all', () => {
    fc.assert(
      fc.property(fc.jsonValue(), json => {
        const answer = parseContract(json)
        expect(answer.ok || answer.failure.kind === 'invalid-input').toBe(true)
      }),
    )
    for (const odd of [undefined, null, 1, 'text', [], () => 1]) expect(parseContract(odd).ok).toBe(false)
  })

  it('P2 limits that are left out follow those that are given', () => {
    const { budget } = contractSchema.parse({
      ...SMALLEST,
      budget: { actionsPerDay: 20, costPerDayMicros: 5 },
    })
    expect(budget).toMatchObject({
      actionsPerRun: 20,
      actionsPerHour: 20,
      actionsPerDay: 20,
      costPerRunMicros: 5,
    })
    const large = contractSchema.parse({ ...SMALLEST, budget: { actionsPerRun: 5_000 } })
    expect(contractIssues(large)).toEqual([])
  })
})

describe('contracts that make no sense', () => {
  const changes = (parts: object) => ({
    changes: [{ tool: 'files.move', paths: ['/a'], approval: 'never', ...parts }],
  })

  it.each<[problem: string, parts: Parameters<typeof contractOf>[0], issue: string]>([
    [
      'a run above a day',
      { budget: { actionsPerRun: 10, actionsPerDay: 5, actionsPerHour: 5 } },
      'budget.actionsPerRun',
    ],
    ['an hour above a day', { budget: { actionsPerHour: 10, actionsPerDay: 5 } }, 'budget.actionsPerHour'],
    [
      'a cost per run above a day',
      { budget: { costPerRunMicros: 2, costPerDayMicros: 1 } },
      'budget.costPerRunMicros',
    ],
    ['no changes allowed', { budget: { actionsPerDay: 0 } }, 'budget.actionsPerRun: is 0'],
    ['above without a number', changes({ approval: 'above' }), 'changes[0].above: is missing'],
    ['a number without above', changes({ above: 3 }), 'changes[0].above: has no meaning'],
    ['a key without hosts', changes({ honoursKeyForMs: 5_000 }), 'changes[0].honoursKeyForMs'],
    ['a tool that is not in use', changes({ tool: 'sheets.append' }), 'changes[0].tool: is of a module'],
    ['a tool that is never used', { never: { tools: ['mail.send'] } }, 'changes[2].tool: is both'],
    ['a relative path', { reads: { paths: ['in'] } }, 'reads.paths[0]: is not an absolute path'],
    ['a path with ..', changes({ paths: ['/a/../b'] }), 'changes[0].paths[0]: is not an absolute path'],
    ['a never that is relative', { never: { paths: ['~/keep'] } }, 'never.paths[0]: is not an absolute path'],
    ['a usual port', { never: { hosts: ['evil.com:443'] } }, 'never.hosts[0]: names a usual port'],
    ['an address in disguise', { never: { hosts: ['0x7f.1'] } }, 'never.hosts[0]: is written “127.0.0.1”'],
    ['a long IPv6', { never: { hosts: ['[0:0:0:0:0:0:0:1]'] } }, 'never.hosts[0]: is written “[::1]”'],
    ['subdomains of an address', { reads: { hosts: ['*.127.0.0.1'] } }, 'reads.hosts[0]: is an address'],
    ['a window of no length', { windows: [{ from: '08:00', to: '08:00' }] }, 'windows[0]: opens and closes'],
    ['a flow from nowhere', { flows: [{ from: 'other.com', to: [] }] }, 'flows[0].from: is nothing'],
    [
      'a check of an unknown tool',
      { done: [{ kind: 'effects-at-most', tool: 'x.y', count: 1 }] },
      'done[0].tool',
    ],
    [
      'a check beyond the budget',
      { done: [{ kind: 'effects-at-least', tool: 'files.move', count: 101 }] },
      'done[0].count',
    ],
    [
      'a check of unknown items',
      { done: [{ kind: 'items-settled', each: 'x', maxSetAside: 0 }] },
      'done[0].each',
    ],
    [
      'a check of a file out of sight',
      { done: [{ kind: 'file-exists', path: '/etc/x' }] },
      'done[0].path: is not among',
    ],
    [
      'a check of a relative file',
      { done: [{ kind: 'file-exists', path: 'x' }] },
      'done[0].path: is not an absolute',
    ],
    ['never everything', { never: { paths: ['/'] } }, 'changes[1].paths[0]: is wholly under never.paths'],
    [
      'never the only host',
      { never: { hosts: ['*.example.com'] } },
      'changes[0].hosts[0]: is wholly under never.hosts',
    ],
    [
      'never the recipients',
      { never: { recipients: ['@example.com'] } },
      'changes[2].recipients[0]: is wholly under',
    ],
  ])('P2 %s is refused with its path', (_problem, parts, issue) => {
    const contract = contractOf(parts)
    expect(contractIssues(contract).filter(found => found.startsWith(issue))).toHaveLength(1)
    expect(refusalOf(JSON.parse(JSON.stringify(contract)))).toContain(issue)
  })

  it('P2 two checks that exclude each other are refused', () => {
    const done = [
      { kind: 'effects-at-least', tool: 'files.move', count: 5 },
      { kind: 'effects-at-most', tool: 'files.move', count: 4 },
    ]
    expect(contractIssues(contractOf({ done }))).toHaveLength(1)
  })

  it('P2 a sensible contract has no issues', () => {
    expect(contractIssues(contractOf())).toEqual([])
    const never = { hosts: ['evil.com'], paths: ['/home/ada/in/keep'], recipients: ['bo@example.com'] }
    expect(
      contractIssues(contractOf({ never, flows: [{ from: 'a.shop.example', to: ['models'] }] })),
    ).toEqual([])
  })
})

describe('a contract in words', () => {
  it('has the seven clauses in their order, none of them empty', () => {
    const sections = contractText(contractOf())
    expect(sections.map(({ heading }) => heading)).toEqual([
      'When',
      'Reads',
      'Changes',
      'Never',
      'Asks you first',
      'Done when',
      'Budget',
    ])
    expect(sections.every(({ lines }) => lines.length > 0)).toBe(true)
  })

  /** One more or other power or limit each; a person who reads the words must be able to see it. */
  it.each<[field: string, parts: Parameters<typeof contractOf>[0]]>([
    ['zone', { zone: 'Asia/Tokyo' }],
    ['when', { when: [{ kind: 'interval', everyMs: 90_000 }] }],
    ['when at a time', { when: [{ kind: 'once', local: '2026-05-01T08:00:00' }] }],
    ['when by cron', { when: [{ kind: 'cron', expression: '0 8 * * 1-5' }] }],
    ['when by event', { when: [{ kind: 'event', topic: 'invoice-filed' }] }],
    ['uses', { uses: ['tools/http', 'tools/files', 'tools/mail'] }],
    ['reads', { reads: { hosts: ['other.example'] } }],
    ['changes', { changes: [] }],
    ['methods', { changes: [{ tool: 'http.request', methods: ['DELETE'], approval: 'never' }] }],
    ['approval', { changes: [{ tool: 'http.request', approval: 'above', above: 5 }] }],
    ['accounts', { changes: [{ tool: 'http.request', accounts: ['ada'], approval: 'always' }] }],
    [
      'keys',
      {
        changes: [{ tool: 'http.request', hosts: ['a.b'], honoursKeyForMs: 86_400_000, approval: 'always' }],
      },
    ],
    ['never', { never: { hosts: ['evil.com'] } }],
    ['windows', { windows: [{ from: '08:00', to: '18:00', days: [1, 2] }] }],
    ['flows', { flows: [{ from: 'news.example.com', to: ['/home/ada/out'] }] }],
    ['outsideContent ask', { outsideContent: 'ask' }],
    ['outsideContent deny', { outsideContent: 'deny' }],
    ['models', { models: true }],
    ['notifies', { notifies: false }],
    ['urgent', { urgent: true }],
    ['publishes', { publishes: ['done'] }],
    ['items', { items: { invoice: 'the id of the mail' } }],
    ['done', { done: [{ kind: 'result-has', field: 'total' }] }],
    ['actions', { budget: { actionsPerDay: 7 } }],
    ['calls', { budget: { callsPerRun: 77 } }],
    ['costs', { budget: { costPerDayMicros: 1_250_000 } }],
    ['limits', { limits: { cpuMs: 20_000 } }],
    ['memory', { limits: { memoryMb: 32 } }],
    ['queue', { queue: { concurrency: 3 } }],
    ['causes', { maxCauseDepth: 3 }],
  ])('P3 a change of %s can be read', (_field, parts) => {
    expect(contractText(contractOf(parts))).not.toEqual(contractText(contractOf()))
  })

  it('P3 says amounts as people do', () => {
    const words = JSON.stringify(
      contractText(contractOf({ budget: { costPerDayMicros: 1_250_000, callsPerRun: 12_345 } })),
    )
    for (const part of ['$1.25 per day', '12,345 calls', '30 minutes', '7 days'])
      expect(words).toContain(part)
    expect(JSON.stringify(contractText(contractOf({ budget: { costPerDayMicros: 5 } })))).toContain(
      '$0.000005',
    )
    expect(JSON.stringify(contractText(contractOf()))).toContain('$0.00 per run')
  })

  it('P6 shows nothing that hides or rearranges text', () => {
    const path = '/home/\u202eada\u001b[31m'
    const words = JSON.stringify(
      contractText(contractOf({ reads: { paths: [path] }, never: { paths: [path] } })),
    )
    expect(words).not.toMatch(/\\u001b|\u202e/)
  })

  it('P1 every clause that decisions cite has words', () => {
    const contract = contractOf({
      done: [{ kind: 'script-verifies' }],
      flows: [{ from: 'a', to: [] }],
      windows: [{ from: '08:00', to: '09:00' }],
    })
    const clauses = [
      ...[
        'uses',
        'models',
        'notifies',
        'windows',
        'outsideContent',
        'done',
        'done[0]',
        'flows[0]',
        'changes',
      ],
      ...['changes[0]', 'changes[2]', 'reads.hosts', 'reads.paths', 'never.hosts', 'never.tools', 'budget'],
      ...Object.keys(contract.budget).map(field => `budget.${field}`),
    ]
    for (const clause of clauses) {
      expect(describeClause(contract, clause)).not.toBe(clause)
      expect(describeClause(contract, clause).length).toBeGreaterThan(5)
    }
    expect(describeClause(contract, 'changes[2]')).toContain('asks the first time')
    for (const nothing of ['changes[9]', 'nonsense', ''])
      expect(describeClause(contract, nothing)).toBe(nothing)
  })
})
