import fs from 'node:fs'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { answers } from '../../src/main/server/answers.ts'
import { Steward } from './steward.ts'

let steward: Steward
let root: string
let runId: string

beforeAll(async () => {
  steward = new Steward()
  await steward.serve()
  root = path.join(steward.folder, 'papers')
  fs.mkdirSync(root)
  fs.writeFileSync(path.join(root, 'a.txt'), 'A')
  const script = steward.write(
    'script.js',
    `import { move, write } from 'tools/files'
import { send } from 'tools/notify'
export default async () => {
  await move('${root}/a.txt', '${root}/b.txt')
  await write('${root}/c.txt', 'C')
  await send('Moved', 'a.txt')
}`,
  )
  const contract = steward.write(
    'contract.json',
    JSON.stringify({
      schema: 1,
      title: 'Papers',
      promise: 'Moves papers.',
      zone: 'UTC',
      when: [{ kind: 'manual' }],
      uses: ['tools/files', 'tools/notify'],
      reads: { paths: [root] },
      changes: ['files.move', 'files.write'].map(tool => ({ tool, paths: [root], approval: 'never' })),
    }),
  )
  await steward.run('dev', 'install', '--name', 'papers', '--script', script, '--contract', contract)
  const ran = await steward.run('run', 'papers', '--wait', '--json')
  runId = String((ran.json()['run'] as Record<string, unknown>)['id'])
}, 120_000)
afterAll(() => {
  steward.end()
})

const names = () => fs.readdirSync(root).toSorted()

describe('runs undo', () => {
  it('shows what can be taken back and what cannot, and takes nothing back unasked', async () => {
    const shown = await steward.run('runs', 'undo', runId, '--preview')
    expect(shown).toMatchObject({ code: 0, err: '' })
    expect(shown.out).toMatch(
      /Can be taken back, in this order\n {2}Wrote c\.txt .*\n {2}Renamed a\.txt to b\.txt/,
    )
    expect(shown.out).toMatch(/Cannot be taken back\n {2}Notified you: “Moved”\. It was shown already\./)
    const asked = await steward.run('runs', 'undo', runId)
    expect(asked.code).toBe(2)
    expect(asked.err).toContain('--yes')
    expect(names()).toEqual(['b.txt', 'c.txt'])
  }, 120_000)

  it('takes it back, says what stands and why, and does so once', async () => {
    fs.writeFileSync(path.join(root, 'c.txt'), 'mine')
    const done = await steward.run('runs', 'undo', runId, '--yes')
    expect(done.code).toBe(1)
    expect(done.out).toContain('1 step was taken back.')
    expect(done.out).toMatch(
      /Not taken back\n.*It was shown already\.\n {2}Wrote c\.txt\. .*has changed since/,
    )
    expect(names()).toEqual(['a.txt', 'c.txt'])
    const again = await steward.run('runs', 'undo', runId, '--step', 'stp_unknown', '--yes')
    expect(again.code).not.toBe(0)
    fs.writeFileSync(path.join(root, 'c.txt'), 'C')
    const rest = await steward.run('runs', 'undo', runId, '--yes', '--json')
    expect(answers.Undo.parse(rest.json())).toMatchObject({ state: 'ended', counts: { undone: 1 } })
    expect(names()).toEqual(['a.txt'])
    const effects = (await steward.run('runs', 'show', runId)).out
    expect(effects).toContain('Undone: Wrote c.txt')
    const twice = await steward.run('runs', 'undo', runId, '--yes')
    expect(twice.err).toContain('had been undone already')
  }, 120_000)
})
