import { describe, expect, it } from 'vitest'
import type { Contract } from './contract.ts'
import { approvalSubject } from './policy.ts'
import type { Decision, PolicyCall, PolicyInput } from './policy.ts'
import { callOf, contractOf, GET, judge, MAIL, POST, UNUSED } from '../../test/support/policy-sample.ts'

function reads(touches: PolicyCall['touches']): Decision {
  return judge(callOf({ effect: 'read', touches }))
}

function move(from: string, to: string, parts: Partial<PolicyInput> = {}): Decision {
  const paths = [
    { path: from, access: 'delete' as const },
    { path: to, access: 'write' as const },
  ]
  return judge(callOf({ tool: 'files.move', touches: { paths } }), parts)
}

describe('reads', () => {
  it('P2 go only where Reads or a clause of Changes lets them', () => {
    expect(reads({ hosts: ['news.example.com'] })).toEqual({ verdict: 'allow', clause: 'reads.hosts' })
    expect(reads({ hosts: ['a.shop.example'] })).toMatchObject({ verdict: 'allow' })
    expect(reads({ hosts: ['api.example.com'] })).toEqual({ verdict: 'allow', clause: 'changes[0]' })
    expect(reads({ hosts: ['news.example.com', 'evil.com'] })).toMatchObject({
      verdict: 'deny',
      clause: 'reads.hosts',
    })
    expect(reads({ paths: [{ path: '/home/ada/in/a', access: 'read' }] })).toMatchObject({
      clause: 'reads.paths',
    })
    expect(reads({ paths: [{ path: '/home/ada/out/a', access: 'read' }] })).toMatchObject({
      clause: 'changes[1]',
    })
    expect(reads({ paths: [{ path: '/home/ada/inn', access: 'read' }] })).toMatchObject({ verdict: 'deny' })
    expect(reads({ accounts: ['ada'] })).toMatchObject({ verdict: 'allow' })
    expect(reads({ accounts: ['bo'] })).toMatchObject({ verdict: 'deny', clause: 'reads.accounts' })
  })

  it('P2 that declare to write a path are denied', () => {
    expect(reads({ paths: [{ path: '/home/ada/in/a', access: 'delete' }] })).toMatchObject({
      verdict: 'deny',
    })
  })
})

describe('writes', () => {
  it('P2 need one clause that covers tool, hosts and method at once', () => {
    expect(judge(POST)).toEqual({ verdict: 'allow', clause: 'changes[0]' })
    const cases: PolicyCall['touches'][] = [
      { hosts: ['api.example.com'], method: 'DELETE' },
      { hosts: ['news.example.com'], method: 'POST' },
      { hosts: ['api.example.com:8443'], method: 'POST' },
      { hosts: ['api.example.com'], method: 'POST', recipients: ['bo@example.com'] },
      { hosts: ['api.example.com'], method: 'POST', accounts: ['ada'] },
      { hosts: ['api.example.com'], method: 'POST', paths: [{ path: '/home/ada/out/a', access: 'write' }] },
    ]
    for (const touches of cases) expect(judge(callOf({ touches }))).toMatchObject({ verdict: 'deny' })
    expect(judge(callOf({ tool: 'http.upload' }))).toMatchObject({ verdict: 'deny', clause: 'changes' })
  })

  it('P2 two clauses do not add up to one', () => {
    const contract = contractOf({
      changes: [
        { tool: 'files.move', paths: ['/a'], approval: 'never' },
        { tool: 'files.move', paths: ['/b'], approval: 'never' },
      ],
    })
    expect(move('/a/x', '/b/x', { contract })).toMatchObject({ verdict: 'deny' })
    expect(move('/a/x', '/a/y', { contract })).toMatchObject({ verdict: 'allow' })
  })

  it('P2 may read what Reads allows, and write or take away only what the clause names', () => {
    expect(move('/home/ada/in/a', '/home/ada/out/a')).toMatchObject({
      verdict: 'allow',
      clause: 'changes[1]',
    })
    expect(move('/home/ada/other/a', '/home/ada/out/a')).toMatchObject({ verdict: 'deny' })
    expect(move('/home/ada/in/a', '/home/ada/out/../../etc/a')).toMatchObject({ verdict: 'deny' })
  })

  it('P2 any method is covered where a clause names none', () => {
    const contract = contractOf({
      changes: [{ tool: 'http.request', hosts: ['api.example.com'], approval: 'never' }],
    })
    const call = callOf({ touches: { hosts: ['api.example.com'], method: 'DELETE' } })
    expect(judge(call, { contract })).toMatchObject({ verdict: 'allow' })
  })
})

