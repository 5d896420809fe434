/** A world with a scripted model, a person's folders, and a plan that fits them. */
import fs from 'node:fs'
import path from 'node:path'
import type { Json } from '../../src/domain/json.ts'
import { conversationView } from '../../src/main/engine/views/conversations.ts'
import type { ConversationView } from '../../src/main/engine/views/conversations.ts'
import { ScriptedModel } from './scripted-model.ts'
import type { Line } from './scripted-model.ts'
import { createWorld, tempFolder } from './world.ts'
import type { World, WorldOptions } from './world.ts'

const LONGEST_MS = 20_000

export class Planning {
  readonly world: World
  readonly model: ScriptedModel
  /** The person's home, with `in` and `out`. */
  readonly home: string

  private constructor(world: World, model: ScriptedModel, home: string) {
    this.world = world
    this.model = model
    this.home = home
  }

  static async open(options: WorldOptions = {}, lines: readonly Line[] = []): Promise<Planning> {
    const folder = options.folder ?? tempFolder()
    const home = path.join(folder, 'person')
    for (const name of ['in', 'out']) fs.mkdirSync(path.join(home, name), { recursive: true })
    const model = new ScriptedModel(...lines)
    const gallery = { home, zone: 'Europe/Berlin' }
    const world = await createWorld({ models: model, gallery, ...options, folder })
    return new Planning(world, model, home)
  }

  async close(): Promise<void> {
    await this.world.stop()
    fs.rmSync(this.world.folder, { recursive: true, force: true })
  }

  /** The core ends, and another begins on the same folder. */
  async again(lines: readonly Line[]): Promise<Planning> {
    await this.world.stop()
    return Planning.open({ folder: this.world.folder }, lines)
  }

  chat(): Promise<string> {
    return this.world.engine.edits.createChat('A chat')
  }

  /** Says it, and waits until a person is needed. */
  async say(chat: string, text: string, ...lines: Line[]): Promise<ConversationView> {
    this.model.then(...lines)
    await this.world.engine.conversations.say(chat, text)
    return this.rest(chat)
  }

  async rest(chat: string): Promise<ConversationView> {
    await this.world.engine.conversations.rest(chat, LONGEST_MS, new AbortController().signal)
    return this.view(chat)
  }

  view(chat: string): ConversationView {
    const view = conversationView(this.world.engine, this.world.engine.conversations.plans, chat)
    if (view === undefined) throw new Error('nothing was said')
    return view
  }

  /** What the model was told of its last calls. */
  answers(): string {
    const told = this.model.requests.at(-1)?.messages.findLast(({ from }) => from === 'tools')
    return told?.from === 'tools' ? told.answers.map(({ text }) => text).join('\n') : ''
  }

  contract(more: object = {}): Json {
    const [from, to] = [path.join(this.home, 'in'), path.join(this.home, 'out')]
    return {
      title: 'Move what comes in',
      promise: 'Moves new files from in to out every hour.',
      when: [{ kind: 'interval', everyMs: 3_600_000 }],
      uses: ['tools/files', 'tools/flow'],
      reads: { paths: [from] },
      changes: [{ tool: 'files.move', paths: [from, to], approval: 'never' }],
      items: { file: 'its name' },
      done: [{ kind: 'items-settled', each: 'file', maxSetAside: 0 }],
      ...more,
    }
  }

  script(to = 'out'): string {
    return `import { list, move } from 'tools/files'
import { each } from 'tools/flow'
export default async function run() {
  const { entries } = await list('${this.home}/in')
  const moved = await each('file', entries, file => file.name, async file => {
    return move(file.path, '${this.home}/${to}/' + file.name)
  })
  return { summary: \`Moved \${moved.done.length} files.\` }
}`
  }

  /** The lines of a model that plans this. */
  plan(contract: Json = this.contract(), source = this.script(), name = 'mover'): Line[] {
    return [
      { call: [['propose_contract', { name, contract, assumptions: [] }]] },
      { call: [['write_script', { source }]] },
      { call: [['finish', {}]] },
    ]
  }

  /** What a person says who wants it. */
  get wish(): string {
    return `Move what is new in ${this.home}/in to ${this.home}/out every hour`
  }
}
