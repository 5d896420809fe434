/**
 * The automations whose core is killed: together they make every kind of call the journal knows. Each says which
 * writes one of its events must lead to, so that afterwards the outside can be held against it.
 */
import path from 'node:path'
import type { ContractInput } from '../../src/domain/contract.ts'
import { entriesOf } from './job.ts'
import type { Draft, ExpectedWrite, Job, Surroundings } from './job.ts'
import { modelJobs } from './model-jobs.ts'

const none = (): ExpectedWrite[] => []
const keyed = (...paths: string[]): ExpectedWrite[] => paths.map(at => ({ server: 'keyed', path: at }))
const plain = (...paths: string[]): ExpectedWrite[] => paths.map(at => ({ server: 'plain', path: at }))

const USES = ['tools/http', 'tools/flow', 'tools/state', 'tools/files', 'tools/log']
/** Of a run and of a day, micro-dollars: the person's cap is met long before. */
const MOST_COST = 1_000_000

const HEAD = `
  import { get, post } from 'tools/http'
  import { each, sleep, waitFor, ask, publish, uuid, random, now } from 'tools/flow'
  import { get as recall, set } from 'tools/state'
  import { write, append, move, copy } from 'tools/files'
  import { info } from 'tools/log'`

/** A script that sees `K` and `P` (the two servers), `F` (the folder) and its event's `token`. */
function script(around: Surroundings, { body, asksModel }: Draft): string {
  return `${HEAD}${asksModel === true ? `\n  import { classify, extract } from 'tools/llm'` : ''}
  const K = ${JSON.stringify(`http://${around.keyed}`)}, P = ${JSON.stringify(`http://${around.plain}`)}, F = ${JSON.stringify(around.files)}
  export default async function run(event) {
    const token = event.token ?? event.payload?.token
    ${body}
  }`
}

/** `ticks`: with one that time starts, every second. `models`: with those that ask a model. */
export function jobs(around: Surroundings, { ticks = false, models = false }): Job[] {
  const started = [
    ...sequences(),
    atOnce(),
    ...items(),
    ...waits(),
    ...locals(),
    filesJob(),
    ...unanswered(),
    refused(),
    ...(models ? modelJobs() : []),
  ]
  return [...started, ...(ticks ? [ticker()] : [])].map(draft => {
    const { name, writes, concurrency = 2, when, payload, questions } = draft
    return {
      name,
      writes,
      questions: questions ?? (() => []),
      startsItself: when !== undefined,
      payload: payload ?? (token => ({ token })),
      source: script(around, draft),
      contract: {
        ...granting(around, draft),
        queue: { concurrency },
        ...(when === undefined ? {} : { when }),
      },
    }
  })
}

function granting(
  around: Surroundings,
  { approval: asked, asksModel = false }: Draft,
): Partial<ContractInput> {
  const { keyed: keyedHost, plain: plainHost, files } = around
  const approval = asked ?? 'never'
  return {
    reads: { hosts: [keyedHost, plainHost], paths: [files] },
    changes: [
      { tool: 'http.post', hosts: [keyedHost], approval, honoursKeyForMs: 3_600_000 },
      { tool: 'http.post', hosts: [plainHost], approval },
      ...['files.write', 'files.append', 'files.move', 'files.copy'].map(tool => ({
        tool,
        paths: [files],
        approval: 'never' as const,
      })),
    ],
    items: { entry: 'the key of the entry', asked: 'the key of the entry' },
    publishes: ['counted'],
    budget: {
      actionsPerRun: 1_000,
      actionsPerHour: 100_000,
      actionsPerDay: 100_000,
      ...(asksModel ? { costPerRunMicros: MOST_COST, costPerDayMicros: MOST_COST } : {}),
    },
    ...(asksModel ? { models: true, uses: [...USES, 'tools/llm'] } : {}),
  }
}

function sequences(): Draft[] {
  return [
    {
      name: 'sequence',
      body: `
        const a = await get(P + '/read/2/' + token)
        await post(K + '/ok/' + token + '/k1', { from: a.body.path })
        await post(P + '/ok/' + token + '/p1', { from: a.body.path })
        await get(K + '/read/0/' + token)
        await post(K + '/slow/' + token + '/k2', {})
        await post(P + '/slow/' + token + '/p2', {})
        return 'end'`,
      writes: token => [
        ...keyed(`/ok/${token}/k1`, `/slow/${token}/k2`),
        ...plain(`/ok/${token}/p1`, `/slow/${token}/p2`),
      ],
    },
    {
      name: 'keyed',
      body: `
        await get(K + '/read/1/' + token)
        await post(K + '/ok/' + token + '/a', {})
        await post(K + '/late/' + token + '/b', {})
        await post(K + '/slow/' + token + '/c', {})`,
      writes: token => keyed(`/ok/${token}/a`, `/late/${token}/b`, `/slow/${token}/c`),
    },
    {
      name: 'plain',
      body: `
        await get(P + '/read/1/' + token)
        await post(P + '/ok/' + token + '/a', {})
        await post(P + '/late/' + token + '/b', {})
        await post(P + '/slow/' + token + '/c', {})`,
      writes: token => plain(`/ok/${token}/a`, `/late/${token}/b`, `/slow/${token}/c`),
    },
  ]
}

function atOnce(): Draft {
  return {
    name: 'at-once',
    body: `
        const [a, , b] = await Promise.all([
          get(K + '/read/9/' + token + '/a'),
          post(K + '/slow/' + token + '/k1', {}),
          get(P + '/read/3/' + token + '/b'),
          set('last', token),
          post(P + '/ok/' + token + '/p1', {}),
        ])
        const [id, draw] = await Promise.all([uuid(), random({ min: 0, max: 6, integer: true })])
        await Promise.all([
          get(K + '/read/0/' + token + '/c').then(() => post(K + '/ok/' + token + '/k2', { id, draw })),
          get(K + '/read/6/' + token + '/d').then(() => post(K + '/ok/' + token + '/k3', { a: a.body.path, b: b.body.path })),
          post(K + '/late/' + token + '/k4', { random: Math.random() }),
        ])`,
    writes: token => [
      ...keyed(`/slow/${token}/k1`, `/ok/${token}/k2`, `/ok/${token}/k3`, `/late/${token}/k4`),
      ...plain(`/ok/${token}/p1`),
    ],
  }
}

function items(): Draft[] {
  const body = (concurrency: number): string => `
    const all = await each('entry', event.entries, key => key, async key => {
      await post(K + '/ok/' + event.own + '/' + key, { key })
      await set('seen:' + key, true)
      await post(P + '/ok/' + event.own + '/' + key, { key })
      return key
    }, { concurrency: ${String(concurrency)} })
    return { done: all.done.length, waiting: all.waiting.length }`
  const writes = (own: string) => (token: string) =>
    entriesOf(token).flatMap(key => [...keyed(`/ok/${own}/${key}`), ...plain(`/ok/${own}/${key}`)])
  const payload = (own: string) => (token: string) => ({ token, own, entries: entriesOf(token) })
  return [
    {
      name: 'items',
      body: body(1),
      payload: payload('each'),
      writes: writes('each'),
      concurrency: 1,
    },
    {
      name: 'items-at-once',
      body: body(3),
      payload: payload('each3'),
      writes: writes('each3'),
      concurrency: 1,
    },
    {
      name: 'items-asked',
      approval: 'always',
      body: `
        const all = await each('asked', event.entries, key => key, async key => (await post(K + '/ok/asked/' + key, { key })).status)
        return { waiting: all.waiting.length }`,
      payload: token => ({ token, entries: [`${token}-yes`, `${token}-deny`, `${token}-too`] }),
      writes: token => keyed(`/ok/asked/${token}-yes`, `/ok/asked/${token}-too`),
    },
  ]
}

function waits(): Draft[] {
  return [
    {
      name: 'sleeper',
      body: `
        await sleep({ ms: 50 })
        await post(K + '/ok/' + token + '/k', {})
        await sleep({ ms: 120 })
        await post(P + '/ok/' + token + '/p', {})`,
      writes: token => [...keyed(`/ok/${token}/k`), ...plain(`/ok/${token}/p`)],
    },
    {
      name: 'approved',
      approval: 'always',
      body: `
        await get(K + '/read/0/' + token)
        await post(K + '/ok/' + token + '/k', {})
        await post(P + '/ok/' + token + '/p', {})`,
      writes: token => [...keyed(`/ok/${token}/k`), ...plain(`/ok/${token}/p`)],
    },
    {
      name: 'signalled',
      body: `
        const { payload } = await waitFor({ name: 'go' })
        const { answer } = await ask({ question: 'Shall it?', choices: ['yes', 'no'] })
        await post(K + '/ok/' + token + '/' + payload + '-' + answer, {})`,
      writes: token => keyed(`/ok/${token}/now-yes`),
    },
  ]
}

function locals(): Draft[] {
  return [
    {
      name: 'counter',
      concurrency: 1,
      body: `
        const count = await recall('count') ?? 0
        await set('count', count + 1)
        await info('counted', { token })
        await set('ids', [await uuid(), await now(), crypto.randomUUID()])
        await publish('counted', { token: token + '-heard' })
        return count + 1`,
      writes: none,
    },
    {
      name: 'listener',
      concurrency: 1,
      when: [{ kind: 'event', topic: 'counted' }],
      body: `await set('heard', (await recall('heard') ?? 0) + 1); return token`,
      writes: none,
    },
  ]
}

export const TICK_MS = 1_000

function ticker(): Draft {
  return {
    name: 'ticker',
    concurrency: 1,
    when: [{ kind: 'interval', everyMs: TICK_MS }],
    body: `await post(K + '/ok/tick/' + event.dueAt, {})`,
    writes: none,
  }
}

/** The write that the schedule's event for this instant must lead to. */
export function tickWrite(dueAt: number): ExpectedWrite {
  return { server: 'keyed', path: `/ok/tick/${String(dueAt)}` }
}

function filesJob(): Draft {
  return {
    name: 'files',
    concurrency: 1,
    body: `
      await write({ path: F + '/in/' + token + '.txt', text: 'the text of ' + token, parents: true })
      await append({ path: F + '/log.txt', text: token + '\\n', parents: true })
      await move({ from: F + '/in/' + token + '.txt', to: F + '/done/' + token + '.txt', parents: true })
      await copy({ from: F + '/done/' + token + '.txt', to: F + '/copies/' + token + '.txt', parents: true })
      await set('cursor', (await recall('cursor') ?? 0) + 1)`,
    writes: none,
  }
}

/** Writes whose answer is lost, with a live core: settled by key, or asked about; never seen by `catch`. */
function unanswered(): Draft[] {
  return [
    {
      name: 'lost-keyed',
      body: `
        await post(K + '/lost/' + token + '/a', {})
        await post(K + '/drop/' + token + '/b', {})`,
      writes: token => keyed(`/lost/${token}/a`, `/drop/${token}/b`),
    },
    {
      name: 'lost-plain',
      body: `
        try { await post(P + '/lost/' + token + '/a', {}) } catch { await post(P + '/ok/' + token + '/again', {}) }
        try { await post(P + '/drop/' + token + '/b', {}) } catch { await post(P + '/ok/' + token + '/again', {}) }`,
      writes: token => plain(`/lost/${token}/a`, `/drop/${token}/b`),
    },
  ]
}

/** Writes that the other side refuses at first, for haste: certainly not done, so they go out again by themselves. */
function refused(): Draft {
  return {
    name: 'refused',
    body: `
        await post(K + '/busy/' + token + '/a', {})
        await post(P + '/busy/' + token + '/b', {})`,
    writes: token => [...keyed(`/busy/${token}/a`), ...plain(`/busy/${token}/b`)],
  }
}

/** Where the files automation must have left each of its files. */
export function fileTraces(
  folder: string,
  token: string,
): { moved: string; copy: string; gone: string; text: string } {
  return {
    moved: path.join(folder, 'done', `${token}.txt`),
    copy: path.join(folder, 'copies', `${token}.txt`),
    gone: path.join(folder, 'in', `${token}.txt`),
    text: `the text of ${token}`,
  }
}
