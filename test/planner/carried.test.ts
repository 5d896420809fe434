/**
 * Whole conversations with providers that refuse what their published protocol refuses: what a model thought and signed
 * goes back to it, through a change of model, a cut stream, a killed core and signatures that nobody knows any more.
 */
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Json } from '../../src/domain/json.ts'
import { conversationView } from '../../src/main/engine/views/conversations.ts'
import type { ConversationView } from '../../src/main/engine/views/conversations.ts'
import { listCosts } from '../../src/main/store/costs.ts'
import { Lives } from '../kill/life.ts'
import { startCore } from '../server/api.ts'
import type { TestCore } from '../server/api.ts'
import { StrictAnthropic } from '../support/strict/anthropic.ts'
import { StrictGoogle } from '../support/strict/google.ts'
import { StrictDetails, StrictThoughts } from '../support/strict/open.ts'
import { StrictOpenAi } from '../support/strict/openai.ts'
import { StrictServer } from '../support/strict/server.ts'
import type { Dialect, Turn } from '../support/strict/server.ts'

const LONGEST_MS = 30_000

let folder: string
let home: string
let server: StrictServer
let world: TestCore | undefined

beforeEach(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'steward-carried-'))
  home = path.join(folder, 'person')
  for (const name of ['in', 'out']) fs.mkdirSync(path.join(home, name), { recursive: true })
})
afterEach(async () => {
  await world?.end()
  world = undefined
  await server.close()
  fs.rmSync(folder, { recursive: true, force: true })
})

async function connect(dialect: Dialect): Promise<void> {
  server = await StrictServer.open(dialect)
  world = await startCore({ gallery: { home, zone: 'Europe/Berlin' } })
  await world.core.connections.add(connection(dialect))
}

function connection(dialect: Dialect) {
  return {
    name: 'model',
    kind: 'model' as const,
    settings: { maker: dialect.maker, url: server.url, model: dialect.models[0] },
    secrets: { key: 'sk-of-this-test-0123456789' },
  }
}

function steward(): TestCore {
  if (world === undefined) throw new Error('nothing was started')
  return world
}

async function sets(json: object): Promise<void> {
  const headers = { 'if-match': '*' }
  const { status, text } = await steward().call({ method: 'PATCH', path: '/api/v1/settings', headers, json })
  if (status !== 200) throw new Error(text)
}

const chooses = (model: string) => sets({ models: { planner: { model } } })

async function say(chat: string, text: string): Promise<ConversationView> {
  const { conversations } = steward().core.engine
  await conversations.say(chat, text)
  await conversations.rest(chat, LONGEST_MS, new AbortController().signal)
  const view = conversationView(steward().core.engine, conversations.plans, chat)
  if (view === undefined) throw new Error('nothing was said')
  return view
}

const begin = (): Promise<string> => steward().core.engine.edits.createChat('A chat')
const wish = () => `Move what is new in ${home}/in to ${home}/out every hour`

function plan(name: string, when: Json = { kind: 'interval', everyMs: 3_600_000 }): Turn[] {
  const contract = {
    title: 'Move what comes in',
    promise: 'Moves new files from in to out.',
    when: [when],
    uses: ['tools/files', 'tools/flow'],
    reads: { paths: [`${home}/in`] },
    changes: [{ tool: 'files.move', paths: [`${home}/in`, `${home}/out`], approval: 'never' }],
    items: { file: 'its name' },
    done: [{ kind: 'items-settled', each: 'file', maxSetAside: 0 }],
  }
  const source = `import { list, move } from 'tools/files'
import { each } from 'tools/flow'
export default async function run() {
  const { entries } = await list('${home}/in')
  const moved = await each('file', entries, file => file.name, async file => move(file.path, '${home}/out/' + file.name))
  return { summary: \`Moved \${moved.done.length} files.\` }
}`
  return [
    { say: 'Planned. ', call: [['propose_contract', { name, contract, assumptions: [] }]] },
    { call: [['write_script', { source }]] },
    { call: [['finish', {}]] },
  ]
}

