/** The policy file over real runs: from the next decision on, for every automation, never milder than the contract. */
import fs from 'node:fs'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import type { Json } from '../../src/domain/json.ts'
import { approvalOf } from '../../src/main/store/actions.ts'
import { auditRows } from '../../src/main/store/audit.ts'
import { listPolicies } from '../../src/main/store/policies.ts'
import { failureOfWatch } from '../../src/main/store/watches.ts'
import { contractOf } from '../../src/main/store/workflows.ts'
import { waitsOfRun } from '../../src/main/store/waits.ts'
import { actionOf, forSite, inState, openKinds, resolve, untilAsked } from '../support/engine-tests.ts'
import { serveHeld } from '../support/held-site.ts'
import type { HeldSite } from '../support/held-site.ts'
import { serveHttp } from '../support/loopback-server.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { SEED_POLICY } from '../support/policy-files.ts'
import { activate, nextLook, untilTold, watchOf } from '../triggers/watching.ts'
import { createWorld, tempFolder, until } from '../support/world.ts'
import type { World } from '../support/world.ts'

let site: HeldSite
let world: World
let clock: ManualClock

beforeEach(async () => {
  clock = new ManualClock()
  site = await serveHeld()
  world = await createWorld({ clock })
})
afterEach(async () => {
  await world.stop()
  await site.close()
  fs.rmSync(world.folder, { recursive: true, force: true })
})

const importing = (rules: object[]) =>
  world.engine.policies.import(
    JSON.stringify({
      version: '1.0',
      rules: rules.map((rule, n) => ({ name: `rule ${String(n)}`, ...rule })),
    }),
  )

/** Reads, then posts; answers with what kept it from posting. */
const READ_AND_POST = () => `
  import { get, post } from 'tools/http'
  export default async function run() {
    await get('${site.url('/read')}')
    try { await post('${site.url('/post')}', {}) } catch (error) { return { code: error.code, message: error.message } }
    return { code: null }
  }`
const installed = () => world.install('sends', READ_AND_POST(), forSite(site))
const posts = () => site.paths().filter(each => each === '/post').length

function audited(kind: string): { [key: string]: Json }[] {
  return [...auditRows(world.store)].filter(row => row.kind === kind).map(row => row.body)
}

describe('a policy file', () => {
  it('P1 holds from the next call on, for a run under way too, and no longer once it is removed', async () => {
    await installed()
    site.hold('/read')
    const runId = await untilAsked(world, site, 'sends', '/read')
    await importing([{ name: 'no posts', action: 'send_request', approval: 'deny' }])
    site.release('/read')
    expect(world.result(await inState(world, runId, 'succeeded'))).toEqual({
      code: 'not-permitted',
      message: 'The policy’s rule “no posts” denies this.',
    })
    await world.engine.policies.remove()
    expect(world.result(await world.run('sends'))).toEqual({ code: null })
    expect(posts()).toBe(1)
  })

  it('P5 is kept in versions, each in the audit log, and what it decided is told apart from the contract', async () => {
    const first = await world.engine.policies.import(SEED_POLICY)
    expect(await world.engine.policies.import(SEED_POLICY)).toEqual(first)
    await importing([{ action: 'http.post', approval: 'deny' }])
    await installed()
    await world.run('sends')
    await world.engine.policies.remove()
    await expect(world.engine.policies.remove()).rejects.toThrow('There was no policy file.')
    expect(listPolicies(world.store, 10).map(row => [row.version, row.source === null])).toEqual([
      [3, true],
      [2, false],
      [1, false],
    ])
    expect(audited('policy')).toMatchObject([
      { version: 1, rules: 3, hash: first.hash },
      { version: 2, rules: 1 },
      { version: 3, removed: 2 },
    ])
    expect(audited('decision').filter(body => body['verdict'] === 'deny')).toMatchObject([
      { tool: 'http.post', clause: 'policy.rules[0]', contract: 'allow' },
    ])
    expect(world.store.audit.verify().ok).toBe(true)
  })

  it('P1 a refused file leaves the one before in force, across a restart', async () => {
    await installed()
    await importing([{ action: 'http.post', approval: 'deny' }])
    await expect(
      world.engine.policies.import('version: 1\nrules:\n  - name: x\n    deny: [A]\n'),
    ).rejects.toThrow('Line 4, rules[0].deny[0]')
    await world.stop()
    world = await createWorld({ clock, folder: world.folder })
    expect(world.result(await world.run('sends'))).toMatchObject({ code: 'not-permitted' })
    expect(posts()).toBe(0)
  })
})

