import { describe, expect, it } from 'vitest'
import { callOf, GET, judge, MAIL, POST } from '../../test/support/policy-sample.ts'
import { policyOf } from '../../test/support/policy-files.ts'
import { policySchema } from './policy-file.ts'

const DELETE = callOf({
  tool: 'files.move',
  risk: 'high',
  touches: { paths: [{ path: '/home/ada/in/a.txt', access: 'delete' }] },
})
const NOTE = callOf({ tool: 'state.set', effect: 'local' })

const verdict = (call: typeof POST, rules: object[], more: object = {}) =>
  judge(call, { policy: policyOf(rules), ...more }).verdict

describe('a rule', () => {
  it('P1 is for the tools it names, for their families, or for what a call does', () => {
    expect(verdict(POST, [{ action: 'http.request', approval: 'deny' }])).toBe('deny')
    expect(verdict(POST, [{ action: 'http.*', approval: 'deny' }])).toBe('deny')
    expect(verdict(POST, [{ action: ['files.*', 'send_request'], approval: 'deny' }])).toBe('deny')
    expect(verdict(GET, [{ action: 'open_url', approval: 'deny' }])).toBe('deny')
    expect(verdict(DELETE, [{ action: 'delete_file', approval: 'deny' }])).toBe('deny')
    expect(verdict(MAIL, [{ action: 'send_message', approval: 'deny' }])).toBe('deny')
    expect(verdict(POST, [{ approval: 'deny' }])).toBe('deny')
    for (const action of ['http.get', 'httpx.*', 'delete_file', 'use_model', 'execute_code'])
      expect(verdict(POST, [{ action, approval: 'deny' }])).toBe('allow')
  })

  it('P1 is only for the hosts, folders and connections it names', () => {
    expect(verdict(POST, [{ hosts: ['example.com'], approval: 'deny' }])).toBe('deny')
    expect(verdict(POST, [{ hosts: ['example.org'], approval: 'deny' }])).toBe('allow')
    expect(verdict(DELETE, [{ folders: ['/home/ADA/in'], approval: 'deny' }])).toBe('deny')
    expect(verdict(DELETE, [{ folders: ['/home/ada/out'], approval: 'deny' }])).toBe('allow')
    const call = callOf({ effect: 'read', touches: { hosts: ['news.example.com'], accounts: ['ada'] } })
    expect(verdict(call, [{ connections: ['ada'], approval: 'deny' }])).toBe('deny')
    expect(verdict(call, [{ connections: ['bo'], approval: 'deny' }])).toBe('allow')
  })

  it('P1 denies what is on its deny list, hosts with all below them', () => {
    const deny = ['example.com', '/home/ada/in', '@example.com', 'connection:ada']
    for (const call of [POST, GET, DELETE, MAIL]) expect(verdict(call, [{ deny }])).toBe('deny')
    expect(verdict(POST, [{ deny: ['*.example.org', '/home'] }])).toBe('allow')
  })

  it('P1 closes with an allow list all other places of its kinds, and no others', () => {
    expect(verdict(POST, [{ allow: ['api.example.com'] }])).toBe('allow')
    expect(verdict(POST, [{ allow: ['example.com'] }])).toBe('deny')
    expect(verdict(DELETE, [{ allow: ['api.example.com'] }])).toBe('allow')
    expect(verdict(DELETE, [{ allow: ['/home/ada/out', 'api.example.com'] }])).toBe('deny')
    const odd = callOf({ effect: 'read', touches: { hosts: ['news.example.com', 'odd_one:x'] } })
    expect(verdict(odd, [{ allow: ['news.example.com'] }])).toBe('deny')
  })

  it('P1 says in words which rule it was', () => {
    const policy = policyOf([{ name: 'no\u202e uploads', action: 'send_request', deny: ['example.com'] }])
    expect(judge(POST, { policy })).toEqual({
      verdict: 'deny',
      clause: 'policy.rules[0]',
      reason: expect.stringMatching(
        /^The policy’s rule “no uploads ‹1 hidden removed›” denies api\.example\.com\.$/,
      ) as unknown,
      contract: 'allow',
    })
  })
})

