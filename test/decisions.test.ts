import { globSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'

const root = path.dirname(import.meta.dirname)
const versions = z.record(z.string(), z.string())
const manifest = z
  .object({ dependencies: versions, devDependencies: versions })
  .parse(JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')))
const dependencies = Object.entries({ ...manifest.dependencies, ...manifest.devDependencies })
const records = globSync('docs/decisions/*.md', { cwd: root })
const text = records.map(file => readFileSync(path.join(root, file), 'utf8')).join('\n')

describe('decision records', () => {
  it('name every dependency with the version that is pinned', () => {
    const missing = dependencies.filter(([name, version]) => !text.includes(`\`${name}\` ${version}`))
    expect(missing).toEqual([])
  })

  it('stand beside dependencies that are pinned exactly', () => {
    expect(dependencies.filter(([, version]) => !/^\d+\.\d+\.\d+(-[\w.]+)?$/.test(version))).toEqual([])
  })

  it('are numbered once each', () => {
    const numbers = records.map(file => path.basename(file).slice(0, 4))
    expect(numbers.filter(number => !/^\d{4}$/.test(number))).toEqual([])
    expect(new Set(numbers).size).toBe(numbers.length)
  })
})
