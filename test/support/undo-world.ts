/** A world whose one automation does what its event says to a folder of its own, for tests that take it back. */
import fs from 'node:fs'
import path from 'node:path'
import { z } from 'zod'
import type { ContractInput } from '../../src/domain/contract.ts'
import type { Json } from '../../src/domain/json.ts'
import { defineTool } from '../../src/domain/tool.ts'
import { effectsOf } from '../../src/main/engine/undo/effects.ts'
import type { Effect } from '../../src/main/engine/undo/effects.ts'
import { stateList } from '../../src/main/store/local-state.ts'
import { notesOf } from '../../src/main/store/notes.ts'
import { countUndoSteps, undoReason, undoSteps } from '../../src/main/store/undos.ts'
import { createWorld, tempFolder, until } from './world.ts'
import type { World, WorldOptions } from './world.ts'

/** Does the steps of its event, one after the other, in items where they have a key. */
export const DOES = `
import * as files from 'tools/files'
import * as state from 'tools/state'
import * as notes from 'tools/notes'
import { send } from 'tools/notify'
import { each } from 'tools/flow'
const tools = { files, state, notes, notify: { send } }
export default async function run({ steps = [], items = [], last = '' }) {
  const call = async ([family, verb, input]) => { await tools[family][verb](input) }
  for (const step of steps) await call(step)
  await each('part', items, item => item.key, async item => {
    for (const step of item.steps) await call(step)
    if (item.breaks) throw new Error('broke')
  })
  if (last !== '') throw new Error(last)
}`

export type Step = [family: string, verb: string, input: Record<string, Json>]

export class UndoWorld {
  readonly folder = tempFolder()
  /** Inverses of the tool `held.touch`, in the order in which they began; they end when `hold` does. */
  readonly touched: string[] = []
  hold: Promise<void> | null = null
  world: World

  private constructor(world: World) {
    this.world = world
  }

  static async open(): Promise<UndoWorld> {
    const opened = new UndoWorld(await createWorld())
    await opened.again()
    return opened
  }

  /** The core ends and starts again on what it left. */
  async again(options: WorldOptions = {}): Promise<void> {
    await this.world.stop()
    this.world = await createWorld({ folder: this.world.folder, tools: [this.#held()], ...options })
  }

  async close(): Promise<void> {
    await this.world.stop()
    for (const gone of [this.world.folder, this.folder]) fs.rmSync(gone, { recursive: true, force: true })
  }

  at(...names: string[]): string {
    return path.join(this.folder, ...names)
  }

  async install(source = DOES, more: Partial<ContractInput> = {}): Promise<string> {
    const write = ['write', 'append', 'move', 'copy', 'trash'].map(verb => ({
      tool: `files.${verb}`,
      paths: [this.folder],
      approval: 'never' as const,
    }))
    return this.world.install('one', source, {
      uses: ['tools/files', 'tools/state', 'tools/notes', 'tools/notify', 'tools/flow', 'tools/held'],
      reads: { paths: [this.folder] },
      changes: [...write, { tool: 'held.touch', approval: 'never' }],
      items: { part: 'key' },
      ...more,
    })
  }

  /** Runs the automation and gives the id of the run. */
  async did(steps: Step[], more: Record<string, Json> = {}): Promise<string> {
    return (await this.world.run('one', { steps, ...more })).id
  }

  /** Everything below the folder: content of files, '/' for folders. */
  tree(below = ''): Record<string, string> {
    return Object.fromEntries(
      fs.readdirSync(this.at(below), { withFileTypes: true }).flatMap(entry => {
        const name = path.join(below, entry.name)
        if (entry.isFile()) return [[name, fs.readFileSync(this.at(name), 'utf8')]]
        return [[`${name}/`, '/'], ...Object.entries(this.tree(name))]
      }),
    )
  }

  /** The folder, and what the automation remembers and has written down. */
  everything(workflowId: string) {
    const { store } = this.world
    const notes = notesOf(store, workflowId)
    const ids = notes.list({}, 100).map(({ id }) => id)
    return {
      tree: this.tree(),
      state: stateList(store, workflowId, ''),
      notes: ids.toSorted().map(id => {
        const { title = '', text = '', tags = [] } = notes.get(id) ?? {}
        return { id, title, text, tags: [...tags] }
      }),
    }
  }

  begin(runId: string, steps?: string[]): Promise<string> {
    return this.world.engine.undoing.begin(this.world.engine.run(runId), steps)
  }

  async undo(runId: string, steps?: string[]): Promise<string> {
    const id = await this.begin(runId, steps)
    await this.ended(id)
    return id
  }

  async ended(undoId: string): Promise<void> {
    await until(() => this.world.engine.undoing.undo(undoId).state === 'ended', 'the undo never ended')
  }

  reasons(undoId: string): (string | null)[] {
    const { store } = this.world
    return undoSteps(store, undoId, 100).map(step => undoReason(store, step))
  }

  counts(undoId: string): Record<string, number> {
    return countUndoSteps(this.world.store, undoId)
  }

  effects(runId: string): Promise<Effect[]> {
    const { store, engine } = this.world
    return effectsOf({ store, tools: engine.tools }, engine.run(runId), { limit: 100 })
  }

  #held() {
    return defineTool({
      name: 'held.touch',
      version: 1,
      title: 'Touch',
      doc: 'Touches nothing.',
      effect: 'write',
      input: z.strictObject({ name: z.string() }),
      output: z.null(),
      touches: () => ({}),
      risk: 'low',
      idempotency: 'none',
      run: () => Promise.resolve(null),
      undo: async ({ name }) => {
        this.touched.push(name)
        await this.hold
      },
      describe: ({ name }) => `Touched ${name}`,
    })
  }
}
