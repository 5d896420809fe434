import fs from 'node:fs'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Steward } from './steward.ts'
import type { Ended, Serving } from './steward.ts'

const SCRIPT = `import { ask } from 'tools/flow'
import { set } from 'tools/state'
export default async event => {
  await set('last', event)
  if (event === 'fail') throw new Error('it was told to')
  if (event === 'ask') return ask({ question: 'Go on?', choices: ['yes', 'no'] })
  return { seen: event }
}`

let steward: Steward
let serving: Serving
const run = (...args: string[]): Promise<Ended> => steward.run(...args)

beforeAll(async () => {
  steward = new Steward()
  serving = await steward.serve()
  const script = steward.write('script.js', SCRIPT)
  const contract = steward.write('contract.json', (await run('dev', 'contract', script)).out)
  const installed = await run(
    'dev',
    'install',
    '--name',
    'job',
    '--script',
    script,
    '--contract',
    contract,
    '--json',
  )
  expect(installed).toMatchObject({ code: 0, err: '' })
  expect(installed.json()).toMatchObject({ name: 'job', version: '1.0', created: true })
})
afterAll(() => {
  steward.end()
})

const runId = (end: Ended): string => String(end.json()['runId'])

describe('steward run', () => {
  it('ends with 0 when the run succeeded, and shows it', async () => {
    const end = await run('run', 'job', '--event', '{"a":1}', '--wait', '--json')
    expect(end.code).toBe(0)
    expect(end.json()).toMatchObject({ run: { state: 'succeeded', result: { seen: { a: 1 } } } })
    const shown = await run('runs', 'show', runId(end), '--json')
    expect(shown.json()).toMatchObject({ state: 'succeeded', steps: [{ tool: 'state.set', ok: true }] })
    const text = await run('runs', 'show', runId(end))
    expect(text.out).toMatch(/State +succeeded[\s\S]*Nothing was changed\.[\s\S]*Remembered “last”/)
  })

  it('ends with 1 when the run failed, and retry goes on with it', async () => {
    const end = await run('run', 'job', '--event', '"fail"', '--wait', '--json')
    expect(end.code).toBe(1)
    expect(end.json()).toMatchObject({ run: { state: 'failed', failure: { kind: 'script-error' } } })
    expect(await run('runs', 'retry', runId(end), '--json')).toMatchObject({ code: 0 })
    expect(await run('runs', 'cancel', 'run_none', '--json')).toMatchObject({ code: 2 })
  })

  it('ends with 4 when it waits for a person, whose answer ends it', async () => {
    const end = await run('run', 'job', '--event', '"ask"', '--wait', '--json')
    expect(end.code).toBe(4)
    const inbox = await run('inbox', '--json')
    const items = inbox.json()['items'] as { id: string; runId: string; cause: string }[]
    const action = items.find(item => item.runId === runId(end))
    expect(action).toMatchObject({ cause: 'Go on?' })
    expect(await run('inbox', 'resolve', action?.id ?? '', 'maybe')).toMatchObject({ code: 2 })
    expect(await run('inbox', 'resolve', action?.id ?? '', 'yes', '--json')).toMatchObject({ code: 0 })
    expect(await run('inbox', 'resolve', action?.id ?? '', 'yes')).toMatchObject({ code: 1 })
    const state = async () => (await run('runs', 'show', runId(end), '--json')).json()['state']
    await expect.poll(state).toBe('succeeded')
  })

  it('ends with 4 when the automation is paused, and the event waits', async () => {
    expect((await run('pause', 'job', '--json')).json()).toMatchObject({ state: 'paused' })
    expect(await run('run', 'job', '--wait', '--json')).toMatchObject({ code: 4 })
    expect((await run('automations', '--json')).json()['items']).toMatchObject([
      { name: 'job', state: 'paused', waitingEvents: 1 },
    ])
    expect((await run('resume', 'job', '--json')).json()).toMatchObject({ state: 'active' })
  })

  it('with a key starts once', async () => {
    await run('run', 'job', '--key', 'k', '--wait')
    expect((await run('run', 'job', '--key', 'k', '--wait', '--json')).json()).toMatchObject({
      duplicate: true,
    })
  })
})

