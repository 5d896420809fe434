/** From a sentence to a confirmed contract and a script that works: the planner with a model that was written here. */
import fs from 'node:fs'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Json } from '../../src/domain/json.ts'
import { conversationView } from '../../src/main/engine/views/conversations.ts'
import { ScriptedModel } from '../support/scripted-model.ts'
import { createWorld } from '../support/world.ts'
import type { World } from '../support/world.ts'

let world: World
let model: ScriptedModel
let home: string

beforeEach(async () => {
  model = new ScriptedModel()
  world = await createWorld({ models: model })
  home = path.join(world.folder, 'person')
  fs.mkdirSync(path.join(home, 'in'), { recursive: true })
  fs.mkdirSync(path.join(home, 'out'))
})
afterEach(async () => {
  await world.stop()
  fs.rmSync(world.folder, { recursive: true, force: true })
})

const contract = (more: object = {}): Json => ({
  title: 'Move what comes in',
  promise: 'Moves new files from in to out every hour.',
  when: [{ kind: 'interval', everyMs: 3_600_000 }],
  uses: ['tools/files', 'tools/flow'],
  reads: { paths: [path.join(home, 'in')] },
  changes: [
    { tool: 'files.move', paths: [path.join(home, 'in'), path.join(home, 'out')], approval: 'never' },
  ],
  items: { file: 'its name' },
  done: [{ kind: 'items-settled', each: 'file', maxSetAside: 0 }],
  ...more,
})

const script = () => `import { list, move } from 'tools/files'
import { each } from 'tools/flow'
export default async function run() {
  const { entries } = await list('${home}/in')
  const moved = await each('file', entries, file => file.name, async file => {
    return move(file.path, '${home}/out/' + file.name)
  })
  return { summary: \`Moved \${moved.done.length} files.\` }
}`

async function begin(): Promise<string> {
  return world.engine.edits.createChat('A chat')
}
async function say(chat: string, text: string) {
  await world.engine.conversations.say(chat, text)
  await world.engine.conversations.rest(chat, 20_000, new AbortController().signal)
  const view = conversationView(world.engine, world.engine.conversations.plans, chat)
  if (view === undefined) throw new Error('nothing was said')
  return view
}

describe('a wish that can be kept', () => {
  it('O2 P3 becomes a card with a dry run, and is live once it is confirmed, as it was shown', async () => {
    fs.writeFileSync(path.join(home, 'in', 'a.txt'), 'a')
    model.then(
      {
        call: [
          ['search_tools', { words: 'move files' }],
          ['read_tools', { modules: ['tools/files', 'tools/flow'] }],
        ],
      },
      { call: [['propose_contract', { name: 'mover', contract: contract(), assumptions: ['Every hour.'] }]] },
      { call: [['write_script', { source: script() }]] },
      { call: [['finish', {}]] },
    )
    const chat = await begin()
    const card = await say(chat, `Move what is new in ${home}/in to ${home}/out every hour`)
    expect(card).toMatchObject({
      stage: 'confirming',
      assumptions: ['Every hour.'],
      dryRun: { state: 'returned' },
    })
    expect(card.contract.map(({ heading }) => heading)).toContain('Asks you first')
    expect(card.dryRun?.lines.join('\n')).toMatch(/Would have moved/)
    expect(fs.readdirSync(path.join(home, 'in'))).toEqual(['a.txt'])
    const added = await say(chat, 'yes')
    expect(added).toMatchObject({ stage: 'added', automation: { name: 'mover' } })
    expect((await world.run('mover')).state).toBe('succeeded')
    expect(fs.readdirSync(path.join(home, 'out'))).toEqual(['a.txt'])
  })
})
