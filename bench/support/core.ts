/** A core as users have it: `steward serve` in a process of its own on a folder of its own, reached by its local API. */
import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { Pool } from 'undici'
import type { ContractInput } from '../../src/domain/contract.ts'
import { CODE_FOLDER, CORE_FLAGS } from '../../src/main/code-cache.ts'
import { endWithUs, monotonicMs, Peer } from './peer.ts'
import { usageOf } from './process-usage.ts'
import type { ProcessUsage } from './process-usage.ts'
import type { ProbeAnswer, ProbeQuestion } from './probe.ts'

const CLI = path.join(import.meta.dirname, '../../src/main/cli.ts')
const PROBE = new URL('./probe.ts', import.meta.url).href
const READY = /ready at (http:\/\/\S+)/

export interface CoreOptions {
  /** Absent: a fresh one, removed by `remove`. */
  home?: string
  /** Makes every flush to the disk this much slower. */
  fsyncMs?: number
  /** Without the probe inside: exactly what users start. */
  bare?: boolean
}

export interface Answered {
  status: number
  body: unknown
}

export class BenchCore {
  readonly home: string
  readonly url: string
  readonly token: string
  /** From the start of the process to its ready line. */
  readonly readyMs: number
  /** When the ready line was read, on the monotonic clock. */
  readonly readyAt: number
  readonly #child: ChildProcess
  readonly #probe: Peer<ProbeQuestion, ProbeAnswer> | null
  readonly #pool: Pool

  constructor(child: ChildProcess, home: string, start: { url: string; at: number; bare: boolean }) {
    this.#child = child
    this.home = home
    this.url = start.url
    this.readyAt = monotonicMs()
    this.readyMs = this.readyAt - start.at
    this.token = fs.readFileSync(path.join(home, 'token'), 'utf8').trim()
    this.#probe = start.bare ? null : new Peer(child)
    this.#pool = new Pool(start.url, { connections: 8 })
  }

  async request(method: 'GET' | 'POST', at: string, body?: unknown): Promise<Answered> {
    const answer = await this.#pool.request({
      method,
      path: at,
      headers: {
        authorization: `Bearer ${this.token}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    return { status: answer.statusCode, body: await answer.body.json() }
  }

  async install(name: string, source: string, contract: ContractInput): Promise<void> {
    const { status, body } = await this.request('POST', '/api/v1/automations', { name, source, contract })
    if (status !== 201) throw new Error(`${name} was not installed: ${JSON.stringify(body)}`)
  }

  /** Sends an event; with `waitMs`, answers when its run has ended or that time is over. */
  async emit(automation: string, payload: unknown, waitMs?: number): Promise<unknown> {
    const wait = waitMs === undefined ? '' : `?wait=${String(waitMs)}`
    const { status, body } = await this.request('POST', `/api/v1/automations/${automation}/events${wait}`, {
      payload,
    })
    if (status !== 200 && status !== 202) throw new Error(`The event was not taken: ${JSON.stringify(body)}`)
    return body
  }

  /** As the system sees the process. */
  usage(): ProcessUsage {
    return usageOf(this.#child.pid ?? 0)
  }

  /** As the process sees itself. */
  async probe(is: ProbeQuestion['is']): Promise<ProbeAnswer> {
    if (this.#probe === null) throw new Error('This core runs without a probe.')
    return this.#probe.ask({ is })
  }

  async stop(): Promise<void> {
    await this.#end('SIGTERM')
  }

  async kill(): Promise<void> {
    await this.#end('SIGKILL')
  }

  /** Stops it and removes its folder. */
  async remove(): Promise<void> {
    await this.stop()
    fs.rmSync(this.home, { recursive: true, force: true })
  }

  async #end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    await this.#pool.destroy()
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    await new Promise(resolve => {
      this.#child.once('exit', resolve)
      this.#child.kill(signal)
    })
  }
}

export async function startCore(options: CoreOptions = {}): Promise<BenchCore> {
  const home = options.home ?? fs.mkdtempSync(path.join(os.tmpdir(), 'steward-bench-'))
  const bare = options.bare === true
  const profile = process.env['BENCH_CPU_PROF']
  const flags = [
    ...(bare ? [] : [...CORE_FLAGS, '--import', PROBE]),
    ...(profile === undefined ? [] : ['--cpu-prof', '--cpu-prof-dir', profile]),
  ]
  const at = monotonicMs()
  const child = spawn(process.execPath, [...flags, CLI, 'serve', '--port', '0'], {
    env: {
      ...process.env,
      STEWARD_HOME: home,
      BENCH_FSYNC_MS: String(options.fsyncMs ?? 0),
      // As after its new beginning, which would lose the channel to the probe.
      ...(bare ? {} : { NODE_COMPILE_CACHE: CODE_FOLDER }),
    },
    stdio: bare ? ['ignore', 'pipe', 'inherit'] : ['ignore', 'pipe', 'inherit', 'ipc'],
  })
  endWithUs(child)
  return new BenchCore(child, home, { url: await readyUrl(child), at, bare })
}

function readyUrl(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = ''
    child.stdout?.on('data', (chunk: Buffer) => {
      text += String(chunk)
      const url = READY.exec(text)?.[1]
      if (url !== undefined) resolve(url)
    })
    child.once('exit', code => {
      reject(new Error(`The core ended before it was ready (${String(code)}).`))
    })
  })
}
