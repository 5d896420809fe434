/**
 * The abuse corpus against a whole core: the cases of the sandbox as scripts with real tools, and cases for the tools
 * themselves. Cases that are refused before anything is done (addresses, headers, names) share two scripts.
 */
import { execFileSync } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import type { ContractInput } from '../../src/domain/contract.ts'
import { BOUNDARY_CASES, CPU_CASES, MEMORY_CASES } from '../../test/support/corpus-cases.ts'
import type { AbuseCase } from '../../test/support/corpus-cases.ts'
import { contractFor } from './contracts.ts'

export interface BenchCase {
  id: string
  title: string
  source: string
  contract: ContractInput
  /** How it may end: a script limit, a kind of failure, `value` for a clean end, `refused` at the installation. */
  verdict: readonly string[]
}

const CPU_MS = 300
const PLENTY_MS = 5_000
const CALLS = 1_000
const BYTES_PER_CALL = 1_048_576
/** Calls that must not write: thousands of them would measure the disk. */
const READING = new Set(['50', '51'])

export function sandboxCases(host: string): BenchCase[] {
  return [...CPU_CASES, ...MEMORY_CASES, ...BOUNDARY_CASES].map(abuse => ({
    ...abuse,
    source: sourceOf(abuse, `http://${host}/`),
    contract: contractFor({
      uses: ['tools/http', 'tools/flow'],
      reads: { hosts: [host], paths: [] },
      changes: [{ tool: 'http.post', hosts: [host], approval: 'never' }],
      items: { n: 'the key' },
      budget: { callsPerRun: CALLS, actionsPerRun: 1e6, actionsPerHour: 1e6, actionsPerDay: 1e6 },
      limits: {
        cpuMs: abuse.verdict.includes('cpu') ? CPU_MS : PLENTY_MS,
        memoryMb: 64,
        bytesPerCall: BYTES_PER_CALL,
      },
    }),
  }))
}

function sourceOf({ id, body }: AbuseCase, url: string): string {
  const call = READING.has(id) ? `() => read('${url}')` : `value => send('${url}', value)`
  return `import { get as read, post as send } from 'tools/http'
import { each, now } from 'tools/flow'
const get = ${call}
const post = ${call}
export default async function run(event) { ${body} }`
}

const script = (imports: string, body: string) => `${imports}
export default async function run(event) { ${body} }`

export function networkCases(host: string): BenchCase[] {
  const contract = contractFor({
    uses: ['tools/http'],
    reads: { hosts: [host], paths: [] },
    limits: { bytesPerCall: BYTES_PER_CALL },
  })
  const read = (id: string, title: string, at: string, ...verdict: string[]): BenchCase => ({
    id,
    title,
    source: script(`import { get } from 'tools/http'`, `await get('http://${host}${at}', { as: 'text' })`),
    contract,
    verdict,
  })
  return [
    hostileAddresses(host, contract),
    read('72', 'a bomb in gzip, 100 MB', '/bomb/gzip', 'bytes-in'),
    read('72', 'a bomb in brotli, 100 MB', '/bomb/br', 'bytes-in'),
    read('72', 'an endless body', '/endless', 'bytes-in'),
    {
      ...read('72', 'a trickling body', '/trickle', 'value'),
      source: script(
        `import { probe } from 'tools/http'`,
        `await probe({ url: 'http://${host}/trickle', timeoutMs: 300 })`,
      ),
    },
    {
      ...read('72', 'an honest list of 8 MB in JSON', '/list', 'value'),
      source: script(
        `import { get } from 'tools/http'`,
        `return (await get('http://${host}/list')).body.length`,
      ),
      contract: contractFor({
        uses: ['tools/http'],
        reads: { hosts: [host], paths: [] },
        limits: { bytesPerCall: 33_554_432, memoryMb: 128 },
      }),
    },
  ]
}

function hostileAddresses(host: string, contract: ContractInput): BenchCase {
  const port = host.split(':')[1] ?? ''
  const addresses = [
    `http://2130706433:${port}/`,
    `http://0177.0.0.1:${port}/`,
    `http://0x7f.1:${port}/`,
    `http://１２７.0.0.1:${port}/`,
    `http://[::ffff:127.0.0.1]:${port}/`,
    `http://[64:ff9b::7f00:1]:${port}/`,
    'http://169.254.169.254/latest/meta-data/',
    'http://metadata.google.internal/',
    `http://user:secret@${host}/`,
    'file:///etc/passwd',
  ]
  return {
    id: '66–71',
    title: 'addresses that mean something else',
    source: script(
      `import { get } from 'tools/http'`,
      `for (const url of ${JSON.stringify(addresses)}) { try { await get(url) } catch {} }`,
    ),
    contract,
    verdict: ['value', 'not-permitted'],
  }
}

