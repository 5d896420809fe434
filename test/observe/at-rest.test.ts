import { fork } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import path from 'node:path'
import { afterEach, expect, it } from 'vitest'
import { CODE_FOLDER } from '../../src/main/code-cache.ts'
import { removeHome, temporaryHome } from '../server/api.ts'

const root = path.join(import.meta.dirname, '../..')
const home = temporaryHome()
let core: ChildProcess | undefined

afterEach(() => {
  core?.kill('SIGKILL')
  removeHome(home)
})

/** Large, and needed by none of what a core does at rest. */
const LATER = [
  '@ai-sdk/anthropic',
  '@ai-sdk/google',
  '@ai-sdk/openai',
  '@ai-sdk/openai-compatible',
  '@mozilla/readability',
  '@opentelemetry/api',
  '@opentelemetry/sdk-trace',
  'cheerio',
  'feedsmith',
  'html-to-text',
  'ical.js',
  'linkedom',
  'sharp',
  'turndown',
  'undici',
  'unpdf',
]

it('a core at rest has loaded nothing that waits for its first use', { timeout: 60_000 }, async () => {
  core = fork(path.join(root, 'src/main/cli.ts'), ['serve', '--port', '0'], {
    execPath: process.execPath,
    execArgv: ['--import', path.join(root, 'test/support/loaded-packages.ts')],
    // As after its new beginning, which would lose the channel.
    env: { ...process.env, STEWARD_HOME: home, NODE_COMPILE_CACHE: CODE_FOLDER },
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
  })
  const child = core
  await new Promise(resolve => child.stdout?.once('data', resolve))
  const loaded = await new Promise<string[]>(resolve => {
    child.once('message', message => {
      resolve(message as string[])
    })
    child.send('?')
  })
  expect(loaded).toContain('better-sqlite3')
  expect(loaded.filter(name => LATER.includes(name))).toEqual([])
})
