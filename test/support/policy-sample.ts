/** The contract, calls and questions that the tests of policy start from. */
import { contractSchema } from '../../src/domain/contract.ts'
import type { Contract, ContractInput } from '../../src/domain/contract.ts'
import { decide } from '../../src/domain/policy.ts'
import type { Decision, PolicyCall, PolicyInput, Usage } from '../../src/domain/policy.ts'

export const NOW = Date.parse('2026-03-10T10:20:30Z')
export const UNUSED: Usage = {
  actionsThisRun: 0,
  actionsThisHour: 0,
  actionsThisDay: 0,
  callsThisRun: 0,
  costThisRunMicros: 0,
  costThisDayMicros: 0,
}

export function contractOf(parts: { [K in keyof ContractInput]?: unknown } = {}): Contract {
  return contractSchema.parse({
    schema: 1,
    title: 'Tidy',
    promise: 'Keeps a folder tidy.',
    zone: 'Europe/Berlin',
    when: [{ kind: 'manual' }],
    uses: [
      'tools/http',
      'tools/files',
      'tools/mail',
      'tools/notify',
      'tools/state',
      'tools/llm',
      'tools/text',
    ],
    reads: { hosts: ['news.example.com', '*.shop.example'], paths: ['/home/ada/in'], accounts: ['ada'] },
    changes: [
      { tool: 'http.request', hosts: ['api.example.com'], methods: ['POST', 'PUT'], approval: 'never' },
      { tool: 'files.move', paths: ['/home/ada/in', '/home/ada/out'], approval: 'never' },
      {
        tool: 'mail.send',
        hosts: ['smtp.example.com'],
        recipients: ['@example.com'],
        approval: 'first-time',
      },
    ],
    ...parts,
  })
}

export function callOf(parts: Partial<PolicyCall> = {}): PolicyCall {
  const tool = parts.tool ?? 'http.request'
  const module = `tools/${tool.slice(0, tool.indexOf('.'))}`
  return {
    tool,
    module,
    effect: 'write',
    risk: 'low',
    touches: {},
    costMicros: 0,
    payloadHash: 'h',
    ...parts,
  }
}

export const POST = callOf({ touches: { hosts: ['api.example.com'], method: 'POST' } })
export const GET = callOf({ effect: 'read', touches: { hosts: ['news.example.com'] } })
export const MAIL = callOf({
  tool: 'mail.send',
  touches: { hosts: ['smtp.example.com'], recipients: ['bo@example.com'] },
})

export function judge(call: PolicyCall, parts: Partial<PolicyInput> = {}): Decision {
  return decide({
    contract: contractOf(),
    policy: null,
    call,
    usage: UNUSED,
    now: NOW,
    phase: 'run',
    tainted: false,
    approved: false,
    granted: () => false,
    sources: [],
    ...parts,
  })
}
