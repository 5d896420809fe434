/** Policy files that tests start from, and random ones. */
import fc from 'fast-check'
import type { z } from 'zod'
import { policySchema } from '../../src/domain/policy-file.ts'
import type { Policy } from '../../src/domain/policy-file.ts'

export type PolicyDocument = z.input<typeof policySchema>

/** As the logical architecture has it. */
export const SEED_POLICY = `
# policy.yaml
version: "1.0"

rules:
  - name: "file_deletion"
    action: "delete_file"
    requires_approval: true
    risk_level: high

  - name: "web_browsing"
    action: "open_url"
    requires_approval: false
    risk_level: low
    blacklist:
      - "*.onion"
      - "malware-db.com"

  - name: "code_execution"
    action: "execute_code"
    requires_approval: false
    risk_level: medium
    sandbox: true
    timeout: 30
`

export function policyOf(rules: readonly object[], more: object = {}): Policy {
  return policySchema.parse({
    version: '1.0',
    rules: rules.map((rule, index) => ({ name: `rule ${String(index)}`, ...rule })),
    ...more,
  })
}

const host = fc.constantFrom('a.com', 'b.com', 'x.a.com', '*.a.com')
const folder = fc.constantFrom('/a', '/a/b', '/c')
const place = fc.oneof(host, folder, fc.constantFrom('@a.com', 'connection:ada'))
const approval = fc.constantFrom('auto' as const, 'ask' as const, 'deny' as const)
const risk = fc.constantFrom('low' as const, 'medium' as const, 'high' as const)

export const anyRule = fc
  .record(
    {
      action: fc.constantFrom(
        '*',
        'http.request',
        'http.*',
        'files.*',
        'open_url',
        'delete_file',
        'send_request',
      ),
      hosts: fc.array(host, { minLength: 1, maxLength: 2 }),
      folders: fc.array(folder, { minLength: 1, maxLength: 2 }),
      approval,
      risk,
      deny: fc.array(place, { minLength: 1, maxLength: 2 }),
      allow: fc.array(place, { minLength: 1, maxLength: 3 }),
      timeout: fc.integer({ min: 1, max: 3_600 }),
    },
    { requiredKeys: ['approval'] },
  )
  .filter(rule => Object.keys(rule).length < 6)

export const anyPolicy: fc.Arbitrary<Policy> = fc
  .record({
    rules: fc.array(anyRule, { maxLength: 4 }),
    approval_by_risk: fc.record({ low: approval, medium: approval, high: approval }, { requiredKeys: [] }),
  })
  .map(({ rules, approval_by_risk }) => policyOf(rules, { approval_by_risk }))
