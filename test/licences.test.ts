import { readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'

/** What an MIT desktop app may ship: permissive, and needing no more than the notice that comes along. */
const PERMISSIVE = new Set([
  '0BSD',
  'Apache-2.0',
  'BlueOak-1.0.0',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'CC0-1.0',
  'ISC',
  'MIT',
  'MIT-0',
  'Unlicense',
  'Zlib',
])

/** Weak copyleft that covers its own files only: they ship unmodified and apart, with their notice. */
const APART: readonly RegExp[] = [/^node_modules\/ical\.js$/, /^node_modules\/@img\/sharp-/]

const root = path.dirname(import.meta.dirname)
const entry = z.object({ license: z.string().optional(), dev: z.boolean().optional(), version: z.string() })
const lockfile = z
  .object({ packages: z.record(z.string(), entry) })
  .parse(JSON.parse(readFileSync(path.join(root, 'package-lock.json'), 'utf8')))

const shipped = Object.entries(lockfile.packages)
  .filter(([folder, { dev }]) => folder !== '' && dev !== true)
  .map(([folder, { license, version }]) => ({ folder, license, version }))

/** SPDX expressions of one level: any of `A OR B`, all of `A AND B`. */
function isPermissive(license: string): boolean {
  const bare = license.replace(/[()]/g, '')
  if (bare.includes(' OR ')) return bare.split(' OR ').some(isPermissive)
  return bare.split(' AND ').every(name => PERMISSIVE.has(name.trim()))
}

describe('licences of what ships', () => {
  it('are permissive, for every package of production', () => {
    expect(shipped.length).toBeGreaterThan(20)
    const others = shipped
      .filter(({ license }) => license === undefined || !isPermissive(license))
      .filter(({ folder }) => !APART.some(known => known.test(folder)))
    expect(others).toEqual([])
  })

  it('are refused when they are not', () => {
    const licences = [
      'GPL-3.0-only',
      'MIT AND GPL-2.0-only',
      '(AGPL-3.0 OR SSPL-1.0)',
      'SEE LICENSE IN FILE',
      '',
    ]
    expect(licences.filter(isPermissive)).toEqual([])
    expect(['MIT', '(MIT OR GPL-3.0)', 'MIT AND ISC'].filter(isPermissive)).toHaveLength(3)
  })
})
