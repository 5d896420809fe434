import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { contractSchema, type ContractInput } from '../../domain/contract.ts'
import { failureOf, type Failure } from '../../domain/failure.ts'
import type { Json } from '../../domain/json.ts'
import { NO_NOTES } from '../../domain/note.ts'
import type { ToolContext } from '../../domain/tool.ts'
import { calendarTools } from './calendar.ts'
import { createCompute, type Compute } from './compute/pool.ts'
import { createHttpClient, type HttpClient } from './network/client.ts'
import { createRegistry } from './registry.ts'
import { validateInput, validateOutput } from './validate.ts'
import { serveHttp, type LoopbackServer } from '../../../test/support/loopback-server.ts'

const ICS = [
  'BEGIN:VCALENDAR',
  'X-WR-CALNAME:Zuhause',
  'BEGIN:VEVENT',
  'UID:1',
  'DTSTART;TZID=Europe/Berlin:20260302T090000',
  'RRULE:FREQ=WEEKLY',
  'SUMMARY:Müll',
  'END:VEVENT',
  'END:VCALENDAR',
].join('\r\n')
const SPAN = { from: '2026-03-09', to: '2026-03-17' }

let folder: string
let site: LoopbackServer
let body: Buffer
let client: HttpClient
let compute: Compute

beforeEach(async () => {
  folder = fs.mkdtempSync(path.join(fs.realpathSync(os.tmpdir()), 'steward-calendar-'))
  body = Buffer.from(ICS)
  site = await serveHttp((_, response) => {
    response.writeHead(200, { 'content-type': 'text/calendar' })
    response.end(body)
  })
  client = createHttpClient({ now: () => 0 })
  compute = createCompute({ limitMs: 3_000 })
})
afterEach(async () => {
  await Promise.all([client.close(), compute.close(), site.close()])
  fs.rmSync(folder, { recursive: true, force: true })
})

function contextOf(reads: Partial<ContractInput['reads']>): ToolContext {
  const contract = contractSchema.parse({
    schema: 1,
    title: 'Agenda',
    promise: 'Shows tomorrow.',
    zone: 'Europe/Berlin',
    when: [],
    uses: ['tools/calendar'],
    reads,
  })
  return {
    workflowId: 'wf_1',
    runId: 'run_1',
    stepId: 'stp_1',
    idempotencyKey: 'key_1',
    contract,
    now: () => 0,
    signal: new AbortController().signal,
    local: { get: () => undefined, list: () => [], notes: NO_NOTES },
    stage: () => {
      throw new Error('Calendars stage nothing.')
    },
    begunAt: 0,
    evidence: null,
  }
}

function call(name: string, input: Json, reads: Partial<ContractInput['reads']> = {}): Promise<Json> {
  const tool = createRegistry(calendarTools({ client, compute })).get(name)
  if (tool === undefined) throw new Error(`There is no ${name}.`)
  const checked = validateInput(tool, input)
  if (!checked.ok) return Promise.reject(new Error(checked.failure.message))
  return tool.run(checked.value, contextOf(reads)).then(output => {
    const given = validateOutput(tool, output)
    if (!given.ok) throw new Error(given.failure.message)
    expect(tool.describe(checked.value, given.value)).toMatch(/^Read (a|the) calendar/)
    return given.value
  })
}

async function failure(
  name: string,
  input: Json,
  reads: Partial<ContractInput['reads']> = {},
): Promise<Failure> {
  const thrown: unknown = await call(name, input, reads).then(
    () => new Error('It did not fail.'),
    (error: unknown) => error,
  )
  return failureOf(thrown)
}

const twoMondays = {
  name: 'Zuhause',
  problems: [],
  events: [{ title: 'Müll', start: { date: '2026-03-09' } }, { start: { date: '2026-03-16' } }],
}

