/** The command line as people use it: its own process, its own data folder, what it printed and how it ended. */
import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'

const CLI = path.join(import.meta.dirname, '../../src/main/cli.ts')

export interface Ended {
  code: number | null
  out: string
  err: string
  /** What it printed, as the one JSON document it has to be. */
  json: () => Record<string, unknown>
}

export interface Serving {
  url: string
  line: string
  child: ChildProcess
  /** As Ctrl-C does. */
  stop(): Promise<Ended>
}

export class Steward {
  readonly folder = fs.mkdtempSync(path.join(os.tmpdir(), 'steward-cli-'))
  readonly home = path.join(this.folder, 'data')
  readonly #children = new Set<ChildProcess>()

  async run(...args: string[]): Promise<Ended> {
    return ended(this.#spawn(args))
  }

  /** Begins a command that goes on until it is stopped. */
  begin(...args: string[]): { child: ChildProcess; text: () => string } {
    const child = this.#spawn(args)
    let text = ''
    child.stdout?.on('data', (chunk: Buffer) => (text += chunk.toString()))
    return { child, text: () => text }
  }

  /** Runs `serve` (or another entry) until its first line. */
  async serve(args: readonly string[] = ['serve', '--port', '0'], entry = CLI): Promise<Serving> {
    const child = this.#spawn(args, entry)
    const whole = ended(child)
    const line = await Promise.race([
      firstLine(child.stdout),
      whole.then(end => Promise.reject(new Error(end.err))),
    ])
    const url = /http:\/\/[\d.:]+/.exec(line)?.[0] ?? ''
    return {
      url,
      line,
      child,
      stop: () => {
        child.kill('SIGINT')
        return whole
      },
    }
  }

  /** Runs `serve` on a folder whose vault is locked, until it says so. */
  async serveLocked(): Promise<Serving> {
    const child = this.#spawn(['serve', '--port', '0'])
    const whole = ended(child)
    const line = await Promise.race([
      firstLine(child.stderr),
      whole.then(end => Promise.reject(new Error(end.err))),
    ])
    return {
      url: /http:\/\/[\d.:]+/.exec(line)?.[0] ?? '',
      line,
      child,
      stop: () => {
        child.kill('SIGINT')
        return whole
      },
    }
  }

  write(name: string, text: string): string {
    const file = path.join(this.folder, name)
    fs.writeFileSync(file, text)
    return file
  }

  end(): void {
    for (const child of this.#children) child.kill('SIGKILL')
    fs.rmSync(this.folder, { recursive: true, force: true })
  }

  #spawn(args: readonly string[], entry = CLI): ChildProcess {
    const child = spawn(process.execPath, [entry, ...args], {
      env: { ...process.env, STEWARD_HOME: this.home, TZ: 'UTC' },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    this.#children.add(child)
    child.once('exit', () => this.#children.delete(child))
    return child
  }
}

function ended(child: ChildProcess): Promise<Ended> {
  let out = ''
  let err = ''
  child.stdout?.on('data', (chunk: Buffer) => (out += chunk.toString()))
  child.stderr?.on('data', (chunk: Buffer) => (err += chunk.toString()))
  return new Promise(resolve => {
    child.once('close', code => {
      resolve({ code, out, err, json: () => JSON.parse(out) as Record<string, unknown> })
    })
  })
}

function firstLine(stream: ChildProcess['stdout']): Promise<string> {
  let seen = ''
  return new Promise(resolve => {
    stream?.on('data', (chunk: Buffer) => {
      seen += chunk.toString()
      const [line, ...rest] = seen.split('\n')
      if (rest.length > 0) resolve(line ?? '')
    })
  })
}