describe('modules, models, notices', () => {
  it('P2 a module that is not in use is denied, local ones too', () => {
    const call = callOf({ tool: 'flow.now', effect: 'local' })
    expect(judge(call)).toMatchObject({ verdict: 'deny', clause: 'uses' })
    expect(judge(callOf({ tool: 'state.set', effect: 'local' }))).toEqual({
      verdict: 'allow',
      clause: 'uses',
    })
  })

  it('P2 models and notices only where the contract has them', () => {
    const model = callOf({ tool: 'llm.extract', effect: 'model' })
    expect(judge(model)).toMatchObject({ verdict: 'deny', clause: 'models' })
    expect(judge(model, { contract: contractOf({ models: true }) })).toMatchObject({ verdict: 'allow' })
    const notice = callOf({ tool: 'notify.send', effect: 'local' })
    expect(judge(notice)).toMatchObject({ verdict: 'allow' })
    expect(judge(notice, { contract: contractOf({ notifies: false }) })).toMatchObject({ clause: 'notifies' })
  })
})

describe('never', () => {
  it('P2 beats every grant, approval and phase', () => {
    const never = {
      hosts: ['api.example.com'],
      tools: [],
      paths: ['/home/ada/in/keep'],
      recipients: ['bo@example.com'],
    }
    const contract = contractOf({ never })
    for (const phase of ['run', 'dry-run', 'explore'] as const) {
      expect(judge(POST, { contract, phase, approved: true })).toMatchObject({ clause: 'never.hosts' })
    }
    expect(judge(MAIL, { contract, approved: true })).toMatchObject({
      verdict: 'deny',
      clause: 'never.recipients',
    })
    expect(move('/home/ada/in/keep/a', '/home/ada/out/a', { contract })).toMatchObject({
      clause: 'never.paths',
    })
    expect(move('/home/ada/in', '/home/ada/out/in', { contract })).toMatchObject({ clause: 'never.paths' })
    const barredTool = contractOf({ never: { tools: ['http.request'] } })
    const barredModule = contractOf({ never: { tools: ['tools/http'] } })
    expect(judge(GET, { contract: barredModule })).toMatchObject({ verdict: 'deny', clause: 'never.tools' })
    expect(judge(GET, { contract: barredTool })).toMatchObject({ verdict: 'deny', clause: 'never.tools' })
  })
})

describe('phases', () => {
  it('S6 a dry run and an exploration ask and defer nothing, and refuse what a run is refused', () => {
    const contract = contractOf({
      windows: [{ from: '03:00', to: '03:01' }],
      budget: { actionsPerRun: 1, actionsPerHour: 1, actionsPerDay: 1 },
    })
    const usage = { ...UNUSED, actionsThisRun: 1, actionsThisHour: 1, actionsThisDay: 1 }
    for (const phase of ['dry-run', 'explore'] as const) {
      expect(judge(MAIL, { contract, usage, phase })).toEqual({ verdict: 'allow', clause: 'changes[2]' })
      expect(judge(callOf({ touches: { hosts: ['evil.com'] } }), { phase })).toMatchObject({
        verdict: 'deny',
      })
    }
  })

  it('O1 a check after a run may read and look at local state, and nothing else', () => {
    const verdict = (call: PolicyCall) =>
      judge(call, { phase: 'verify', contract: contractOf({ models: true }) }).verdict
    expect(verdict(GET)).toBe('allow')
    expect(verdict(callOf({ tool: 'state.get', effect: 'local' }))).toBe('allow')
    expect(verdict(callOf({ tool: 'text.hash', effect: 'local' }))).toBe('allow')
    expect(verdict(callOf({ tool: 'state.set', effect: 'local' }))).toBe('deny')
    expect(verdict(callOf({ tool: 'notify.send', effect: 'local' }))).toBe('deny')
    expect(verdict(callOf({ tool: 'llm.extract', effect: 'model' }))).toBe('deny')
    expect(verdict(POST)).toBe('deny')
  })
})

