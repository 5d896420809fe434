/**
 * A real core on a folder of its own, and requests to it exactly as written: any header, any path, any bytes. Every
 * answer is held against the document that the core serves.
 */
import fs from 'node:fs'
import http from 'node:http'
import os from 'node:os'
import path from 'node:path'
import { createCore } from '../../src/main/core.ts'
import type { Core, CoreOptions } from '../../src/main/core.ts'
import { keptPool } from '../support/kept-pool.ts'
import { checked } from './document.ts'

export interface Answer {
  status: number
  headers: http.IncomingHttpHeaders
  text: string
  /** The body as JSON; null where it is empty or none. */
  json: Record<string, unknown> | null
}

export interface Call {
  method?: string
  path: string
  headers?: Record<string, string>
  /** Sent as JSON, with its content type. */
  json?: unknown
  /** Sent as it is. */
  body?: string | Buffer
  /** Sent without a length. */
  chunked?: boolean
  withoutToken?: boolean
}

export interface TestCore {
  home: string
  core: Core
  call(call: Call): Promise<Answer>
  end(): Promise<void>
}

export function temporaryHome(): string {
  return path.join(fs.mkdtempSync(path.join(os.tmpdir(), 'steward-home-')), 'data')
}

export function removeHome(home: string): void {
  fs.rmSync(path.dirname(home), { recursive: true, force: true })
}

/** With a sandbox that others had before it, but for whoever says how many `workers` its own has. */
export async function startCore(options: Partial<CoreOptions> = {}): Promise<TestCore> {
  const home = options.home ?? temporaryHome()
  const sandbox = options.workers === undefined ? { sandbox: keptPool() } : {}
  const core = await createCore({ port: 0, ...sandbox, ...options, home })
  return {
    home,
    core,
    call: checked(call => send(core, call)),
    end: async () => {
      await core.close()
      if (options.home === undefined) removeHome(home)
    },
  }
}

function send(core: Core, call: Call): Promise<Answer> {
  const body = call.json === undefined ? call.body : JSON.stringify(call.json)
  const headers: Record<string, string> = {
    ...(call.withoutToken === true ? {} : { authorization: `Bearer ${core.token}` }),
    ...(call.json === undefined ? {} : { 'content-type': 'application/json' }),
    ...(body === undefined || call.chunked === true
      ? {}
      : { 'content-length': String(Buffer.byteLength(body)) }),
    ...call.headers,
  }
  return new Promise((resolve, reject) => {
    const request = http.request(
      {
        host: '127.0.0.1',
        port: core.server.port,
        method: call.method ?? 'GET',
        path: call.path,
        headers,
        agent: false,
      },
      answer => {
        const chunks: Buffer[] = []
        answer.on('data', (chunk: Buffer) => chunks.push(chunk))
        answer.on('end', () => {
          resolve(answerOf(answer, Buffer.concat(chunks).toString()))
        })
        answer.on('error', reject)
      },
    )
    request.on('error', reject)
    request.end(body)
  })
}

function answerOf(answer: http.IncomingMessage, text: string): Answer {
  const isJson = /[/+]json\b/.test(answer.headers['content-type'] ?? '') && text !== ''
  return {
    status: answer.statusCode ?? 0,
    headers: answer.headers,
    text,
    json: isJson ? (JSON.parse(text) as Record<string, unknown>) : null,
  }
}

export const CONTRACT = {
  schema: 1,
  title: 'Test',
  promise: 'Does what the test says.',
  zone: 'UTC',
  when: [{ kind: 'manual' }],
  uses: ['tools/flow', 'tools/state', 'tools/log'],
  reads: {},
}

/** Installs a script under the test's contract and answers with the automation's id. */
export async function install(
  steward: TestCore,
  name: string,
  source: string,
  contract: Record<string, unknown> = {},
): Promise<string> {
  const answer = await steward.call({
    method: 'POST',
    path: '/api/v1/automations',
    json: { name, source, contract: { ...CONTRACT, uses: importsOf(source), ...contract } },
  })
  if (answer.status !== 201 && answer.status !== 200) throw new Error(`not installed: ${answer.text}`)
  return String(answer.json?.['id'])
}

function importsOf(source: string): string[] {
  return [...new Set([...source.matchAll(/from '(tools\/[a-z]+)'/g)].map(([, module]) => module ?? ''))]
}
