import { spawnSync } from 'node:child_process'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import manifest from '../package.json' with { type: 'json' }

const root = path.dirname(import.meta.dirname)

describe('the Node that everything runs on', () => {
  it('is the one the checkout brings, in this test', () => {
    expect(process.version).toBe(`v${manifest.devDependencies.node}`)
  })

  it('is the one the checkout brings, in every script, whatever the system has', () => {
    const folders = (process.env['PATH'] ?? '').split(path.delimiter)
    const bare = folders.filter(folder => !folder.includes('node_modules')).join(path.delimiter)
    const npm = spawnSync(
      'npm',
      ['exec', '--no', '--silent', '--', 'node', '-p', 'JSON.stringify(process.versions)'],
      {
        cwd: root,
        env: { PATH: bare, HOME: process.env['HOME'] },
        encoding: 'utf8',
      },
    )
    expect(z.object({ node: z.string() }).parse(JSON.parse(npm.stdout)).node).toBe(
      manifest.devDependencies.node,
    )
  })
})
