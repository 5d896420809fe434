/**
 * One life of the core, from the outside: a child process that stands by with everything loaded, is started on a
 * folder, and dies by its own hand, by the test's, or when told to stop.
 * Owns the process and the file of the points it came by.
 */
import { fork } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import type { Json } from '../../src/domain/json.ts'
import type { FromChild, Kill, Started, ToChild } from './child.ts'
import { FAULT_POINTS } from '../../src/main/engine/context.ts'
import type { FaultPoint } from '../../src/main/engine/context.ts'
import type { Standing } from './standing.ts'

type Command = ToChild extends infer C ? (C extends { id: number } ? Omit<C, 'id'> : never) : never

/** What was compiled for one life serves the next: most of a short life is its beginning. */
const COMPILED = path.join(os.tmpdir(), 'steward-kill-compiled')

/** Thrown into every command that was not answered when the process ended. */
export class LifeEnded extends Error {}

export class Life {
  readonly pid: number
  /** Resolves when everything is loaded and it waits to be started; or when it is gone before that. */
  readonly ready: Promise<void>
  /** Resolves when the process is gone, however it went. */
  readonly ended: Promise<void>
  readonly #process: ChildProcess
  readonly #hits: string
  readonly #waiting = new Map<number, { resolve: (value: unknown) => void; reject: (error: Error) => void }>()
  #started: Started | undefined
  #id = 0
  #gone = false

  private constructor(child: ChildProcess, hits: string) {
    this.#process = child
    this.#hits = hits
    this.pid = child.pid ?? 0
    this.ended = new Promise(resolve => {
      child.once('exit', () => {
        this.#end()
        resolve()
      })
    })
    const standsBy = new Promise<void>(resolve => {
      child.on('message', message => {
        if ('ready' in (message as object)) resolve()
        else this.#answered(message as Exclude<FromChild, { ready: true }>)
      })
    })
    this.ready = Promise.race([standsBy, this.ended])
    child.on('error', () => undefined)
  }

  /** Begins a process that loads everything and then waits; `scratch` takes the file of its places. */
  static standBy(scratch: string): Life {
    const hits = path.join(scratch, `points-${String(process.hrtime.bigint())}`)
    const fd = fs.openSync(hits, 'a')
    const child = fork(path.join(import.meta.dirname, 'child.ts'), {
      stdio: ['ignore', 'inherit', 'inherit', fd, 'ipc'],
      execArgv: [],
      env: { ...process.env, NODE_COMPILE_CACHE: COMPILED },
    })
    fs.closeSync(fd)
    return new Life(child, hits)
  }

  get isOver(): boolean {
    return this.#gone
  }

  /** `home` is the data folder. */
  async start(home: string, kill: Kill): Promise<void> {
    await this.ready
    this.#started = (await this.#tell({ do: 'start', home, kill })) as Started
  }

  /** Decides about its death when it already lives. */
  async arm(kill: Kill): Promise<void> {
    await this.#tell({ do: 'arm', kill })
  }

  async install(name: string, source: string, contract: Json): Promise<void> {
    await this.post('/automations', { name, source, contract })
  }

  /** Resolves only when the event is acknowledged. */
  async emit(automation: string, dedupeKey: string, payload: Json): Promise<void> {
    await this.post(`/automations/${automation}/events`, { payload, dedupeKey })
  }

  async pause(automation: string): Promise<void> {
    await this.post(`/automations/${automation}/pause`, {})
  }

  async resume(automation: string): Promise<void> {
    await this.post(`/automations/${automation}/resume`, {})
  }

  async signal(run: string, name: string, payload: Json, dedupeKey: string): Promise<void> {
    await this.post(`/runs/${run}/signals/${name}`, { payload, dedupeKey })
  }

  async resolve(action: string, choice: string): Promise<void> {
    await this.post(`/actions/${action}`, { choice })
  }

  async undo(run: string): Promise<void> {
    await this.post(`/runs/${run}/undo`, {})
  }

  async get<T>(route: string): Promise<T> {
    return (await this.#ask('GET', route)) as T
  }

  /** Sets the person's settings otherwise, whatever they are now. */
  async set(settings: Json): Promise<void> {
    await this.#ask('PATCH', '/settings', settings, { 'if-match': '*' })
  }

  async standing(): Promise<Standing> {
    return (await this.#tell({ do: 'standing' })) as Standing
  }

  kill(): void {
    if (!this.#gone) this.#process.kill('SIGKILL')
  }

  /** Ends it in order: nothing is left in memory, everything is on the disk. */
  async stop(): Promise<void> {
    await this.#tell({ do: 'stop' })
    this.#process.disconnect()
    await this.ended
  }

  /** The points it came by, in order. Complete once it has ended. */
  points(): FaultPoint[] {
    return [...fs.readFileSync(this.#hits)].flatMap(byte => FAULT_POINTS[byte] ?? [])
  }

  /** Through the API of the core, as any client. */
  async post<T>(route: string, body: Json): Promise<T> {
    return (await this.#ask('POST', route, body)) as T
  }

  async #ask(
    method: 'GET' | 'POST' | 'PATCH',
    route: string,
    body?: Json,
    more: Record<string, string> = {},
  ): Promise<unknown> {
    if (this.#gone || this.#started === undefined) throw new LifeEnded()
    const { url, token } = this.#started
    const headers = { ...more, authorization: `Bearer ${token}`, 'content-type': 'application/json' }
    const target = new URL(`/api/v1${route}`, url)
    const sent = body === undefined ? {} : { body: JSON.stringify(body) }
    const response = await fetch(target, { method, headers, ...sent }).then(
      async answer => ({ ok: answer.ok, text: await answer.text() }),
      () => undefined,
    )
    if (response === undefined) {
      await this.ended
      throw new LifeEnded()
    }
    if (!response.ok) throw new Error(response.text)
    return JSON.parse(response.text) as unknown
  }

  #tell(command: Command): Promise<unknown> {
    if (this.#gone) return Promise.reject(new LifeEnded())
    const id = ++this.#id
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject })
      // A message that cannot be delivered is one to a process that is ending: `exit` rejects it.
      this.#process.send({ id, ...command }, () => undefined)
    })
  }

  #answered(message: Exclude<FromChild, { ready: true }>): void {
    const waiting = this.#waiting.get(message.id)
    this.#waiting.delete(message.id)
    if ('error' in message) waiting?.reject(new Error(message.error))
    else waiting?.resolve(message.value)
  }

  #end(): void {
    this.#gone = true
    for (const { reject } of this.#waiting.values()) reject(new LifeEnded())
    this.#waiting.clear()
  }
}

/** Lives one after the other: while one is lived, the next already stands by. */
export class Lives {
  readonly #scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'steward-lives-'))
  #standby: Life | null = null

  next(): Life {
    const life = this.#standby ?? Life.standBy(this.#scratch)
    this.#standby = Life.standBy(this.#scratch)
    return life
  }

  async close(): Promise<void> {
    this.#standby?.kill()
    await this.#standby?.ended
    fs.rmSync(this.#scratch, { recursive: true, force: true })
  }
}
