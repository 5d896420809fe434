import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'

const root = path.dirname(import.meta.dirname)

describe('what the gate counts', () => {
  let folder = ''

  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'steward-count-'))
  })

  afterEach(() => rmSync(folder, { recursive: true, force: true }))

  function countOf(files: Record<string, string>): unknown {
    for (const [name, text] of Object.entries(files)) writeFileSync(path.join(folder, name), text)
    const file = path.join(folder, 'count.json')
    const reporter = path.join(root, 'test/support/count-reporter.ts')
    const args = ['run', '--root', folder, '--globals', `--reporter=${reporter}`]
    const env = { ...process.env, STEWARD_TEST_COUNT: file }
    spawnSync(path.join(root, 'node_modules/.bin/vitest'), args, { env, stdio: 'ignore' })
    return JSON.parse(readFileSync(file, 'utf8'))
  }

  it('counts passed, failed, skipped and planned tests', () => {
    const cases = `
      it('a', () => {})
      it('b', () => { throw new Error('b') })
      it.skip('c', () => {})
      it.todo('d')
      describe('e', () => { it('f', () => {}) })`
    expect(countOf({ 'a.test.js': cases })).toEqual({ passed: 2, failed: 1, skipped: 2 })
  })

  it('counts a file that does not load, a broken hook and an error outside a test as failures', () => {
    const files = {
      'load.test.js': "throw new Error('load')",
      'hook.test.js':
        "describe('s', () => { afterAll(() => { throw new Error('hook') }); it('a', () => {}) })",
      'stray.test.js': "it('b', () => { void Promise.reject(new Error('stray')) })",
    }
    expect(countOf(files)).toEqual({ passed: 2, failed: 3, skipped: 0 })
  })
})
