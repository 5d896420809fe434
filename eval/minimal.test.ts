/** A contract that is wider than what is wanted is found out, whichever of its clauses it is in. */
import { expect, it } from 'vitest'
import { contractSchema } from '../src/domain/contract.ts'
import type { ContractInput } from '../src/domain/contract.ts'
import type { KeptTruth } from './intent.ts'
import { tooWideOrNarrow } from './minimal.ts'

const HOST = 'a.example'
const TRUTH: KeptTruth = {
  is: 'kept',
  when: [{ text: 'each hour', fits: ({ kind }) => kind === 'interval' }],
  reads: { hosts: [HOST] },
  changes: [{ tools: ['http.post', 'http.request'], hosts: [HOST] }],
  outsideContent: 'ask',
  effects: [],
}
const LEAST: ContractInput = {
  schema: 1,
  title: 'Posts',
  promise: 'Posts what is new.',
  zone: 'UTC',
  when: [{ kind: 'interval', everyMs: 3_600_000 }],
  uses: ['tools/http'],
  reads: { hosts: [HOST] },
  changes: [{ tool: 'http.post', hosts: [HOST], methods: ['POST'], approval: 'always' }],
  outsideContent: 'ask',
  notifies: false,
}

function found(more: Partial<ContractInput>, truth: Partial<KeptTruth> = {}): string[] {
  const contract = contractSchema.parse({ ...LEAST, ...more })
  return tooWideOrNarrow(contract, `import { post } from 'tools/http'`, { ...TRUTH, ...truth })
}

const sends = (more: Partial<NonNullable<ContractInput['changes']>[number]>): Partial<ContractInput> => ({
  changes: [{ tool: 'http.post', hosts: [HOST], methods: ['POST'], approval: 'always', ...more }],
})

it('P3 the least contract is found to be it', () => {
  expect(found({})).toEqual([])
})

it.each<[clause: string, more: Partial<ContractInput>, says: string]>([
  ['hosts', { reads: { hosts: [HOST, 'b.example'] } }, 'reads the host b.example'],
  ['places', sends({ hosts: [HOST, 'b.example'] }), 'may http.post at b.example'],
  ['accounts', sends({ accounts: ['chief'] }), 'may http.post at chief'],
  ['methods', sends({ methods: ['POST', 'DELETE'] }), 'may http.post with DELETE'],
  ['approval', sends({ approval: 'never' }), 'does not always ask before http.post'],
  [
    'keys',
    sends({ honoursKeyForMs: 3_600_000 }),
    'may repeat http.post by a key that nobody knows to be honoured',
  ],
  [
    'money',
    { budget: { costPerRunMicros: 10, costPerDayMicros: 10 } },
    'allows itself costPerRunMicros of 10, not 0',
  ],
  ['calls', { budget: { callsPerRun: 100_000 } }, 'allows itself callsPerRun of 100000, not 10000'],
  ['actions', { budget: { actionsPerDay: 90_000 } }, 'allows itself actionsPerDay of 90000, not 2000'],
  ['flows to models', { flows: [{ from: HOST, to: ['models'] }] }, `lets ${HOST} flow to models`],
  ['flows', { flows: [{ from: HOST, to: [HOST, 'b.example'] }] }, `lets ${HOST} flow to b.example`],
  ['notifications', { notifies: true }, 'may notify'],
  ['models', { models: true }, 'may ask models'],
  ['outside content', { outsideContent: 'allow' }, 'lets outside content lead to changes without “ask”'],
])('P3 what is wider than wanted is named: %s', (_clause, more, says) => {
  expect(found(more)).toContain(says)
})

it('P3 any method of a request that names none is more than POST', () => {
  const clause = { tool: 'http.request', hosts: [HOST], approval: 'always' as const }
  expect(found({ changes: [clause] })).toEqual([
    'may http.request with PUT',
    'may http.request with PATCH',
    'may http.request with DELETE',
  ])
})

it('P3 what is wanted is not too wide', () => {
  const wanted = [{ tools: ['http.post'], hosts: [HOST], methods: ['PUT'], accounts: ['chief'], asks: false }]
  const wide = sends({ methods: ['PUT'], accounts: ['chief'], approval: 'never' })
  expect(found(wide, { changes: wanted })).toEqual([])
  const models: Partial<ContractInput> = {
    models: true,
    flows: [{ from: HOST, to: ['models', HOST] }],
    budget: { costPerRunMicros: 50_000, costPerDayMicros: 500_000 },
  }
  expect(found(models, { models: true })).toEqual([])
  expect(
    found({ ...models, budget: { costPerRunMicros: 1e12, costPerDayMicros: 1e12 } }, { models: true }),
  ).toEqual([
    'allows itself costPerRunMicros of 1000000000000, not 1000000',
    'allows itself costPerDayMicros of 1000000000000, not 5000000',
  ])
})
