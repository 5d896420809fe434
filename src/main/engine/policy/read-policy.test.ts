import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { SEED_POLICY } from '../../../../test/support/policy-files.ts'
import { isFailureError } from '../../../domain/failure.ts'
import { readPolicy } from './read-policy.ts'

async function refusal(source: string): Promise<string> {
  try {
    await readPolicy(source)
  } catch (error) {
    if (isFailureError(error) && error.failure.kind === 'invalid-input') return error.message
    throw error
  }
  throw new Error('it was taken')
}

describe('reading a policy file', () => {
  it('P2 takes it as the logical architecture writes it', async () => {
    const { policy } = await readPolicy(SEED_POLICY)
    expect(policy.rules).toMatchObject([
      { name: 'file_deletion', actions: ['delete_file'], approval: 'ask', risk: 'high', timeoutMs: null },
      { name: 'web_browsing', actions: ['open_url'], approval: 'auto', deny: ['*.onion', 'malware-db.com'] },
      {
        name: 'code_execution',
        actions: ['execute_code'],
        approval: 'auto',
        risk: 'medium',
        timeoutMs: 30_000,
      },
    ])
  })

  it('P2 tells all that is wrong, each with its line and its path', async () => {
    const source = `version: "1.0"
rules:
  - name: one
    action: delete_file
    aproval: ask
  - name: two
    approval: ask
    deny:
      - a.com
      - A.com
  - name: two
    approval: perhaps
`
    expect(await refusal(source)).toBe(
      'The policy was refused for 4 reasons; nothing was changed. ' +
        'Line 3, rules[0].name: says nothing about what it matches: give it approval, allow, deny, risk or timeout. ' +
        'Line 5, rules[0]: does not know “aproval”. ' +
        'Line 10, rules[1].deny[1]: is neither a host in lower case (*.example.com), nor a folder without “..”, nor an address (@example.com), nor connection:name. ' +
        'Line 12, rules[2].approval: must be one of "auto", "ask", "deny".',
    )
    expect(await refusal('rules: []\n')).toContain('Line 1, version: is not “1.0”.')
    expect(await refusal('version: 1\nrules:\n  - approval: ask\n')).toContain(
      'Line 3, rules[0].name: is missing.',
    )
  })

  it.each([
    ['nothing', '', 'Line 1, the file: '],
    ['a list', '- a\n- b\n', 'Line 1, the file: '],
    ['an open list', 'version: 1\nrules: [\n', 'is not YAML'],
    ['a key twice', 'version: 1\nversion: 1\nrules: []\n', 'Line 2, the file: is not YAML: '],
    ['an anchor', 'version: 1\nrules: &all []\n', 'Line 2, the file: has an anchor or alias'],
    ['an alias', 'a: &a [x]\nb: *a\n', 'has an anchor or alias'],
    ['a tag', 'version: 1\nrules: !mine []\n', 'Line 2, the file: '],
    ['a list for a key', 'version: 1\n? [a]\n: b\n', 'Line 2, the file: has a key that is not a word'],
    ['two documents', 'version: 1\nrules: []\n---\nversion: 1\n', 'is not YAML'],
    ['a tabulator', 'version: 1\nrules:\n\t- name: a\n', 'Line 3, the file: is not YAML'],
    [
      'brackets in brackets',
      `version: 1\nrules: ${'['.repeat(5_000)}`,
      'Line 2, the file: is nested deeper than 32',
    ],
    [
      'lists in lists',
      `version: 1\nrules:\n  ${'- '.repeat(5_000)}x`,
      'Line 3, the file: is nested deeper than 32',
    ],
    [
      'maps in maps',
      Array.from({ length: 500 }, (_, i) => `${' '.repeat(i)}a:`).join('\n'),
      'is nested deeper',
    ],
    ['too much', '#'.repeat(262_145), 'is longer than 262144 characters'],
  ])('P2 refuses %s', async (_what, source, message) => {
    expect(await refusal(source)).toContain(message)
  })

  it('P2 ends in rules or in a refusal, whatever it is given', async () => {
    const piece = fc.oneof(
      fc.constantFrom(
        'version: 1',
        'rules:',
        '- name: a',
        'approval: ask',
        ': ',
        '[',
        '{',
        '"',
        "'",
        '|',
        '\t',
        '&a',
        '*a',
        '!!set',
        '? ',
      ),
      fc.string({ maxLength: 8 }),
    )
    const line = fc
      .tuple(fc.integer({ min: 0, max: 8 }), piece)
      .map(([indent, text]) => ' '.repeat(indent) + text)
    await fc.assert(
      fc.asyncProperty(fc.array(line, { maxLength: 12 }), async lines => {
        try {
          await readPolicy(lines.join('\n'))
        } catch (error) {
          if (!isFailureError(error)) throw error
          expect(error.failure.kind).toBe('invalid-input')
        }
      }),
      { numRuns: 500 },
    )
  })
})