describe('a question of the policy', () => {
  const ask = [{ action: '*', approval: 'ask' }]

  it('P4 is asked every time, also where the contract would ask once', () => {
    expect(judge(MAIL, { policy: policyOf(ask), granted: () => true })).toMatchObject({
      verdict: 'ask',
      subject: null,
      contract: 'allow',
    })
    expect(judge(MAIL, { policy: policyOf(ask) })).toMatchObject({
      verdict: 'ask',
      subject: null,
      contract: 'ask',
    })
    expect(verdict(MAIL, ask, { approved: true })).toBe('allow')
  })

  it('P4 waits as long as the shortest timeout of the rules for it, whoever asks', () => {
    const policy = policyOf([
      ...ask,
      { action: 'http.*', timeout: '15m' },
      { timeout: 1_800 },
      { timeout: '2h' },
    ])
    expect(judge(POST, { policy })).toMatchObject({ verdict: 'ask', withinMs: 900_000 })
    expect(judge(MAIL, { policy: policyOf([{ timeout: 30 }]) })).toMatchObject({
      verdict: 'ask',
      withinMs: 30_000,
    })
    expect(judge(POST, { policy: policyOf([{ timeout: 30 }]) })).toEqual({
      verdict: 'allow',
      clause: 'changes[0]',
    })
  })

  it('P1 is a refusal where the call is real and nobody is asked', () => {
    expect(verdict(GET, ask, { phase: 'verify' })).toBe('deny')
    expect(verdict(GET, ask, { phase: 'dry-run' })).toBe('deny')
    expect(verdict(GET, ask, { phase: 'explore' })).toBe('deny')
    expect(verdict(POST, ask, { phase: 'dry-run' })).toBe('allow')
  })

  it('P1 is never about what touches only Steward’s own data', () => {
    expect(verdict(NOTE, ask)).toBe('allow')
    expect(verdict(NOTE, [{ approval: 'deny' }])).toBe('allow')
    expect(verdict(NOTE, [{ action: 'state.*', approval: 'ask' }])).toBe('allow')
    expect(verdict(NOTE, [{ action: 'state.*', approval: 'deny' }])).toBe('deny')
  })
})

describe('risk', () => {
  const by = { approval_by_risk: { medium: 'ask', high: 'deny' } }

  it('P1 is the highest that the tool and the rules say, and may be asked about or denied', () => {
    expect(judge(POST, { policy: policyOf([], by) }).verdict).toBe('allow')
    expect(judge(DELETE, { policy: policyOf([], by) })).toMatchObject({
      verdict: 'deny',
      clause: 'policy.approval_by_risk.high',
    })
    expect(judge(POST, { policy: policyOf([{ risk_level: 'medium' }], by) }).verdict).toBe('ask')
    expect(judge(DELETE, { policy: policyOf([{ risk: 'low' }], by) }).verdict).toBe('deny')
    const fromLow = { approval_by_risk: { low: 'ask', high: 'auto' } }
    expect(judge(DELETE, { policy: policyOf([], fromLow) }).verdict).toBe('ask')
  })
})

describe('a policy file', () => {
  const issues = (document: unknown) =>
    (policySchema.safeParse(document).error?.issues ?? []).map(
      issue => `${issue.path.join('.')}: ${issue.message}`,
    )
  const withRule = (rule: object) => issues({ version: '1.0', rules: [{ name: 'r', ...rule }] })

  it.each([
    [{ approval: 'never' }, /^rules\.0\.approval: /],
    [{ approvall: 'ask' }, /approvall/],
    [{ action: 'Delete File', approval: 'ask' }, /^rules\.0\.action\.0: is neither a tool/],
    [{ action: [], approval: 'ask' }, /^rules\.0\.action: /],
    [{ approval: 'ask', requires_approval: false }, /says the same as “approval”/],
    [{ deny: ['A.com'] }, /^rules\.0\.deny\.0: is neither a host/],
    [{ deny: ['a.com:443'] }, /^rules\.0\.deny\.0: names a usual port/],
    [{ deny: ['/a/../b'] }, /^rules\.0\.deny\.0: /],
    [{ deny: [] }, /^rules\.0\.deny: /],
    [{ hosts: ['/a'], approval: 'ask' }, /^rules\.0\.hosts\.0: /],
    [{ folders: ['a'], approval: 'ask' }, /^rules\.0\.folders\.0: /],
    [{ timeout: 0 }, /^rules\.0\.timeout: is seconds/],
    [{ timeout: '91d' }, /^rules\.0\.timeout: /],
    [{ timeout: {} }, /^rules\.0\.timeout: /],
    [{ sandbox: false }, /^rules\.0\.sandbox: cannot be switched off/],
    [{}, /^rules\.0\.name: says nothing/],
  ])('P2 with %j is refused', (rule, message) => {
    expect(withRule(rule).join('\n')).toMatch(message)
  })

  it('P2 has one version, rules with different names, and nothing else', () => {
    expect(issues({ version: '2.0', rules: [] })).toEqual(['version: is not “1.0”'])
    expect(issues({ version: 1, rules: [], extra: 1 }).join()).toContain('extra')
    const twice = [
      { name: 'r', approval: 'ask' },
      { name: 'r', approval: 'deny' },
    ]
    expect(issues({ version: '1', rules: twice })).toEqual(['rules.1.name: is also the name of rules[0]'])
  })
})