describe('tools/calendar', () => {
  it('reads the same from an address, a file and a text', async () => {
    const file = path.join(folder, 'home.ics')
    fs.writeFileSync(file, ICS)
    expect(
      await call('calendar.fetch', { url: site.url('/home.ics'), ...SPAN }, { hosts: [site.host] }),
    ).toMatchObject(twoMondays)
    expect(await call('calendar.read', { path: file, ...SPAN }, { paths: [folder] })).toMatchObject(
      twoMondays,
    )
    expect(await call('calendar.parse', { text: ICS, ...SPAN })).toMatchObject(twoMondays)
  })

  it('takes webcal addresses for what they are, and tells policy the true host', () => {
    const tool = createRegistry(calendarTools({ client, compute })).get('calendar.fetch')
    const input = tool?.input.parse({ url: 'webcal://cal.example.com/a.ics', ...SPAN })
    expect(tool?.touches(input as Json)).toMatchObject({
      hosts: ['cal.example.com'],
      method: 'GET',
      egress: false,
    })
  })

  it('reads what an old program wrote', async () => {
    const file = path.join(folder, 'old.ics')
    fs.writeFileSync(file, Buffer.from(ICS, 'latin1'))
    expect(await call('calendar.read', { path: file, ...SPAN }, { paths: [folder] })).toMatchObject(
      twoMondays,
    )
  })

  it('says what is no calendar, where it came from', async () => {
    const file = path.join(folder, 'x.ics')
    fs.writeFileSync(file, 'hello')
    body = Buffer.from('<html>Sign in</html>')
    expect(await failure('calendar.parse', { text: 'hello', ...SPAN })).toMatchObject({
      kind: 'invalid-input',
      path: 'text',
    })
    expect(await failure('calendar.read', { path: file, ...SPAN }, { paths: [folder] })).toMatchObject({
      kind: 'rejected',
    })
    expect(
      await failure('calendar.fetch', { url: site.url('/'), ...SPAN }, { hosts: [site.host] }),
    ).toMatchObject({
      kind: 'bad-response',
      host: site.host,
    })
  })

  it('reads no file outside what is granted, and no address of this machine that is not named', async () => {
    const file = path.join(folder, 'home.ics')
    fs.writeFileSync(file, ICS)
    expect(await failure('calendar.read', { path: file, ...SPAN })).toMatchObject({ kind: 'not-permitted' })
    expect(await failure('calendar.fetch', { url: site.url('/'), ...SPAN })).toMatchObject({
      kind: 'not-permitted',
    })
    expect(site.seen).toEqual([])
  })

  it('refuses a span that is none, or has no end', async () => {
    const span = (from: Json, to: Json) => failure('calendar.parse', { text: ICS, from, to })
    expect(await span('2026-03-09', '2026-03-09')).toMatchObject({ kind: 'invalid-input', path: 'to' })
    expect(await span('2000-01-01', '2026-01-01')).toMatchObject({
      message: expect.stringContaining('ten years') as string,
    })
    expect(await span('soon', '2026-01-01')).toMatchObject({ kind: 'invalid-input', path: 'from' })
    await expect(call('calendar.parse', { text: ICS, ...SPAN, zone: 'Mars/Olympus' })).rejects.toThrow(
      'IANA time zone',
    )
  })

  it('S1 S2 a calendar that takes too long is stopped while the core answers, naming the limit', async () => {
    await compute.close()
    compute = createCompute({ limitMs: 300 })
    const event = (i: number) =>
      `BEGIN:VEVENT\r\nUID:${String(i)}\r\nDTSTART:20260101T000000Z\r\nRRULE:FREQ=DAILY\r\nEND:VEVENT\r\n`
    const text = `BEGIN:VCALENDAR\r\n${Array.from({ length: 60_000 }, (_, i) => event(i)).join('')}END:VCALENDAR`
    let turns = 0
    const timer = setInterval(() => (turns += 1), 5)
    expect(await failure('calendar.parse', { text, from: '2026-01-01', to: '2035-01-01' })).toMatchObject({
      kind: 'script-limit',
      limit: 'cpu',
    })
    clearInterval(timer)
    expect(turns).toBeGreaterThan(10)
  })

  it('S2 refuses more than a calendar may have', async () => {
    const file = path.join(folder, 'huge.ics')
    fs.writeFileSync(file, Buffer.alloc(8 * 1_024 * 1_024 + 1, 0x41))
    expect(await failure('calendar.read', { path: file, ...SPAN }, { paths: [folder] })).toMatchObject({
      kind: 'rejected',
    })
    body = Buffer.alloc(9 * 1_024 * 1_024, 0x41)
    expect(
      await failure('calendar.fetch', { url: site.url('/'), ...SPAN }, { hosts: [site.host] }),
    ).toMatchObject({
      kind: 'script-limit',
      limit: 'bytes-in',
    })
  })
})
