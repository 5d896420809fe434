/** Contracts for the scripts of the benchmarks: generous limits, everything else as users have it. */
import type { ContractInput } from '../../src/domain/contract.ts'

const PLENTY = 1_000_000

export function contractFor(more: Partial<ContractInput> = {}): ContractInput {
  return {
    schema: 1,
    title: 'Benchmark',
    promise: 'Does what the benchmark measures.',
    zone: 'UTC',
    when: [{ kind: 'manual' }],
    uses: [],
    reads: { hosts: [], paths: [] },
    budget: { actionsPerRun: PLENTY, actionsPerHour: PLENTY, actionsPerDay: PLENTY },
    ...more,
  }
}

/** May read from the host and, without being asked about, post to it. */
export function networkContract(host: string, more: Partial<ContractInput> = {}): ContractInput {
  return contractFor({
    uses: ['tools/http'],
    reads: { hosts: [host], paths: [] },
    changes: [{ tool: 'http.post', hosts: [host], approval: 'never' }],
    ...more,
  })
}
