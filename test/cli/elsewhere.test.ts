import fs from 'node:fs'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { until } from '../support/world.ts'
import { Steward } from './steward.ts'

let steward: Steward
let runId: string

beforeAll(async () => {
  steward = new Steward()
  await steward.serve()
  const source = steward.write('one.js', 'export default () => 1')
  const contract = steward.write('contract.json', (await steward.run('dev', 'contract', source)).out)
  await steward.run('dev', 'install', '--name', 'one', '--script', source, '--contract', contract)
  runId = String((await steward.run('run', 'one', '--wait', '--json')).json()['runId'])
}, 60_000)
afterAll(() => {
  steward.end()
})

const at = (name: string) => path.join(steward.folder, name)

describe('steward export', () => {
  it('writes a file of its own, whole or not at all', { timeout: 60_000 }, async () => {
    const done = await steward.run('export', 'runs', at('runs.csv'), '--automation', 'one', '--json')
    const text = fs.readFileSync(at('runs.csv'), 'utf8')
    expect(text).toMatch(new RegExp(`^id,automation,.*\\r\\n${runId},one,`))
    expect(done.json()).toEqual({ file: at('runs.csv'), bytes: text.length })
    expect(fs.statSync(at('runs.csv')).mode & 0o777).toBe(0o600)
    const again = await steward.run('export', 'runs', at('runs.csv'))
    expect(again).toMatchObject({ code: 2, err: expect.stringContaining('already') as string })
    expect((await steward.run('export', 'audit', at('audit.ndjson'))).code).toBe(0)
    const [row = ''] = fs.readFileSync(at('audit.ndjson'), 'utf8').split('\n')
    expect(JSON.parse(row)).toHaveProperty('seq')
    for (const args of [
      ['runs', at('x.csv'), '--automation', 'none'],
      ['audit', at('x.csv'), '--automation', 'one'],
      ['runs', at('x.csv'), '--format', 'xlsx'],
      ['everything', at('x.csv')],
    ])
      expect((await steward.run('export', ...args)).code, args.join(' ')).toBe(2)
    expect((await steward.run('export', 'runs', at('none/x.csv'))).code).toBe(1)
    expect(fs.readdirSync(steward.folder).filter(name => /part$|^x/.test(name))).toEqual([])
  })
})

describe('steward watch', () => {
  it('prints what changes until it is stopped', { timeout: 60_000 }, async () => {
    const watching = steward.begin('watch')
    await until(() => watching.text().includes('listening'), 'nothing was shown')
    const { json } = await steward.run('run', 'one', '--wait', '--json')
    const id = String(json()['runId'])
    await until(() => watching.text().includes(`run  ${id}  succeeded`), 'the run was not shown')
    watching.child.kill('SIGINT')
  })
})