const MANY_FILES = 100_000
const FILES_AT_ONCE = 50_000

/** Puts what the cases meet into the folder. */
export function fileCases(folder: string): BenchCase[] {
  const many = path.join(folder, 'many')
  fs.mkdirSync(many)
  for (let index = 0; index < MANY_FILES; index++)
    fs.closeSync(fs.openSync(path.join(many, String(index)), 'w'))
  const paths = ['../..', '%2e%2e/x', '//server/share/a', 'C:a', 'a\0b', 'link', 'pipe']
  fs.symlinkSync('/etc/passwd', path.join(folder, 'link'))
  if (process.platform !== 'win32') execFileSync('mkfifo', [path.join(folder, 'pipe')])
  const contract = contractFor({
    uses: ['tools/files'],
    reads: { hosts: [], paths: [folder] },
    limits: { bytesPerCall: 33_554_432, memoryMb: 128 },
  })
  return [
    {
      id: '57–61',
      title: 'paths that lead elsewhere, a link, a pipe',
      source: script(
        `import { read } from 'tools/files'`,
        `for (const name of ${JSON.stringify(paths)}) { try { await read(${JSON.stringify(`${folder}/`)} + name) } catch {} }`,
      ),
      contract,
      verdict: ['value', 'not-permitted'],
    },
    {
      id: '64',
      title: `a folder of ${MANY_FILES.toLocaleString('en')} files`,
      source: script(
        `import { list } from 'tools/files'`,
        `return (await list('${many}', { limit: ${String(FILES_AT_ONCE)} })).entries.length`,
      ),
      contract,
      verdict: ['value'],
    },
  ]
}

export function textCases(): BenchCase[] {
  const text = (title: string, name: string, body: string, ...verdict: string[]): BenchCase => ({
    id: 'text',
    title,
    source: script(`import { ${name} } from 'tools/text'`, body),
    contract: contractFor({ uses: ['tools/text'], limits: { memoryMb: 128 } }),
    verdict,
  })
  const lines = (prefix: string) => `Array.from({ length: 20000 }, (_, i) => '${prefix}' + i).join('\\n')`
  return [
    text(
      'comparing what shares nothing',
      'diff',
      `await diff(${lines('a')}, ${lines('b')})`,
      'script-limit',
      'cpu',
    ),
    text(
      'HTML nested 100,000 deep',
      'htmlToText',
      `await htmlToText('<div>'.repeat(1e5))`,
      'value',
      'invalid-input',
      'cpu',
      'stack',
    ),
    text('CSV of 4 MB', 'csvParse', `await csvParse('a,b,c,d\\n'.repeat(5e5))`, 'value', 'bytes-in'),
  ]
}

/** Looked at by the core itself, when somebody wants to install them. */
export function installationCases(): BenchCase[] {
  const refused = (id: string, title: string, source: string): BenchCase => ({
    id,
    title,
    source,
    contract: contractFor(),
    verdict: ['refused'],
  })
  return [
    refused('32b', 'a script of 200,000 brackets', `export default ${'('.repeat(200_000)}`),
    refused('55', 'a module that nobody granted', script(`import x from '../../../etc/passwd'`, '')),
  ]
}

/** Each listens to what it, or the other, announces. */
export function circularCases(): BenchCase[] {
  const announce = (id: string, title: string, publishes: string, listens: string): BenchCase => ({
    id,
    title,
    source: script(`import { publish } from 'tools/flow'`, `await publish('${publishes}', {})`),
    contract: contractFor({
      uses: ['tools/flow'],
      publishes: [publishes],
      when: [{ kind: 'manual' }, { kind: 'event', topic: listens }],
    }),
    verdict: ['value'],
  })
  return [
    announce('79', 'an automation that triggers itself', 'own', 'own'),
    announce('80', 'two that trigger each other: one', 'ping', 'pong'),
    announce('80', 'two that trigger each other: other', 'pong', 'ping'),
  ]
}
