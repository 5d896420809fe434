/** `policy` and `grants` as people type them: a file taken in, looked at beforehand and taken away; a grant revoked. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { serveHeld } from '../support/held-site.ts'
import type { HeldSite } from '../support/held-site.ts'
import { Steward } from './steward.ts'

let steward: Steward
let site: HeldSite
const run = (...args: string[]) => steward.run(...args)

beforeAll(async () => {
  site = await serveHeld()
  steward = new Steward()
  await steward.serve()
  const script = steward.write(
    'script.js',
    `import { post } from 'tools/http'\nexport default event => post('${site.url('/post')}', event).then(() => 1)`,
  )
  const contract = steward.write(
    'contract.json',
    JSON.stringify({
      schema: 1,
      title: 'Posts',
      promise: 'Posts.',
      zone: 'UTC',
      when: [{ kind: 'manual' }],
      uses: ['tools/http'],
      reads: {},
      changes: [{ tool: 'http.post', hosts: [site.host], approval: 'first-time' }],
    }),
  )
  const installed = await run('dev', 'install', '--name', 'posts', '--script', script, '--contract', contract)
  expect(installed).toMatchObject({ code: 0, err: '' })
})
afterAll(async () => {
  steward.end()
  await site.close()
})

const LONG = 180_000

describe('steward grants', () => {
  it(
    'P3 lists what was allowed for good; what is revoked is gone',
    async () => {
      expect(await run('run', 'posts', '--event', '1', '--wait')).toMatchObject({ code: 4 })
      const [asked] = (await run('inbox', '--json')).json()['items'] as { id: string }[]
      expect(await run('inbox', 'resolve', asked?.id ?? '', 'approve')).toMatchObject({ code: 0 })
      const [grant] = (await run('grants', '--automation', 'posts', '--json')).json()['items'] as {
        id: string
      }[]
      expect(grant).toMatchObject({ kind: 'first-time', automation: { name: 'posts' } })
      expect(await run('grants', 'revoke', grant?.id ?? '')).toMatchObject({ code: 0, err: '' })
      expect((await run('grants')).out).toContain('Nothing is allowed for good.')
    },
    LONG,
  )
})

describe('steward policy', () => {
  it(
    'P1 P2 refuses with lines, previews, takes in, shows in words, and takes away',
    async () => {
      const bad = steward.write('bad.yaml', 'version: "1.0"\nrules:\n  - name: a\n    deny: [Example.com]\n')
      const refused = await run('policy', 'import', bad)
      expect(refused).toMatchObject({ code: 2, out: '' })
      expect(refused.err).toContain('Line 4, rules[0].deny[0]: ')
      const rules = 'rules:\n  - {name: no posts, action: http.post, approval: deny}\n'
      const file = steward.write('policy.yaml', `version: "1.0"\n${rules}`)
      expect((await run('policy', 'preview', file)).out).toMatch(
        /Different +1 step[\s\S]* posts +ask → deny /,
      )
      const imported = await run('policy', 'import', file)
      expect(imported.out).toMatch(
        /in force from the next decision on[\s\S]*no posts\n +For http\.post\n +Denies it/,
      )
      expect(await run('run', 'posts', '--event', '4', '--wait')).toMatchObject({ code: 1 })
      expect(await run('policy', 'remove')).toMatchObject({ code: 0 })
      expect((await run('policy', 'versions')).out).toMatch(/\n2 .*taken away\n1 /)
      expect(site.paths()).toEqual(['/post'])
    },
    LONG,
  )
})
