import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { contractSchema } from './contract.ts'
import { grantText } from './grant-text.ts'
import { approvalSubject } from './policy.ts'

const { changes } = contractSchema.parse({
  schema: 1,
  title: 'Tidy',
  promise: 'Tidies.',
  zone: 'UTC',
  uses: ['tools/files'],
  reads: {},
  when: [],
  changes: [{ tool: 'files.move', paths: ['/home/ada/in'], approval: 'first-time' }],
})
const [clause = expect.unreachable()] = changes

describe('a grant in words', () => {
  it('says the tool and every place', () => {
    const paths = [{ path: '/home/ada/in/a.txt', access: 'write' as const }]
    expect(grantText(approvalSubject({ tool: 'files.move', touches: { paths } }, clause))).toBe(
      'files.move to write /home/ada/in',
    )
    const touches = { hosts: ['B.example', 'a.example'], method: 'POST', recipients: ['Ada@x.org'] }
    expect(grantText(approvalSubject({ tool: 'http.post', touches }, clause))).toBe(
      'http.post (POST) at a.example, b.example to ada@x.org',
    )
    const mail = { accounts: ['gmail:ada'] }
    expect(grantText(approvalSubject({ tool: 'mail.send', touches: mail }, clause))).toBe(
      'mail.send as gmail:ada',
    )
  })

  it('P6 shows whatever a row holds, and nothing that hides or rearranges it', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.string().map(text => `tool {${text}}`),
          fc.json(),
        ),
        subject => {
          expect(grantText(subject)).toBeTypeOf('string')
        },
      ),
    )
    const touches = { hosts: ['a\u202eb.example'] }
    expect(grantText(approvalSubject({ tool: 'http.get', touches }, clause))).not.toContain('\u202e')
  })
})