describe('approval', () => {
  const withApproval = (approval: Contract['changes'][number]['approval'], above?: number) =>
    contractOf({
      changes: [
        {
          tool: 'http.request',
          hosts: ['*.example.com'],
          approval,
          ...(above === undefined ? {} : { above }),
        },
      ],
    })

  it('P4 always asks each time until this payload was approved', () => {
    const contract = withApproval('always')
    expect(judge(POST, { contract })).toMatchObject({ verdict: 'ask', clause: 'changes[0]', subject: null })
    expect(judge(POST, { contract, granted: () => true })).toMatchObject({ verdict: 'ask' })
    expect(judge(POST, { contract, approved: true })).toMatchObject({ verdict: 'allow' })
  })

  it('P2 first time asks once for each tool and target', () => {
    const contract = withApproval('first-time')
    const first = judge(POST, { contract })
    expect(first).toMatchObject({ verdict: 'ask' })
    const granted = (subject: string) => first.verdict === 'ask' && subject === first.subject
    expect(judge(POST, { contract, granted })).toMatchObject({ verdict: 'allow' })
    const elsewhere = callOf({ touches: { hosts: ['other.example.com'], method: 'POST' } })
    expect(judge(elsewhere, { contract, granted })).toMatchObject({ verdict: 'ask' })
    const stronger = callOf({ touches: { hosts: ['api.example.com'], method: 'DELETE' } })
    expect(judge(stronger, { contract, granted })).toMatchObject({ verdict: 'ask' })
  })

  it('P2 a file stands for the folder its clause names', () => {
    const clause = { tool: 'files.move', paths: ['/home/ada/out'], approval: 'first-time' as const }
    const subject = (path: string) =>
      approvalSubject(callOf({ tool: 'files.move', touches: { paths: [{ path, access: 'write' }] } }), clause)
    expect(subject('/home/ada/out/a')).toBe(subject('/home/ada/out/b'))
    expect(subject('/home/ada/out/a')).not.toBe(subject('/home/ada/elsewhere/a'))
  })

  it('P2 above asks beyond its size, and always when it names none', () => {
    const many = (actions: number) => callOf({ touches: { ...POST.touches, actions } })
    expect(judge(many(3), { contract: withApproval('above', 3) })).toMatchObject({ verdict: 'allow' })
    expect(judge(many(4), { contract: withApproval('above', 3) })).toMatchObject({ verdict: 'ask' })
    expect(judge(many(1), { contract: withApproval('above') })).toMatchObject({ verdict: 'ask' })
  })

  it('P2 of several clauses that cover a call the strictest decides', () => {
    const contract = contractOf({
      changes: [
        { tool: 'http.request', hosts: ['*.example.com'], approval: 'never' },
        { tool: 'http.request', hosts: ['api.example.com'], approval: 'first-time' },
        { tool: 'http.request', hosts: ['api.example.com'], methods: ['POST'], approval: 'always' },
      ],
    })
    expect(judge(POST, { contract })).toMatchObject({ verdict: 'ask', clause: 'changes[2]', subject: null })
  })
})

