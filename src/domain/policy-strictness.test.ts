import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Contract } from './contract.ts'
import { decide } from './policy.ts'
import type { PolicyInput } from './policy.ts'
import { strictness as strictnessOf } from './policy-merge.ts'
import { anyPolicy, anyRule, policyOf } from '../../test/support/policy-files.ts'
import { callOf, contractOf, NOW, UNUSED } from '../../test/support/policy-sample.ts'

const host = fc.constantFrom('a.com', 'b.com', 'x.a.com', '*.a.com')
const root = fc.constantFrom('/a', '/a/b', '/c')
const hosts = fc.array(host, { maxLength: 2 })
const roots = fc.array(root, { maxLength: 2 })
const clause = fc.record(
  {
    tool: fc.constantFrom('http.request', 'files.move'),
    approval: fc.constantFrom('always' as const, 'first-time' as const, 'never' as const),
    hosts,
    paths: roots,
    methods: fc.subarray(['POST' as const, 'DELETE' as const]),
  },
  { requiredKeys: ['tool', 'approval'] },
)
const anyContract = fc
  .record({
    uses: fc.subarray(['tools/http', 'tools/files'], { minLength: 1 }),
    reads: fc.record({ hosts, paths: roots }),
    changes: fc.array(clause, { maxLength: 4 }),
    never: fc.record({ hosts: fc.array(host, { maxLength: 1 }), paths: fc.array(root, { maxLength: 1 }) }),
    windows: fc.constantFrom([], [{ from: '03:00', to: '04:00' }]),
    outsideContent: fc.constantFrom('allow' as const, 'ask' as const, 'deny' as const),
    flows: fc.array(fc.record({ from: fc.constantFrom('a.com', '/a'), to: hosts }), { maxLength: 1 }),
  })
  .map(parts => contractOf(parts))
const plainHost = fc.constantFrom('a.com', 'b.com', 'x.a.com')
const touchedPath = fc.record({
  path: fc.constantFrom('/a', '/a/b', '/a/b/c', '/c', '/d'),
  access: fc.constantFrom('read' as const, 'write' as const, 'delete' as const),
})
const anyCall = fc
  .record({
    tool: fc.constantFrom('http.request', 'files.move'),
    effect: fc.constantFrom('read' as const, 'write' as const),
    touches: fc.record(
      {
        hosts: fc.array(plainHost, { maxLength: 2 }),
        paths: fc.array(touchedPath, { maxLength: 2 }),
        method: fc.constantFrom('POST', 'DELETE'),
        egress: fc.boolean(),
      },
      { requiredKeys: [] },
    ),
  })
  .map(parts => callOf(parts))
const anyInput: fc.Arbitrary<PolicyInput> = fc.record({
  contract: anyContract,
  policy: fc.constant(null),
  call: anyCall,
  usage: fc.constantFrom(UNUSED, { ...UNUSED, actionsThisDay: 2_000 }),
  now: fc.constant(NOW),
  phase: fc.constantFrom('run' as const, 'dry-run' as const),
  tainted: fc.boolean(),
  approved: fc.boolean(),
  granted: fc.constantFrom(
    () => true,
    () => false,
  ),
  sources: fc.subarray(['a.com', '/a']),
})

const STRICTNESS = { allow: 0, ask: 1, defer: 2, deny: 3 }
const strictness = (input: PolicyInput) => STRICTNESS[decide(input).verdict]

/** Every contract that has one grant less. */
function narrower(contract: Contract): Contract[] {
  const without = <T>(list: readonly T[]) => list.map((_, index) => list.toSpliced(index, 1))
  return [
    ...without(contract.uses).map(uses => ({ ...contract, uses })),
    ...without(contract.reads.hosts).map(hosts => ({ ...contract, reads: { ...contract.reads, hosts } })),
    ...without(contract.reads.paths).map(paths => ({ ...contract, reads: { ...contract.reads, paths } })),
    ...without(contract.changes).map(changes => ({ ...contract, changes })),
    ...contract.changes.flatMap((change, index) =>
      (['hosts', 'paths', 'methods'] as const).flatMap(list =>
        without<unknown>(change[list] ?? []).map(rest => ({
          ...contract,
          changes: contract.changes.with(index, { ...change, [list]: rest }),
        })),
      ),
    ),
  ]
}

