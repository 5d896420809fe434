import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { contractDiff } from './contract-diff.ts'
import type { Contract } from './contract.ts'
import { decide } from './policy.ts'
import { strictness } from './policy-merge.ts'
import { anyCall, anyContract, anyEdit, anyPair, anyQuestion } from '../../test/support/contract-pairs.ts'

const widens = (before: Contract, after: Contract): boolean =>
  contractDiff(before, after).some(({ effect }) => effect === 'widened')

describe('all of it, held against policy', () => {
  it('P3 a contract differs from itself in nothing', () => {
    fc.assert(
      fc.property(anyContract, contract => {
        expect(contractDiff(contract, structuredClone(contract))).toEqual([])
      }),
    )
  })

  it('P3 no answer of policy gets milder without a clause that is shown as widened', () => {
    let milder = 0
    fc.assert(
      fc.property(
        fc.oneof(anyPair, anyEdit),
        fc.array(anyQuestion, { minLength: 24, maxLength: 24 }),
        (pair, asked) => {
          for (const [before, after] of [pair, [...pair].reverse() as typeof pair]) {
            const isMilder = asked.some(
              question =>
                strictness(decide({ ...question, contract: after })) <
                strictness(decide({ ...question, contract: before })),
            )
            if (!isMilder) continue
            milder++
            expect(widens(before, after)).toBe(true)
          }
        },
      ),
      { numRuns: 1_000 },
    )
    expect(milder).toBeGreaterThan(200)
  })

  it('P3 what only takes away is not shown as widened', () => {
    fc.assert(
      fc.property(anyContract, contract => {
        for (const after of narrower(contract)) expect(widens(contract, after)).toBe(false)
        for (const before of narrower(contract)) {
          const found = contractDiff(before, contract)
          expect(found.filter(({ effect }) => effect === 'narrowed')).toEqual([])
        }
      }),
    )
  })

  it('P1 the samples above meet all four answers', () => {
    const asked = fc.sample(fc.tuple(anyContract, anyQuestion), { numRuns: 2_000, seed: 1 })
    const met = new Set(asked.map(([contract, question]) => decide({ ...question, contract }).verdict))
    expect([...met].sort()).toEqual(['allow', 'ask', 'defer', 'deny'])
    expect(new Set(fc.sample(anyCall, { numRuns: 200, seed: 1 }).map(({ effect }) => effect)).size).toBe(4)
  })
})

/** Contracts that surely grant less. */
function narrower(contract: Contract): Contract[] {
  const { reads, never, budget, changes } = contract
  // Beside another clause, one that covers less may stop asking.
  const alone = changes.length === 1 ? changes : []
  return [
    { ...contract, reads: { ...reads, hosts: reads.hosts.slice(1) } },
    { ...contract, reads: { ...reads, paths: [] } },
    { ...contract, uses: contract.uses.slice(1) },
    { ...contract, never: { ...never, hosts: [...never.hosts, '*.com'] } },
    { ...contract, never: { ...never, recipients: ['@e.com', '@s.e.com'] } },
    { ...contract, changes: contract.changes.map(change => ({ ...change, approval: 'always' as const })) },
    { ...contract, changes: alone.map(change => ({ ...change, hosts: change.hosts?.slice(1) ?? [] })) },
    { ...contract, changes: [] },
    { ...contract, flows: [...contract.flows, { from: 'b.com', to: [] }] },
    { ...contract, outsideContent: 'deny' },
    { ...contract, models: false, notifies: false },
    { ...contract, budget: { ...budget, actionsPerHour: 0, costPerDayMicros: 0 } },
  ]
}
