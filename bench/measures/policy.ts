/** The policy decision alone, in this process: a write and a read against a contract of ordinary size. */
import { parseContract } from '../../src/domain/contract-check.ts'
import type { Contract } from '../../src/domain/contract.ts'
import type { PolicyInput } from '../../src/domain/decision.ts'
import { decide } from '../../src/domain/policy.ts'
import { contractFor } from '../support/contracts.ts'
import type { Figure, Measure } from '../support/figure.ts'

const DECISIONS = 100_000
const HOSTS = Array.from({ length: 10 }, (_, index) => `host-${String(index)}.example.com`)

function ordinaryContract(): Contract {
  const parsed = parseContract(
    contractFor({
      uses: ['tools/http', 'tools/files'],
      reads: { hosts: HOSTS, paths: ['/home/me/Invoices'] },
      changes: [
        { tool: 'files.move', paths: ['/home/me/Invoices'], approval: 'never' },
        { tool: 'http.post', hosts: HOSTS, methods: ['POST'], approval: 'never' },
      ],
      windows: [{ from: '00:00', to: '23:59' }],
    }),
  )
  if (!parsed.ok) throw new Error(parsed.failure.message)
  return parsed.contract
}

function inputFor(contract: Contract, effect: 'read' | 'write'): PolicyInput {
  const write = effect === 'write'
  return {
    contract,
    policy: null,
    call: {
      tool: write ? 'http.post' : 'http.get',
      module: 'tools/http',
      effect,
      risk: 'medium',
      touches: { hosts: ['host-9.example.com'], method: write ? 'POST' : 'GET', actions: write ? 1 : 0 },
      costMicros: 0,
      payloadHash: 'x'.repeat(64),
    },
    usage: {
      actionsThisRun: 3,
      actionsThisHour: 30,
      actionsThisDay: 300,
      callsThisRun: 10,
      costThisRunMicros: 0,
      costThisDayMicros: 0,
    },
    now: Date.UTC(2026, 0, 5, 12),
    phase: 'run',
    tainted: false,
    approved: false,
    granted: () => false,
    sources: [],
  }
}

function figureFor(effect: 'read' | 'write', rounds: number): Figure {
  const input = inputFor(ordinaryContract(), effect)
  if (decide(input).verdict !== 'allow') throw new Error(`the ${effect} was not allowed`)
  const measured: number[] = []
  for (let round = 0; round <= rounds; round++) {
    const startedAt = performance.now()
    for (let index = 0; index < DECISIONS; index++) decide(input)
    measured.push(((performance.now() - startedAt) / DECISIONS) * 1_000)
  }
  // The first round warms up.
  return { name: `decide, a ${effect}`, unit: 'µs', rounds: measured.slice(1), aim: { atMost: 1_000 } }
}

export default {
  title: 'Policy',
  measure: ({ rounds }) => Promise.resolve([figureFor('read', rounds), figureFor('write', rounds)]),
} satisfies Measure
