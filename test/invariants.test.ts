import { globSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { idsIn, provenBy, titlesOf } from './support/titles.ts'

const root = path.dirname(import.meta.dirname)
const document = readFileSync(path.join(root, 'docs/invariants.md'), 'utf8')
const rows = [...document.matchAll(/^\| ([A-Z]\d+) +\| (.+?) +\| (\w+) +\|$/gm)].map(
  ([, id = '', promise = '', status = '']) => ({ id, promise, status }),
)
const files = globSync(['src/**/*.test.ts', 'test/**/*.test.ts'], { cwd: root }).filter(
  file => file !== path.join('test', 'invariants.test.ts'),
)
const titles = files.flatMap(file =>
  titlesOf(readFileSync(path.join(root, file), 'utf8')).map(title => ({ ...title, file })),
)

describe('the list of invariants', () => {
  it('has every ID once, numbered without gaps, built or later', () => {
    const counts = { J: 12, S: 6, R: 8, O: 3, P: 6, M: 6 }
    const expected = Object.entries(counts).flatMap(([letter, count]) =>
      Array.from({ length: count }, (_, index) => `${letter}${String(index + 1)}`),
    )
    expect(rows.map(row => row.id)).toEqual(expected)
    expect(rows.filter(row => row.status !== 'built' && row.status !== 'later')).toEqual([])
  })

  it('has a test that proves each built invariant', () => {
    const proven = new Set(titles.flatMap(title => provenBy(title.text)))
    const unproven = rows.filter(row => row.status === 'built' && !proven.has(row.id))
    expect(unproven.map(row => `${row.id} ${row.promise}`)).toEqual([])
  })

  it('has every ID that a test title cites', () => {
    const known = new Set(rows.map(row => row.id))
    const strangers = titles.filter(title => idsIn(title.text).some(id => !known.has(id)))
    expect(strangers.map(({ file, line, text }) => `${file}:${String(line)} ${text}`)).toEqual([])
  })

  it('has every ID that a comment cites', () => {
    const known = new Set(rows.map(row => row.id))
    const strangers = globSync('{src,test,bench}/**/*.ts', { cwd: root }).flatMap(file => {
      const comments = readFileSync(path.join(root, file), 'utf8').match(/^ *(\/\*\*|\*|\/\/).*$/gm) ?? []
      return idsIn(comments.join('\n')).flatMap(id => (known.has(id) ? [] : [`${file} ${id}`]))
    })
    expect(strangers).toEqual([])
  })
})

describe('reading test titles', () => {
  it('finds cases however they are written, and no idle ones', () => {
    const source = `
      it('J1 plain', () => {})
      test.each([
        [1, ')'],
      ])("J2 table %i", () => {})
      it.skipIf(process.platform === 'win32')(\`J3 \${name} template\`, () => {})
      it.each\`a\n\${1}\`('J4 tagged', () => {})
      it.skip('J5 skipped', () => {})
      it.todo('J6 planned')
      it.fails('J7 broken', () => {})
      // it('J8 comment')
      const text = "it('J9 data')"`
    expect(titlesOf(source)).toEqual([
      { text: 'J1 plain', line: 2 },
      { text: 'J2 table %i', line: 3 },
      { text: 'J3 … template', line: 6 },
      { text: 'J4 tagged', line: 7 },
    ])
  })

  it('takes for proven what a title begins with', () => {
    expect(provenBy('J3 J12, S1: replays')).toEqual(['J3', 'J12', 'S1'])
    expect(provenBy('replays as J3 says')).toEqual([])
    expect(provenBy('S256 is no invariant')).toEqual([])
  })
})