describe('content from outside', () => {
  it('P6 a tainted scope keeps only the powers its contract states', () => {
    const egress = callOf({ effect: 'read', touches: { hosts: ['news.example.com'], egress: true } })
    const asks = contractOf({ outsideContent: 'ask' })
    const denies = contractOf({ outsideContent: 'deny' })
    for (const call of [POST, egress]) {
      expect(judge(call, { tainted: true })).toMatchObject({ verdict: 'allow' })
      expect(judge(call, { contract: asks, tainted: true })).toMatchObject({
        verdict: 'ask',
        clause: 'outsideContent',
      })
      expect(judge(call, { contract: asks, tainted: true, approved: true })).toMatchObject({
        verdict: 'allow',
      })
      expect(judge(call, { contract: denies, tainted: true, approved: true })).toMatchObject({
        verdict: 'deny',
      })
      expect(judge(call, { contract: denies })).toMatchObject({ verdict: 'allow' })
    }
    expect(judge(GET, { contract: denies, tainted: true })).toMatchObject({ verdict: 'allow' })
  })

  it('P2 what was read from a source with a flow goes only where the flow says', () => {
    const contract = contractOf({
      models: true,
      flows: [{ from: 'news.example.com', to: ['smtp.example.com', 'example.com', '/home/ada/out'] }],
    })
    const sources = ['news.example.com', '/home/ada/in']
    expect(judge(POST, { contract, sources })).toMatchObject({ verdict: 'deny', clause: 'flows[0]' })
    expect(judge(POST, { contract, sources: ['/home/ada/in'] })).toMatchObject({ verdict: 'allow' })
    expect(judge(MAIL, { contract, sources, approved: true })).toMatchObject({ verdict: 'allow' })
    expect(move('/home/ada/in/a', '/home/ada/out/a', { contract, sources })).toMatchObject({
      verdict: 'allow',
    })
    expect(move('/home/ada/in/a', '/home/ada/in/b', { contract, sources })).toMatchObject({ verdict: 'deny' })
    const query = (host: string) => callOf({ effect: 'read', touches: { hosts: [host], egress: true } })
    expect(judge(query('a.shop.example'), { contract, sources })).toMatchObject({ verdict: 'deny' })
    expect(judge(query('news.example.com'), { contract, sources })).toMatchObject({ verdict: 'allow' })
    expect(judge(GET, { contract, sources })).toMatchObject({ verdict: 'allow' })
    const model = callOf({ tool: 'llm.extract', effect: 'model' })
    expect(judge(model, { contract, sources })).toMatchObject({ verdict: 'deny', clause: 'flows[0]' })
  })

  it('P2 a flow holds for writes back to the source and for writes without a place, not for taking away', () => {
    const contract = contractOf({
      changes: [
        { tool: 'http.request', hosts: ['news.example.com'], approval: 'never' },
        { tool: 'files.move', accounts: ['ada'], paths: ['/home/ada/in'], approval: 'never' },
      ],
      flows: [{ from: 'news.example.com', to: [] }],
    })
    const sources = ['news.example.com']
    const back = callOf({ touches: { hosts: ['news.example.com'], method: 'POST' } })
    expect(judge(back, { contract, sources })).toMatchObject({ verdict: 'deny', clause: 'flows[0]' })
    const placeless = callOf({ tool: 'files.move', touches: { accounts: ['ada'] } })
    expect(judge(placeless, { contract })).toMatchObject({ verdict: 'allow' })
    expect(judge(placeless, { contract, sources })).toMatchObject({ verdict: 'deny', clause: 'flows[0]' })
    const trash = callOf({
      tool: 'files.move',
      touches: { paths: [{ path: '/home/ada/in/a', access: 'delete' }] },
    })
    expect(judge(trash, { contract, sources })).toMatchObject({ verdict: 'allow' })
  })

  it('P6 a reason shows nothing of the call that could mislead', () => {
    const decision = reads({ hosts: ['evil\u001b[2K\u202e.com'] })
    expect(decision).toMatchObject({ verdict: 'deny' })
    expect(JSON.stringify(decision)).not.toMatch(/\\u001b|\u202e/)
  })
})