describe('a question of the policy', () => {
  const waiting = async (rule: object) => {
    await installed()
    await importing([rule])
    const { id } = await world.run('sends')
    await actionOf(world, 'approval')
    return id
  }

  it('P4 is put to a person for a read too, and the yes is for that payload alone', async () => {
    const runId = await waiting({ action: 'open_url', approval: 'ask' })
    expect(site.paths()).toEqual([])
    await resolve(world, 'approval', 'approve')
    await until(() => site.paths().includes('/read'), 'the read never left')
    await resolve(world, 'approval', 'approve')
    await inState(world, runId, 'succeeded')
    expect(site.paths()).toEqual(['/read', '/post'])
  })

  it('P4 P5 that nobody answers in the policy’s time is declined, and that is on record', async () => {
    const runId = await waiting({ action: 'http.post', approval: 'ask', timeout: '10m' })
    const [wait] = waitsOfRun(world.store, runId)
    expect(wait?.wake_at).toBe(clock.now() + 600_000)
    clock.advance(600_000)
    await inState(world, runId, 'declined')
    expect(openKinds(world)).toEqual([])
    expect(approvalOf(world.store, wait?.step_id ?? '')?.state).toBe('expired')
    expect(audited('expired')).toMatchObject([{ step: wait?.step_id, tool: 'http.post' }])
    expect(posts()).toBe(0)
  })

  it('P4 that was answered with yes is decided again: a rule that came meanwhile denies it', async () => {
    const runId = await waiting({ action: 'http.post', approval: 'ask' })
    await importing([{ action: 'http.post', approval: 'deny' }])
    await resolve(world, 'approval', 'approve')
    expect(world.result(await inState(world, runId, 'succeeded'))).toMatchObject({ code: 'not-permitted' })
    expect(posts()).toBe(0)
  })
})

describe('what a call is led to', () => {
  it('P1 a redirect to a host that the policy closes is not followed', async () => {
    const other = await serveHeld()
    const moved = await serveHttp((_request, response) => {
      response.writeHead(302, { location: other.url('/there') }).end()
    })
    await world.install(
      'reads',
      `
      import { get } from 'tools/http'
      export default async function run() {
        try { return (await get('${moved.url('/')}')).status } catch (error) { return error.code }
      }`,
      { reads: { hosts: [moved.host, other.host], paths: [] } },
    )
    expect(world.result(await world.run('reads'))).toBe(200)
    await importing([{ action: 'open_url', deny: [other.host] }])
    expect(world.result(await world.run('reads'))).toBe('not-permitted')
    await importing([{ action: 'open_url', allow: [moved.host] }])
    expect(world.result(await world.run('reads'))).toBe('not-permitted')
    expect(other.paths()).toHaveLength(1)
    await other.close()
    await moved.close()
  })

  it('P1 a granted folder that leads into one the policy closes is not opened', async () => {
    const closed = path.join(world.folder, 'closed')
    const granted = path.join(world.folder, 'granted')
    fs.mkdirSync(closed)
    fs.writeFileSync(path.join(closed, 'a.txt'), 'secret')
    fs.symlinkSync(closed, granted)
    await world.install(
      'reads',
      `
      import { read } from 'tools/files'
      export default async function run() {
        try { return await read('${granted}/a.txt') } catch (error) { return error.code }
      }`,
      { reads: { hosts: [], paths: [granted] } },
    )
    expect(JSON.stringify(world.result(await world.run('reads')))).toContain('secret')
    await importing([{ action: 'files.*', deny: [closed] }])
    expect(world.result(await world.run('reads'))).toBe('not-permitted')
  })
})

describe('what is watched', () => {
  it('P1 is not looked at where the policy denies it or would ask', async () => {
    // Not in Steward's own folder, which nothing may watch.
    const folder = tempFolder()
    onTestFinished(() => {
      fs.rmSync(folder, { recursive: true, force: true })
    })
    const { workflowId } = await activate(world, 'watches', {
      reads: { hosts: [], paths: [folder] },
      when: [{ kind: 'files', folder, everyMs: 3_600_000, settleMs: 0 }],
    })
    const before = watchOf(world, workflowId)
    await importing([{ action: 'read_file', folders: [folder], approval: 'ask' }])
    const refused = await nextLook(world, clock, workflowId)
    expect(refused.failures).toBeGreaterThan(before.failures)
    expect(failureOfWatch(world.store, refused)).toContain(
      'The policy’s rule “rule 0” asks before this every time.',
    )
    await world.engine.policies.remove()
    fs.writeFileSync(path.join(folder, 'a.txt'), 'a')
    await nextLook(world, clock, workflowId)
    expect(await untilTold(world, workflowId, 1)).toMatchObject([{ files: [{ name: 'a.txt' }] }])
  })
})

describe('in a rehearsal', () => {
  it('P1 S6 the policy refuses what it would, and what it would ask about is refused where it would be real', async () => {
    const workflowId = await installed()
    const rehearsed = async (rule: object) => {
      await importing([rule])
      const end = await world.engine.rehearse({
        workflowId,
        source: READ_AND_POST(),
        contract: contractOf(world.store, world.engine.workflow('sends').intent_id ?? ''),
        event: {},
        phase: 'dry-run',
      })
      return end.steps.map(step => [step.tool, step.refused?.clause ?? null, step.asked?.clause ?? null])
    }
    expect(await rehearsed({ action: 'http.post', approval: 'ask' })).toEqual([
      ['http.get', null, null],
      ['http.post', null, 'policy.rules[0]'],
    ])
    expect(await rehearsed({ action: 'http.get', approval: 'ask' })).toEqual([
      ['http.get', 'policy.rules[0]', null],
    ])
    expect(await rehearsed({ action: 'http.post', approval: 'deny' })).toEqual([
      ['http.get', null, null],
      ['http.post', 'policy.rules[0]', null],
    ])
    expect(posts()).toBe(0)
  })
})
