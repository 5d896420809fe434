/**
 * A folder of its own for the file tools, and what the engine does around them: validate, prepare, record, run;
 * after an interruption, reconcile in a fresh instance and issue again what was not applied.
 */
import * as fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { contractSchema, type ContractInput } from '../../src/domain/contract.ts'
import { failureOf, isFailureError, type Failure } from '../../src/domain/failure.ts'
import type { Json } from '../../src/domain/json.ts'
import { NO_NOTES } from '../../src/domain/note.ts'
import type { Reconciled, ToolContext, ToolDeclaration } from '../../src/domain/tool.ts'
import { archiveTools } from '../../src/main/tools/archive.ts'
import { filesTools, type FilePoint, type FilesOptions } from '../../src/main/tools/files.ts'

const WRITES = [
  'files.write',
  'files.append',
  'files.move',
  'files.copy',
  'files.trash',
  'archive.extract',
  'archive.create',
  'images.resize',
  'images.convert',
  'images.crop',
]
export const NOW = Date.UTC(2026, 2, 14, 12)

export type Ended = { ok: true; value: Record<string, unknown> } | { ok: false; failure: Failure }

/** Further tools that work on files, made anew for each call. */
export type MoreTools = (options: FilesOptions) => readonly ToolDeclaration[]

export class FilesBench {
  /** The granted folder, and one beside it that is not. */
  readonly root: string
  readonly outside: string
  readonly #base: string
  readonly #options: FilesOptions
  readonly #more: MoreTools
  #grants: Pick<ContractInput, 'reads' | 'changes' | 'never'>
  #steps = 0
  #stopPoint = Number.POSITIVE_INFINITY
  #release: (() => void)[] = []
  #onStop: () => void = () => undefined
  /** Called at every named point of an operation. */
  onPoint: (point: FilePoint) => void | Promise<void> = () => undefined
  /** The points passed since the last stop was set. */
  points: FilePoint[] = []

