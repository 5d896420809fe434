import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { SEED_POLICY } from '../support/policy-files.ts'
import { install, startCore } from './api.ts'
import type { TestCore } from './api.ts'

let steward: TestCore

beforeAll(async () => {
  steward = await startCore()
})
afterAll(() => steward.end())

const importing = (source: string) =>
  steward.call({ method: 'POST', path: '/api/v1/policy', json: { source } })

describe('the policy file over the API', () => {
  it('P2 is refused with the line of what is wrong, taken in, shown in words, and taken away', async () => {
    const refused = await importing('version: "1.0"\nrules:\n  - name: a\n    approval: maybe\n')
    expect(refused.status).toBe(422)
    expect(refused.json?.['detail']).toContain('Line 4, rules[0].approval: ')
    expect((await steward.call({ path: '/api/v1/policy' })).json).toEqual({ policy: null })
    const taken = await importing(SEED_POLICY)
    expect(taken).toMatchObject({ status: 200, json: { policy: { version: 1, source: SEED_POLICY } } })
    expect(taken.json?.['policy']).toMatchObject({
      rules: [
        {
          name: 'file_deletion',
          lines: ['For delete_file', 'Asks every time', 'Counts as high risk at least'],
        },
        { name: 'web_browsing' },
        { name: 'code_execution' },
      ],
      warnings: [expect.stringContaining('execute_code never happens') as unknown],
    })
    const gone = await steward.call({ method: 'DELETE', path: '/api/v1/policy' })
    expect(gone).toMatchObject({ status: 200, json: { policy: null } })
    expect((await steward.call({ method: 'DELETE', path: '/api/v1/policy' })).status).toBe(422)
    const versions = await steward.call({ path: '/api/v1/policy/versions?limit=1' })
    expect(versions.json?.['items']).toMatchObject([{ version: 2, removed: true }])
    const older = await steward.call({
      path: `/api/v1/policy/versions?cursor=${String(versions.json?.['next'])}`,
    })
    expect(older.json).toMatchObject({ items: [{ version: 1, removed: false }], next: null })
  })

  it('P1 says what it would have decided', async () => {
    await install(steward, 'remembers', `import { set } from 'tools/state'\nexport default () => set('a', 1)`)
    const events = '/api/v1/automations/remembers/events?wait=20000'
    await steward.call({ method: 'POST', path: events, json: { payload: null } })
    const source = 'version: 1\nrules:\n  - name: nothing kept\n    action: state.*\n    approval: deny\n'
    const seen = await steward.call({ method: 'POST', path: '/api/v1/policy/preview', json: { source } })
    expect(seen).toMatchObject({
      status: 200,
      json: {
        items: [{ automation: { name: 'remembers' }, tool: 'state.set', was: 'allow', would: 'deny' }],
        would: { deny: 1 },
        next: null,
      },
    })
  })
})
