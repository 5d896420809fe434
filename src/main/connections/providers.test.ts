import { readFile } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import { complaintsAbout } from '../../../test/support/check-script-types.ts'
import { PROVIDERS } from './providers.ts'

const chapter = await readFile(new URL('../../../docs/07-connectors-auth.md', import.meta.url), 'utf8')

describe('every provider', () => {
  it('is in docs/07-connectors-auth.md, and nothing else is', () => {
    const listed = [...chapter.matchAll(/^\| `([a-z]+)` +\| (?:`[a-z-]+` *)+\|/gm)].map(([, kind]) => kind)
    expect(listed.toSorted()).toEqual(PROVIDERS.map(({ kind }) => kind).toSorted())
  })

  it('has a kind and fields of its own, and asks for a secret wherever it signs in', () => {
    expect(new Set(PROVIDERS.map(({ kind }) => kind)).size).toBe(PROVIDERS.length)
    for (const { kind, fields, auth, takesHosts, origins } of PROVIDERS) {
      expect(new Set(fields.map(({ name }) => name)).size, kind).toBe(fields.length)
      expect(
        fields.some(({ secret }) => secret),
        kind,
      ).toBe(auth.some(way => way !== 'none'))
      expect(takesHosts, kind).toBe(origins === undefined)
    }
  })

  it('sends what it is given to encrypted places only, unless the user says otherwise', () => {
    const fixed = PROVIDERS.flatMap(({ fields, origins }) =>
      fields.every(({ secret }) => secret) ? (origins?.({}) ?? []) : [],
    )
    expect(fixed.length).toBeGreaterThan(0)
    for (const origin of fixed) expect(origin).toMatch(/^https:/)
  })
})

describe('docs/07-connectors-auth.md', () => {
  it('shows a provider that compiles', () => {
    const example = /```ts\n([^]*?)```/.exec(chapter)?.[1] ?? ''
    expect(example).toContain('Provider')
    expect(complaintsAbout('src/main/connections/lamps/lamps.ts', example)).toEqual([])
    expect(
      complaintsAbout('src/main/connections/lamps/lamps.ts', example.replace("'bearer'", "'pigeon'")),
    ).toHaveLength(1)
  })
})
