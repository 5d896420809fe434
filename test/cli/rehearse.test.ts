import { spawn } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { serveHeld } from '../support/held-site.ts'
import type { HeldSite } from '../support/held-site.ts'
import { Steward } from './steward.ts'

const CLI = path.join(import.meta.dirname, '../../src/main/cli.ts')

let steward: Steward
let site: HeldSite
let files: string[]

beforeAll(async () => {
  site = await serveHeld()
  steward = new Steward()
  await steward.serve()
  const root = path.join(steward.folder, 'papers')
  fs.mkdirSync(root)
  const script = steward.write(
    'script.js',
    `import { get, post } from 'tools/http'
import { move } from 'tools/files'
import { set } from 'tools/state'
export default async event => {
  await get('${site.url('/page')}')
  await move('${root}/a.pdf', '${root}/b.pdf')
  await set('last', 1)
  try { await post('${site.url('/send')}', event) } catch (error) { return error.code }
}`,
  )
  fs.writeFileSync(path.join(root, 'a.pdf'), 'A')
  const contract = steward.write(
    'contract.json',
    JSON.stringify({
      schema: 1,
      title: 'Papers',
      promise: 'Moves papers.',
      zone: 'UTC',
      when: [{ kind: 'manual' }],
      uses: ['tools/http', 'tools/files', 'tools/state'],
      reads: { hosts: [site.host], paths: [root] },
      changes: [{ tool: 'files.move', paths: [root], approval: 'always' }],
      done: [
        { kind: 'file-exists', path: path.join(root, 'b.pdf') },
        { kind: 'effects-at-least', tool: 'files.move', count: 1 },
      ],
    }),
  )
  files = ['--script', script, '--contract', contract]
})
afterAll(async () => {
  steward.end()
  await site.close()
})

describe('steward rehearse', () => {
  it('S6 shows what was read, what would have been done, asked and refused, and whether it were done', async () => {
    const end = await steward.run('dev', 'rehearse', ...files, '--event', '{"a":1}', '--payloads')
    expect(end).toMatchObject({ code: 0, err: '' })
    for (const part of [
      /^Rehearsed +Papers\nScript +[0-9a-f]{64}\nOutcome +the script came to its end/,
      new RegExp(`Was read\\n  Asked GET ${site.host}/page: 200 \\(`),
      /Changes\n {2}Would have renamed a\.pdf to b\.pdf\n {4}It would have asked you first: .*every one/,
      /\n {2} {2}\| from: .*a\.pdf/,
      /In Steward's own data\n {2}Would have remembered “last”/,
      /Refused\n {2}http\.post was refused: No clause of Changes/,
      /Done when\n {2}Cannot be judged in a rehearsal: .*b\.pdf exists.*\n {2}Holds: files\.move changed at least 1/,
      /Result\n {2}"not-permitted"/,
      /Nothing was changed, sent or remembered\.\n$/,
    ])
      expect(end.out).toMatch(part)
    expect(site.seen.map(request => request.method)).toEqual(['GET'])
    expect(fs.existsSync(path.join(steward.folder, 'papers', 'b.pdf'))).toBe(false)
  })

  it('S6 O2 rehearses what is installed, whose hash is the one that was shown before', async () => {
    const before = (await steward.run('dev', 'rehearse', ...files, '--json')).json()
    const { hash } = before['script'] as { hash: string }
    const installing = ['dev', 'install', '--name', 'papers', ...files, '--rehearsed']
    expect(await steward.run(...installing, '0000')).toMatchObject({ code: 2 })
    expect(await steward.run(...installing, hash)).toMatchObject({ code: 0 })
    const after = (await steward.run('rehearse', 'papers', '--json')).json()
    expect(after).toMatchObject({ state: 'returned', script: { hash, version: '1.0' } })
    expect((await steward.run('runs', '--json')).json()).toMatchObject({ items: [] })
  })

  it('S6 is stopped by Ctrl-C, which leaves the core alone', async () => {
    site.hold('/page')
    const asked = site.seen.length
    const child = spawn(process.execPath, [CLI, 'dev', 'rehearse', ...files, '--json'], {
      env: { ...process.env, STEWARD_HOME: steward.home },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    let out = ''
    child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()))
    const ended = new Promise<number | null>(resolve => child.once('close', resolve))
    await expect.poll(() => site.seen.length).toBe(asked + 1)
    child.kill('SIGINT')
    expect(await ended).toBe(1)
    expect(JSON.parse(out)).toMatchObject({ state: 'stopped', failure: { name: 'Stopped' } })
    site.release('/page')
    expect(await steward.run('dev', 'rehearse', ...files)).toMatchObject({ code: 0 })
  })

  it('ends with 1 when it failed or was stopped in time, and with 2 when there is nothing to rehearse', async () => {
    site.hold('/page')
    const late = await steward.run('dev', 'rehearse', ...files, '--seconds', '1')
    expect(late).toMatchObject({ code: 1 })
    expect(late.out).toMatch(/took longer than 1 s and was stopped/)
    expect(await steward.run('rehearse', 'none')).toMatchObject({ code: 2 })
    site.release('/page')
  })
})