const look: Turn = {
  say: 'A look at what there is. ',
  call: [
    ['read_tools', { modules: ['tools/files'] }],
    ['search_examples', { words: 'move files' }],
  ],
}
/** A look, a plan, and another one. */
const planned = (): Turn[] => [
  look,
  ...plan('mover'),
  ...plan('mover', { kind: 'cron', expression: '0 8 * * 1-5' }),
]
const FAMILIES =
  'archive calendar feeds files flow http images llm notes pages pdf state tables text web'.split(' ')

/** Much is read at once, and something else by each `step`. */
function reading(step: number): Turn {
  const modules = (from: number) =>
    Array.from(
      { length: 6 },
      (_none, place) => `tools/${FAMILIES[(from + place * step) % FAMILIES.length] ?? ''}`,
    )
  return { call: Array.from({ length: 8 }, (_none, from) => ['read_tools', { modules: modules(from) }]) }
}

/** A look and a question, and when that is answered, another look and a reply; and once more. */
const talked: readonly Turn[] = [
  look,
  { call: [['ask_user', { question: 'How often?' }]] },
  { call: [['search_tools', { words: 'interval' }]] },
  { say: 'That can be done.' },
  { call: [['search_tools', { words: 'weekday' }]] },
  { say: 'That too.' },
]

const SIGNED = /sealed:|thought_?signature|They want t\d|claude-opus-5-5:[0-9a-f]/i

/** What was signed is nowhere where anybody could read it. */
async function isSealed(view: ConversationView): Promise<void> {
  expect(JSON.stringify(server.answered)).toMatch(SIGNED)
  expect(JSON.stringify(view)).not.toMatch(SIGNED)
  const { core, home: data } = steward()
  await core.store.flushed()
  const names = fs.readdirSync(data, { recursive: true, encoding: 'utf8' })
  const files = names.map(name => path.join(data, name)).filter(file => fs.statSync(file).isFile())
  for (const file of files) expect(SIGNED.test(fs.readFileSync(file, 'latin1')), file).toBe(false)
}

const DIALECTS: readonly (readonly [string, () => Dialect])[] = [
  ['Anthropic’s messages', () => new StrictAnthropic()],
  ['OpenAI’s responses', () => new StrictOpenAi()],
  ['Gemini', () => new StrictGoogle()],
  ['a chat with thoughts', () => new StrictThoughts()],
  ['a chat with details', () => new StrictDetails()],
]

describe.each(DIALECTS)('over %s', (_name, dialect) => {
  it('a model gets back what it signed, in a conversation of two turns with tools in each', async () => {
    await connect(dialect())
    server.play(...planned())
    const chat = await begin()
    expect(await say(chat, wish())).toMatchObject({ stage: 'confirming' })
    expect(await say(chat, 'no, only on weekdays at 8')).toMatchObject({ stage: 'confirming' })
    const view = await say(chat, 'yes')
    expect(view).toMatchObject({ stage: 'added', automation: { name: 'mover' } })
    expect(server.refusals).toEqual([])
    expect(server.answered).toHaveLength(7)
    const rows = listCosts(steward().core.store, 100)
    expect(new Set(rows.map(({ state, input_tokens: input }) => `${state} ${String(input)}`))).toEqual(
      new Set(['spent 1000']),
    )
    await isSealed(view)
  })

  it('a stream that is cut in the middle of a thought is begun anew, and leaves nothing of it', async () => {
    await connect(dialect())
    server.play(...talked.map((turn, place) => ({ ...turn, isCut: place === 1 })))
    const chat = await begin()
    expect(await say(chat, wish())).toMatchObject({ stage: 'asking' })
    expect(await say(chat, 'hourly')).toMatchObject({ stage: 'told', text: 'That can be done.' })
    expect(server.refusals).toEqual([])
    expect(server.answered).toHaveLength(5)
  })

  it('another model is told what was said and called, and nothing that it cannot read', async () => {
    const spoken = dialect()
    await connect(spoken)
    server.play(...talked)
    const chat = await begin()
    await say(chat, wish())
    await chooses(spoken.models[1])
    expect(await say(chat, 'hourly')).toMatchObject({ text: 'That can be done.' })
    await chooses(spoken.models[0])
    expect(await say(chat, 'only on weekdays?')).toMatchObject({ text: 'That too.' })
    // A model that wants to know what was thought before each call is told that nothing was.
    const isMissed = spoken instanceof StrictThoughts
    expect([...new Set(server.refusals)]).toEqual(
      isMissed ? ['The `reasoning_content` in the thinking mode must be passed back to the API.'] : [],
    )
    expect(server.answered).toHaveLength(6)
  })

  it('what is refused is left out once, and not asked about again', async () => {
    const spoken = dialect()
    await connect(spoken)
    server.play(...talked)
    const chat = await begin()
    await say(chat, wish())
    server.forget()
    expect(await say(chat, 'hourly')).toMatchObject({ text: 'That can be done.' })
    expect(await say(chat, 'only on weekdays?')).toMatchObject({ text: 'That too.' })
    // Whoever signs nothing has nothing to refuse.
    expect(server.refusals).toHaveLength(spoken instanceof StrictThoughts ? 0 : 1)
  })
})

