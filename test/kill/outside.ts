/** The test's end of the recorder process: where it listens, what it saw. Owns the process. */
import { fork } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import path from 'node:path'
import type { Ask } from './model-server.ts'
import type { Entry, FromRecorder, ToRecorder, Trap } from './recorder.ts'

type Command = ToRecorder extends infer C ? (C extends { id: number } ? Omit<C, 'id'> : never) : never

export class Outside {
  readonly keyed: string
  readonly plain: string
  readonly model: string
  readonly #process: ChildProcess
  readonly #waiting = new Map<number, { resolve: (value: unknown) => void; reject: (error: Error) => void }>()
  #id = 0

  private constructor(child: ChildProcess, ports: { keyed: number; plain: number; model: number }) {
    this.#process = child
    this.keyed = `127.0.0.1:${String(ports.keyed)}`
    this.plain = `127.0.0.1:${String(ports.plain)}`
    this.model = `127.0.0.1:${String(ports.model)}`
    child.on('message', message => {
      const { id, value } = message as { id: number; value: unknown }
      this.#waiting.get(id)?.resolve(value)
      this.#waiting.delete(id)
    })
    child.once('exit', (code, signal) => {
      const end = new Error(`the recorder ended (${signal ?? String(code)})`)
      for (const { reject } of this.#waiting.values()) reject(end)
      this.#waiting.clear()
    })
  }

  static async open(): Promise<Outside> {
    const child = fork(path.join(import.meta.dirname, 'recorder.ts'), {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    })
    const ports = await new Promise<FromRecorder>((resolve, reject) => {
      child.once('message', message => {
        resolve(message as FromRecorder)
      })
      child.once('exit', () => {
        reject(new Error('the recorder did not start'))
      })
    })
    if (!('keyed' in ports)) throw new Error('the recorder did not say where it listens')
    return new Outside(child, ports)
  }

  async arm(trap: Trap | null): Promise<void> {
    await this.#tell({ do: 'arm', trap })
  }

  /** Resolves when all that the dead core had sent has come in and taken effect. */
  async settled(): Promise<void> {
    await this.#tell({ do: 'settle' })
  }

  /** The truth about one write, as a person who looked would tell it. */
  async wentOut(server: Entry['server'], at: string): Promise<boolean> {
    return (await this.#tell({ do: 'ask', server, path: at })) === true
  }

  async entries(): Promise<Entry[]> {
    return (await this.#tell({ do: 'entries' })) as Entry[]
  }

  /** What the model was asked, in order. */
  async asks(): Promise<Ask[]> {
    return (await this.#tell({ do: 'asks' })) as Ask[]
  }

  async forget(): Promise<void> {
    await this.#tell({ do: 'forget' })
  }

  close(): Promise<void> {
    return new Promise(resolve => {
      this.#process.once('exit', () => {
        resolve()
      })
      this.#process.disconnect()
    })
  }

  #tell(command: Command): Promise<unknown> {
    const id = ++this.#id
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject })
      this.#process.send({ id, ...command }, error => {
        if (error !== null) reject(error)
      })
    })
  }
}