describe('every command', () => {
  it.concurrent.each([
    [['frob'], /unknown command/],
    [['run', 'none'], /There is no automation “none”/],
    [['run', 'job', '--event', '{a}'], /It is not JSON/],
    [['runs', '--limit', 'x'], /whole number/],
    [['runs', '--state', 'x'], /Allowed choices are running/],
    [['gallery', 'add', 'tidy-folder', '--set', 'folder'], /name=value/],
    [['dev', 'check', '/none.js'], /does not exist/],
    [['dev', 'install', '--name', 'x', '--script', '/none.js', '--contract', '/none.json'], /does not exist/],
    [['restore'], /missing required argument/],
  ])('%j is refused with 2, a reason, and nothing but it on stderr', async (args, reason) => {
    const end = await run(...args)
    expect(end).toMatchObject({ code: 2, out: '' })
    expect(end.err).toMatch(reason)
    expect(end.err).not.toMatch(/ at .*\.ts:/)
  })

  it.concurrent.each([
    [['automations']],
    [['automations', 'show', 'job']],
    [['automations', 'changes', 'job']],
    [['runs', '--automation', 'job']],
    [['gallery', 'show', 'tidy-folder']],
    [['dev', 'tools', 'http']],
    [['doctor']],
    [['runs', 'show', 'none']],
    [['runs', '--limit', 'x']],
  ])('%j --json prints one JSON document', async args => {
    const end = await run(...args, '--json')
    expect(typeof end.json()).toBe('object')
    if (end.code !== 0) expect(end.json()).toMatchObject({ error: { code: end.code } })
  })

  it('check ends with 1 where there is something to object to, with its place', async () => {
    const file = steward.write('bad.js', "import { nothing } from 'tools/http'\nexport default () => 1")
    const end = await run('dev', 'check', file)
    expect(end.code).toBe(1)
    expect(end.out).toContain(`${file}:1:10: error: The module “tools/http” offers no “nothing”`)
    const mistyped = `import { get } from 'tools/http'\nexport default async () => (await get('https://a.com')).txt`
    const types = await run('dev', 'check', steward.write('mistyped.js', mistyped))
    expect(types).toMatchObject({ code: 1 })
    expect(types.out).toContain("mistyped.js:2:57: error: Property 'txt' does not exist on type")
  })

  it('P3 shows what a new version grants, first', async () => {
    const script = steward.write('grown.js', 'export default () => 1')
    const contract = (parts: object) => {
      const whole = {
        schema: 1,
        title: 'Grown',
        promise: 'Nothing.',
        zone: 'UTC',
        when: [],
        uses: [],
        reads: {},
      }
      return steward.write('grown.json', JSON.stringify({ ...whole, ...parts }))
    }
    for (const parts of [{}, { models: true, title: 'More' }])
      await run('dev', 'install', '--name', 'grown', '--script', script, '--contract', contract(parts))
    expect((await run('automations', 'changes', 'grown')).out).toBe(
      'Grants more\n  Changes: Never uses a model → Uses a model, which is shown what the script gives it\n\nSays otherwise\n  Title: Grown → More\n',
    )
    expect((await run('automations', 'changes', 'grown', '1.0')).out).toBe(
      'There is no version before 1.0.\n',
    )
  })

  it('shows text from outside without what a terminal would obey', async () => {
    const script = steward.write(
      'odd.js',
      "import { ask } from 'tools/flow'\nexport default () => ask({ question: '\\u001b[2J\\u001b]0;own\\u0007Sure?\\u202e', choices: ['yes'] })",
    )
    const contract = steward.write('odd.json', (await run('dev', 'contract', script)).out)
    await run('dev', 'install', '--name', 'odd', '--script', script, '--contract', contract)
    expect(await run('run', 'odd', '--wait')).toMatchObject({ code: 4 })
    const { out } = await run('inbox')
    expect(out).toContain('Sure?')
    expect(out.replaceAll('\n', '')).not.toMatch(/\p{Cc}/u)
    expect(out).not.toContain('\u202e')
  })

  it('help names every command and what exit codes mean', async () => {
    const { code, out } = await run('--help')
    expect(code).toBe(0)
    for (const name of [
      'serve',
      'run',
      'runs',
      'inbox',
      'gallery',
      'dev',
      'backup',
      'restore',
      'doctor',
      'audit',
      'signal',
      'stop-everything',
    ])
      expect(out).toMatch(new RegExp(`^  ${name} `, 'm'))
    expect(out).toContain('Exit codes: 0')
  })
})

describe('the gallery', () => {
  it('is listed, and one of it is added with settings and runs', async () => {
    const inbox = path.join(steward.folder, 'inbox')
    fs.mkdirSync(inbox)
    fs.writeFileSync(path.join(inbox, 'a.pdf'), 'pdf')
    const added = await run(
      'gallery',
      'add',
      'tidy-folder',
      '--set',
      `folder=${inbox}`,
      '--set',
      'minAgeMinutes=0',
      '--name',
      'tidy',
      '--json',
    )
    expect(added).toMatchObject({ code: 0 })
    const tidied = await run('run', 'tidy', '--wait')
    expect(tidied.code).toBe(0)
    expect(tidied.out).toMatch(/^tidy: succeeded .*\nMoved 1 file\b[^{}]*$/)
    expect(fs.existsSync(path.join(inbox, 'Documents', 'a.pdf'))).toBe(true)
    const shown = (await run('runs', '--automation', 'tidy', '--json')).json()['items'] as { id: string }[]
    expect((await run('runs', 'show', shown[0]?.id ?? '')).out).toMatch(
      /Result +Moved 1 file\b[^{}]*\n[\s\S]*Effects\n {2}Moved .*a\.pdf/,
    )
  })

  it('R7 says of one that is added while everything is stopped that it does not start', async () => {
    const set = ['--set', `folder=${steward.folder}`, '--name', 'later']
    await run('stop-everything')
    const added = await run('gallery', 'add', 'tidy-folder', ...set)
    expect(added.out).toMatch(/It is paused: Everything was stopped\. Go on with: steward resume later$/m)
    expect(await run('resume-everything')).toMatchObject({ code: 0 })
    expect((await run('gallery', 'add', 'tidy-folder', ...set)).out).toMatch(
      /Run it now with: steward run later/,
    )
  })
})

describe('serving', () => {
  it('says one line, and a second one refuses and names the first', async () => {
    expect(serving.line).toBe(`Steward is ready at ${serving.url}`)
    const second = await run('serve', '--port', '0')
    expect(second).toMatchObject({ code: 1, out: '' })
    expect(second.err).toContain(`Another Steward (process ${String(serving.child.pid)}, ${serving.url})`)
  })
})