describe.each(DIALECTS.filter(([name]) => !name.includes('details')))('over %s', (_name, dialect) => {
  it('what was thought about answers that were left out since is not given back', async () => {
    await connect(dialect())
    await sets({
      spending: { perTaskMicros: 100_000_000, perDayMicros: 100_000_000, perMonthMicros: 100_000_000 },
    })
    server.play(...[1, 2, 3, 4].map(reading), { say: 'Now it is known.' }, ...talked.slice(4))
    const chat = await begin()
    expect(await say(chat, wish())).toMatchObject({ text: 'Now it is known.' })
    expect(await say(chat, 'only on weekdays?')).toMatchObject({ text: 'That too.' })
    expect(JSON.stringify(server.answered).includes('Left out to save room')).toBe(true)
    expect(server.refusals).toEqual([])
  })
})

describe.each(DIALECTS.filter(([name]) => name === 'Gemini'))('over %s', (_name, dialect) => {
  it('scripts that were left out since are calls that nobody signed, and what stands can be read', async () => {
    await connect(dialect())
    await sets({
      spending: { perTaskMicros: 100_000_000, perDayMicros: 100_000_000, perMonthMicros: 100_000_000 },
    })
    const writing = (id: number): Turn => ({
      call: [['write_script', { source: `// ${String(id)} ${'x'.repeat(90_000)}` }]],
    })
    server.play(...[1, 2, 3, 4].map(writing), { call: [['read_plan', {}]] }, { say: 'It is known again.' })
    expect(await say(await begin(), wish())).toMatchObject({ text: 'It is known again.' })
    const last = JSON.stringify(server.answered.at(-1))
    expect(last).toContain('read_plan gives contract and script')
    expect(last).toContain('The script:')
    expect(server.refusals).toEqual([])
  })
})

describe.each(DIALECTS.filter(([name]) => /Anthropic|Gemini/.test(name)))('over %s', (_name, dialect) => {
  it('R1 R2 a core that was killed while the model thought gives it back what it signed before', async () => {
    const spoken = dialect()
    server = await StrictServer.open(spoken)
    server.play(...talked)
    const lives = new Lives()
    const data = path.join(folder, 'data')
    try {
      const first = lives.next()
      await first.start(data, null)
      await first.post('/connections', connection(spoken))
      const { id } = await first.post<{ id: string }>('/chats', { title: 'A chat' })
      const isHeld = server.holds(1)
      await first.post(`/chats/${id}/messages`, { text: wish() })
      await isHeld
      first.kill()
      await first.ended
      const second = lives.next()
      await second.start(data, null)
      const stage = async () =>
        (await second.get<ConversationView>(`/chats/${id}/conversation?wait=5000`)).stage
      await expect.poll(stage, { timeout: LONGEST_MS }).toBe('asking')
      await second.stop()
    } finally {
      await lives.close()
    }
    expect(server.refusals).toEqual([])
    expect(server.answered).toHaveLength(2)
    expect(JSON.stringify(server.answered[1])).toMatch(SIGNED)
  })
})
