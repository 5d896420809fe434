/** Pairs of contracts that differ in a few clauses, and calls that fall inside, between and outside of them. */
import fc from 'fast-check'
import type { Contract, ContractInput } from '../../src/domain/contract.ts'
import type { PolicyCall, PolicyInput } from '../../src/domain/policy.ts'
import { callOf, contractOf, NOW, UNUSED } from './policy-sample.ts'

const host = fc.constantFrom('a.com', 'b.com', 'x.a.com', '*.a.com', '*.x.a.com', 'a.com:8080')
const root = fc.constantFrom('/a', '/a/b', '/A/b', '/c')
const recipient = fc.constantFrom('@e.com', 'bo@e.com', 'Bo@e.com', '@s.e.com')
const account = fc.constantFrom('ada', 'bo')
const few = <T>(entry: fc.Arbitrary<T>) => fc.array(entry, { maxLength: 2 })
const seldom = <T>(entry: fc.Arbitrary<T>) => fc.oneof({ weight: 4, arbitrary: fc.constant([]) }, few(entry))
const approval = fc.constantFrom(
  { approval: 'always' as const },
  { approval: 'first-time' as const },
  { approval: 'never' as const },
  { approval: 'above' as const, above: 0 },
  { approval: 'above' as const, above: 3 },
)
const TOOLS = ['http.request', 'files.move', 'mail.send'] as const
const clause = fc
  .tuple(
    fc.record(
      {
        tool: fc.constantFrom(...TOOLS),
        hosts: few(host),
        paths: few(root),
        recipients: few(recipient),
        accounts: few(account),
        methods: fc.subarray(['POST' as const, 'DELETE' as const]),
        honoursKeyForMs: fc.constantFrom(5_000, 60_000),
      },
      { requiredKeys: ['tool'] },
    ),
    approval,
  )
  .map(([parts, asks]) => ({ ...parts, ...asks }))
const flow = fc.record({
  from: fc.constantFrom('a.com', '*.a.com', '/a', '/a/b'),
  to: few(fc.constantFrom('a.com', 'b.com', '*.a.com', '/a/b', 'e.com', '@e.com', 'models')),
})
const limit = fc.constantFrom(1, 3, 10, 100)

type Parts = { [K in keyof ContractInput]: fc.Arbitrary<unknown> }

const parts: Partial<Parts> = {
  zone: fc.constantFrom('Europe/Berlin', 'America/New_York'),
  uses: fc.subarray(['tools/http', 'tools/files', 'tools/mail', 'tools/notify', 'tools/llm'], {
    minLength: 3,
  }),
  reads: fc.record({ hosts: few(host), paths: few(root), accounts: few(account) }),
  changes: fc.array(clause, { maxLength: 3 }),
  never: fc.record({
    hosts: seldom(host),
    paths: seldom(root),
    recipients: seldom(recipient),
    tools: seldom(fc.constantFrom('mail.send', 'tools/files')),
  }),
  windows: fc.constantFrom(
    [],
    [],
    [],
    [{ from: '03:00', to: '04:00' }],
    [{ from: '22:00', to: '12:00', days: [1, 2] }],
    [{ from: '10:00', to: '12:00' }],
    [
      { from: '00:00', to: '12:00' },
      { from: '12:00', to: '00:00' },
    ],
  ),
  flows: seldom(flow),
  outsideContent: fc.constantFrom('allow', 'allow', 'ask', 'deny'),
  models: fc.boolean(),
  notifies: fc.boolean(),
  budget: fc.record(
    {
      actionsPerRun: limit,
      actionsPerHour: limit,
      actionsPerDay: limit,
      callsPerRun: limit,
      costPerRunMicros: limit,
      costPerDayMicros: limit,
    },
    { requiredKeys: [] },
  ),
}

const anyParts = fc.record(parts)

export const anyContract: fc.Arbitrary<Contract> = anyParts.map(contractOf)

/** Two contracts that share all but a few clauses. */
export const anyPair: fc.Arbitrary<[before: Contract, after: Contract]> = fc
  .tuple(anyParts, anyParts, fc.subarray(Object.keys(parts), { minLength: 1, maxLength: 3 }))
  .map(([one, other, fields]) => {
    const edited = Object.entries(other).filter(([field]) => fields.includes(field))
    return [contractOf(one), contractOf({ ...one, ...Object.fromEntries(edited) })]
  })

/** Two contracts that differ within one list only: an entry more, less or other. */
export const anyEdit: fc.Arbitrary<[before: Contract, after: Contract]> = fc
  .tuple(
    anyParts,
    fc.array(clause, { minLength: 1, maxLength: 3 }),
    clause,
    fc.nat({ max: 3 }),
    few(flow),
    flow,
  )
  .map(([one, changes, other, place, flows, another]) => [
    contractOf({ ...one, changes, flows }),
    contractOf({
      ...one,
      changes: changes.toSpliced(place, place % 2, ...(place < 2 ? [other] : [])),
      flows: flows.toSpliced(place % 2, place < 2 ? 1 : 0, ...(place === 3 ? [] : [another])),
    }),
  ])

const path = fc.record({
  path: fc.constantFrom('/a', '/a/b', '/a/b/c', '/c', '/d', '/'),
  access: fc.constantFrom('read' as const, 'write' as const, 'delete' as const),
})
const touches = fc.record(
  {
    hosts: fc.array(fc.constantFrom('a.com', 'b.com', 'x.a.com', 'y.x.a.com', 'a.com:8080'), {
      maxLength: 2,
    }),
    paths: few(path),
    recipients: few(fc.constantFrom('bo@e.com', 'al@e.com', 'al@s.e.com')),
    accounts: seldom(account),
    method: fc.constantFrom('POST', 'DELETE'),
    actions: fc.constantFrom(1, 2, 5),
    egress: fc.boolean(),
  },
  { requiredKeys: [] },
)

export const anyCall: fc.Arbitrary<PolicyCall> = fc
  .tuple(
    fc.record({
      touches,
      costMicros: fc.constantFrom(0, 0, 0, 2),
      effect: fc.constantFrom('read', 'write', 'write', 'write'),
    }),
    fc.constantFrom<[tool: string, effect?: 'local' | 'model']>(
      ...TOOLS.map((tool): [string] => [tool]),
      ['notify.send', 'local'],
      ['llm.extract', 'model'],
    ),
  )
  .map(([{ effect, ...call }, [tool, own]]) => callOf({ ...call, tool, effect: own ?? (effect as 'read') }))

/** All of a question but the contract. */
export const anyQuestion: fc.Arbitrary<Omit<PolicyInput, 'contract'>> = fc.record({
  policy: fc.constant(null),
  call: anyCall,
  usage: fc.constantFrom(
    UNUSED,
    UNUSED,
    { ...UNUSED, actionsThisDay: 4 },
    { ...UNUSED, actionsThisRun: 2, actionsThisHour: 2, callsThisRun: 3 },
    { ...UNUSED, costThisRunMicros: 2, costThisDayMicros: 4 },
  ),
  now: fc.constantFrom(NOW, NOW + 9 * 3_600_000, NOW + 2 * 86_400_000),
  phase: fc.constantFrom('run', 'run', 'run', 'dry-run', 'verify'),
  tainted: fc.boolean(),
  approved: fc.constantFrom(false, false, true),
  granted: fc.constantFrom(
    () => true,
    () => false,
  ),
  sources: fc.subarray(['a.com', 'x.a.com', '/a', '/a/b/c']),
})