  constructor(options: FilesOptions = {}, parent: string = os.tmpdir(), more: MoreTools = () => []) {
    this.#more = more
    this.#base = fs.mkdtempSync(path.join(fs.realpathSync(parent), 'steward-files-'))
    this.root = path.join(this.#base, 'granted')
    this.outside = path.join(this.#base, 'outside')
    fs.mkdirSync(this.root)
    fs.mkdirSync(this.outside)
    this.#options = { home: this.#base, ...options, reached: point => this.#reached(point) }
    this.#grants = grantsOf([this.root])
  }

  grant(grants: Pick<ContractInput, 'reads' | 'changes' | 'never'>): void {
    this.#grants = grants
  }

  grantRoots(...roots: string[]): void {
    this.#grants = grantsOf(roots)
  }

  path(...names: string[]): string {
    return path.join(this.root, ...names)
  }

  put(name: string, content: string | Buffer): string {
    const at = path.resolve(this.root, name)
    fs.mkdirSync(path.dirname(at), { recursive: true })
    fs.writeFileSync(at, content)
    return at
  }

  text(...names: string[]): string {
    return fs.readFileSync(this.path(...names), 'utf8')
  }

  exists(...names: string[]): boolean {
    return fs.existsSync(this.path(...names))
  }

  /** Every path below a folder with its content, links not followed; what is no file ends with a slash. */
  tree(folder: string = this.root, below = ''): Record<string, string> {
    const entries = fs.readdirSync(path.join(folder, below), { withFileTypes: true }).flatMap(entry => {
      const name = path.join(below, entry.name)
      if (entry.isFile()) return [[name, fs.readFileSync(path.join(folder, name), 'utf8')]]
      return [[`${name}/`, ''], ...(entry.isDirectory() ? Object.entries(this.tree(folder, name)) : [])]
    })
    return Object.fromEntries(entries) as Record<string, string>
  }

  /** A fresh instance, as after a restart: it remembers nothing of what ran before. */
  tool(name: string): ToolDeclaration {
    const tools = [...filesTools(this.#options), ...archiveTools(this.#options), ...this.#more(this.#options)]
    const tool = tools.find(declaration => declaration.name === name)
    if (tool === undefined) throw new Error(`There is no tool ${name}.`)
    return tool
  }

  context(stepId: string, evidence: Json = null, signal = new AbortController().signal): ToolContext {
    const contract = contractSchema.parse({
      schema: 1,
      title: 'Tidy',
      promise: 'Keeps a folder tidy.',
      zone: 'Europe/Berlin',
      when: [],
      uses: ['tools/files'],
      ...this.#grants,
    })
    const local = { get: () => undefined, list: () => [], notes: NO_NOTES }
    const ids = { workflowId: 'wf_1', runId: 'run_1', stepId, idempotencyKey: `key-${stepId}` }
    const stage = (): never => {
      throw new Error('A file tool staged local state.')
    }
    return { ...ids, contract, now: () => NOW, signal, local, stage, begunAt: NOW, evidence }
  }

  /** One call as the engine makes it. */
  async call(name: string, input: Json): Promise<Ended> {
    const step = this.step(name, input)
    return step.run()
  }

  async ok(name: string, input: Json): Promise<Record<string, unknown>> {
    const ended = await this.call(name, input)
    if (!ended.ok) throw new Error(`${name} failed: ${ended.failure.message}`)
    return ended.value
  }

  async failure(name: string, input: Json): Promise<Failure> {
    const ended = await this.call(name, input)
    if (ended.ok) throw new Error(`${name} was expected to fail, and gave ${JSON.stringify(ended.value)}`)
    return ended.failure
  }

  step(name: string, input: Json): FilesStep {
    return new FilesStep(this, name, input, `stp_${++this.#steps}`)
  }

  /** Stops the operation at its nth point from now as a kill would: nothing of it runs any more. */
  stopAt(point: number): Promise<'stopped'> {
    this.points = []
    this.#stopPoint = point
    return new Promise(resolve => {
      this.#onStop = () => resolve('stopped')
    })
  }

  goOn(): void {
    this.#stopPoint = Number.POSITIVE_INFINITY
  }

  /** Lets go of stopped operations, so that they close what they hold, and removes the folder. */
  async close(): Promise<void> {
    this.goOn()
    const stopped = this.#release.splice(0)
    for (const release of stopped) release()
    if (stopped.length > 0) await new Promise(resolve => setTimeout(resolve, 5))
    fs.rmSync(this.#base, { recursive: true, force: true })
  }

  async #reached(point: FilePoint): Promise<void> {
    this.points.push(point)
    if (this.points.length - 1 >= this.#stopPoint) {
      const stopped = new Promise<void>((_, reject) => {
        this.#release.push(() => reject(new Error('The operation was stopped by a test.')))
      })
      this.#onStop()
      return stopped
    }
    await this.onPoint(point)
  }
}

/** One journaled call: its evidence outlives the instance that runs it. */
export class FilesStep {
  readonly #bench: FilesBench
  readonly #name: string
  readonly #given: Json
  readonly #stepId: string
  #evidence: Json = null

  constructor(bench: FilesBench, name: string, given: Json, stepId: string) {
    this.#bench = bench
    this.#name = name
    this.#given = given
    this.#stepId = stepId
  }

  get context(): ToolContext {
    return this.#bench.context(this.#stepId, this.#evidence)
  }

  async run(): Promise<Ended> {
    const tool = this.#bench.tool(this.#name)
    return settled(async () => {
      const input = this.#parsed(tool)
      this.#judge(tool, input)
      await this.#prepare(tool, input)
      return this.#issue(tool, input)
    })
  }

  /** Runs until the nth point and is stopped there; then what a restart does with it. */
  async runStoppedAt(point: number): Promise<Ended | { is: 'unknown'; evidence: string }> {
    const tool = this.#bench.tool(this.#name)
    const prepared = await settled(async () => {
      const input = this.#parsed(tool)
      await this.#prepare(tool, input)
      return {}
    })
    if (!prepared.ok) return prepared
    const stopped = this.#bench.stopAt(point)
    const first = await Promise.race([settled(() => this.#issue(tool, this.#parsed(tool))), stopped])
    this.#bench.goOn()
    if (first !== 'stopped') return first
    const seen = await this.reconcile()
    const again = await this.reconcile()
    if (seen.is !== again.is) throw new Error(`Reconciling twice gave ${seen.is}, then ${again.is}.`)
    if (seen.is === 'unknown') return seen
    if (seen.is === 'applied') return { ok: true, value: checked(tool, seen.result) }
    const fresh = this.#bench.tool(this.#name)
    return settled(() => this.#issue(fresh, this.#parsed(fresh)))
  }

  async reconcile(): Promise<Reconciled<Json>> {
    const tool = this.#bench.tool(this.#name)
    if (tool.reconcile === undefined) throw new Error(`${this.#name} cannot reconcile.`)
    return tool.reconcile(this.#parsed(tool), this.context)
  }

  async undo(output: Json): Promise<Ended> {
    const tool = this.#bench.tool(this.#name)
    return settled(async () => {
      await tool.undo?.(this.#parsed(tool), output, this.context)
      return {}
    })
  }

  async simulate(): Promise<Ended> {
    const tool = this.#bench.tool(this.#name)
    return settled(async () =>
      checked(tool, (await tool.simulate?.(this.#parsed(tool), this.context)) ?? null),
    )
  }

  #parsed(tool: ToolDeclaration): Json {
    const parsed = tool.input.safeParse(this.#given)
    if (parsed.success) return parsed.data
    const message = parsed.error.issues.map(issue => issue.message).join('; ')
    throw Object.assign(new Error(message), { invalid: true })
  }

  #judge(tool: ToolDeclaration, input: Json): void {
    for (const { path: touched } of tool.touches(input).paths ?? []) {
      if (!path.isAbsolute(touched) || path.normalize(touched) !== touched)
        throw new Error(`${touched} is not normal.`)
    }
  }

  async #prepare(tool: ToolDeclaration, input: Json): Promise<void> {
    if (!WRITES.includes(tool.name)) return
    const evidence = (await tool.prepare?.(input, this.context)) ?? null
    this.#evidence = JSON.parse(JSON.stringify(evidence)) as Json
  }

  async #issue(tool: ToolDeclaration, input: Json): Promise<Record<string, unknown>> {
    const value = checked(tool, await tool.run(input, this.context))
    if (tool.describe(input, value as Json).trim() === '') throw new Error('A call was described by nothing.')
    return value
  }
}

function checked(tool: ToolDeclaration, value: Json): Record<string, unknown> {
  return tool.output.parse(value) as Record<string, unknown>
}

async function settled(work: () => Promise<Record<string, unknown>>): Promise<Ended> {
  try {
    return { ok: true, value: await work() }
  } catch (error) {
    if (isFailureError(error)) return { ok: false, failure: failureOf(error) }
    if (error instanceof Error && 'invalid' in error) {
      return { ok: false, failure: { kind: 'invalid-input', message: error.message } }
    }
    throw error
  }
}

function grantsOf(roots: string[]): Pick<ContractInput, 'reads' | 'changes'> {
  return {
    reads: { paths: roots },
    changes: WRITES.map(tool => ({ tool, paths: roots, approval: 'never' as const })),
  }
}