/** Contracts with one restriction more. */
function stricter(contract: Contract): Contract[] {
  const { never, flows, changes } = contract
  return [
    ...['a.com', '*.a.com'].map(host => ({
      ...contract,
      never: { ...never, hosts: [...never.hosts, host] },
    })),
    ...['/a', '/a/b'].map(path => ({ ...contract, never: { ...never, paths: [...never.paths, path] } })),
    { ...contract, flows: [...flows, { from: 'a.com', to: [] }] },
    { ...contract, outsideContent: 'deny' },
    { ...contract, changes: changes.map(change => ({ ...change, approval: 'always' as const })) },
    { ...contract, budget: { ...contract.budget, actionsPerDay: 0 } },
  ]
}

describe('all of it', () => {
  it('P3 a contract with one grant less never lets through what was denied', () => {
    fc.assert(
      fc.property(anyInput, input => {
        if (decide(input).verdict !== 'deny') return
        for (const contract of narrower(input.contract)) expect(strictness({ ...input, contract })).toBe(3)
      }),
      { numRuns: 500 },
    )
  })

  it('P2 one restriction more never makes an answer milder', () => {
    fc.assert(
      fc.property(anyInput, input => {
        const before = strictness(input)
        for (const contract of stricter(input.contract)) {
          expect(strictness({ ...input, contract })).toBeGreaterThanOrEqual(before)
        }
      }),
      { numRuns: 500 },
    )
  })

  it('P1 the samples above meet all four answers', () => {
    const met = new Set(fc.sample(anyInput, { numRuns: 2_000, seed: 1 }).map(input => decide(input).verdict))
    expect([...met].sort()).toEqual(['allow', 'ask', 'defer', 'deny'])
  })

  it('P1 the same question has the same answer and changes nothing', () => {
    fc.assert(
      fc.property(anyInput, input => {
        const before = JSON.stringify(input)
        expect(decide(input)).toEqual(decide(input))
        expect(JSON.stringify(input)).toBe(before)
      }),
    )
  })
  it('P1 P3 under a policy file no answer is milder than the contract’s or than the file’s', () => {
    fc.assert(
      fc.property(anyInput, anyPolicy, (input, policy) => {
        const own = decide(input)
        const merged = decide({ ...input, policy })
        const file = decide({ ...input, contract: boundless(input), policy })
        expect(strictnessOf(merged)).toBeGreaterThanOrEqual(strictnessOf(own))
        expect(strictnessOf(merged)).toBeGreaterThanOrEqual(strictnessOf(file))
        expect(strictnessOf(merged)).toBe(Math.max(strictnessOf(own), strictnessOf(file)))
      }),
      { numRuns: 400 },
    )
  })

  it('P1 one rule more never makes an answer milder, or a question wait longer', () => {
    fc.assert(
      fc.property(anyInput, anyPolicy, anyRule, (input, policy, rule) => {
        const before = decide({ ...input, policy })
        const [more] = policyOf([{ ...rule, name: 'one more' }]).rules
        if (more === undefined) return
        const after = decide({ ...input, policy: { ...policy, rules: [...policy.rules, more] } })
        expect(strictnessOf(after)).toBeGreaterThanOrEqual(strictnessOf(before))
        if (before.verdict !== 'ask' || after.verdict !== 'ask') return
        expect(after.withinMs ?? Infinity).toBeLessThanOrEqual(before.withinMs ?? Infinity)
      }),
      { numRuns: 400 },
    )
  })

  it('P1 the policies above change answers in every direction there is', () => {
    const changes = fc
      .sample(fc.tuple(anyInput, anyPolicy), { numRuns: 2_000, seed: 1 })
      .map(([input, policy]) => [decide(input).verdict, decide({ ...input, policy }).verdict].join(' → '))
    const met = new Set(changes)
    for (const change of ['allow → ask', 'allow → deny', 'ask → deny', 'defer → deny', 'allow → allow'])
      expect(met).toContain(change)
  })
})

/** A contract under which all of these calls are allowed, so that only the policy file speaks. */
function boundless({ call }: PolicyInput): Contract {
  const { hosts = [], paths = [] } = call.touches
  return contractOf({
    reads: { hosts, paths: paths.map(({ path }) => path) },
    changes: [{ tool: call.tool, hosts, paths: paths.map(({ path }) => path), approval: 'never' }],
    budget: { actionsPerDay: 1_000_000, actionsPerHour: 1_000_000, actionsPerRun: 1_000_000 },
  })
}
