/**
 * Whole conversations over the providers' real protocols, by the client that ships: from a sentence to an automation
 * that runs, through questions, corrections, refusals, cut streams, stumbling servers and models that err.
 */
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import type { ChatCompletionRequest, LLMock } from '@copilotkit/aimock'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Json } from '../../src/domain/json.ts'
import { conversationView } from '../../src/main/engine/views/conversations.ts'
import type { ConversationView } from '../../src/main/engine/views/conversations.ts'
import { serveHttp } from '../support/loopback-server.ts'
import type { LoopbackServer } from '../support/loopback-server.ts'
import { createModelWorld, PROTOCOLS } from '../support/model-world.ts'
import type { ModelWorld } from '../support/model-world.ts'

type Call = readonly [tool: string, input: Json | string]
/** What the model answers at its nth turn; before it, what goes wrong with the first request of that turn. */
interface Turn {
  say?: string
  call?: readonly Call[]
  first?: 'limited' | 'error' | 'cut'
}

const LONGEST_MS = 30_000
/** What each turn is said to have used. */
const USED = { input: 1_000, output: 100 }
const USED_BY = {
  openai: { input_tokens: USED.input, output_tokens: USED.output, total_tokens: 1_100 },
  compatible: { prompt_tokens: USED.input, completion_tokens: USED.output, total_tokens: 1_100 },
  anthropic: { input_tokens: USED.input, output_tokens: USED.output },
  google: { promptTokenCount: USED.input, candidatesTokenCount: USED.output, totalTokenCount: 1_100 },
} as const
const MOST_TRIES = 12

let world: ModelWorld
let site: LoopbackServer
let folder: string
let home: string
let maker: keyof typeof USED_BY

/** As many as there are of its own turns in what it is sent; a text and calls may be two messages of one turn. */
function turnOf({ messages }: ChatCompletionRequest): number {
  const begins = (place: number) =>
    messages[place]?.role === 'assistant' && messages[place - 1]?.role !== 'assistant'
  return messages.filter((_message, place) => begins(place)).length
}

function play(mock: LLMock, turns: readonly Turn[]): void {
  mock.clearFixtures().resetMatchCounts()
  turns.forEach(({ say, call = [], first }, place) => {
    const predicate = (request: ChatCompletionRequest) => turnOf(request) === place
    const toolCalls = call.map(([name, input], index) => ({
      id: `call_${String(place)}_${String(index)}`,
      name,
      arguments: typeof input === 'string' ? input : JSON.stringify(input),
    }))
    const usage = USED_BY[maker]
    const content = say === undefined ? {} : { content: say }
    const response = toolCalls.length === 0 ? { content: say ?? '', usage } : { ...content, toolCalls, usage }
    if (first === 'cut')
      mock.on({ predicate, sequenceIndex: 0 }, response, { truncateAfterChunks: 1, chunkSize: 10 })
    if (first === 'limited' || first === 'error') {
      const status = first === 'limited' ? 429 : 503
      mock.on(
        { predicate, sequenceIndex: 0 },
        { error: { message: 'not now', type: 'server_error' }, status, retryAfter: 0 },
      )
    }
    mock.on({ predicate }, response)
  })
}

async function say(chat: string, text: string): Promise<ConversationView> {
  const { conversations } = world.core.engine
  await conversations.say(chat, text)
  await conversations.rest(chat, LONGEST_MS, new AbortController().signal)
  const view = conversationView(world.core.engine, conversations.plans, chat)
  if (view === undefined) throw new Error('nothing was said')
  return view
}

/** Says it all, one after the other; answers with where it stood each time. */
async function talk(...texts: readonly string[]): Promise<ConversationView[]> {
  const chat = await world.core.engine.edits.createChat(texts[0] ?? '')
  const views: ConversationView[] = []
  for (const text of texts) views.push(await say(chat, text))
  return views
}

const contract = (more: object = {}): Json => ({
  title: 'Move what comes in',
  promise: 'Moves new files from in to out every hour.',
  when: [{ kind: 'interval', everyMs: 3_600_000 }],
  uses: ['tools/files', 'tools/flow'],
  reads: { paths: [`${home}/in`] },
  changes: [{ tool: 'files.move', paths: [`${home}/in`, `${home}/out`], approval: 'never' }],
  items: { file: 'its name' },
  done: [{ kind: 'items-settled', each: 'file', maxSetAside: 0 }],
  ...more,
})
const script = () => `import { list, move } from 'tools/files'
import { each } from 'tools/flow'
export default async function run() {
  const { entries } = await list('${home}/in')
  const moved = await each('file', entries, file => file.name, async file => move(file.path, '${home}/out/' + file.name))
  return { summary: \`Moved \${moved.done.length} files.\` }
}`
const plan = (name: string, more: object = {}, source = script()): Turn[] => [
  { call: [['propose_contract', { name, contract: contract(more), assumptions: [] }]] },
  { call: [['write_script', { source }]] },
  { call: [['finish', {}]] },
]
const wish = () => `Move what is new in ${home}/in to ${home}/out every hour`

/** It is there under its name, and does what was said. */
async function works(name: string, views: readonly ConversationView[]): Promise<void> {
  expect(views.at(-1)).toMatchObject({ stage: 'added', automation: { name } })
  fs.writeFileSync(path.join(home, 'in', `${name}.txt`), name)
  const answer = await world.call({ method: 'POST', path: `/api/v1/automations/${name}/run`, json: {} })
  expect(answer.status).toBeLessThan(300)
  await expect
    .poll(() => fs.existsSync(path.join(home, 'out', `${name}.txt`)), { timeout: 15_000 })
    .toBe(true)
}

function prepare(protocol: (typeof PROTOCOLS)[number]): void {
  beforeAll(async () => {
    maker = protocol.maker
    folder = fs.mkdtempSync(path.join(os.tmpdir(), 'steward-plans-'))
    home = path.join(folder, 'person')
    for (const name of ['in', 'out']) fs.mkdirSync(path.join(home, name), { recursive: true })
    world = await createModelWorld(protocol, { core: { gallery: { home, zone: 'Europe/Berlin' } } })
    site = await serveHttp((_request, response) => response.end('<p>Price: 12</p>'))
  })
  afterAll(async () => {
    await world.end()
    await site.close()
    fs.rmSync(folder, { recursive: true, force: true })
  })
}

/** The rows of a conversation say what the provider reported, to the token. */
function metered(view: ConversationView | undefined, turns: number): void {
  const rows = world.costs().filter(({ task_id: task }) => task === view?.taskId)
  const sum = (of: 'input_tokens' | 'output_tokens' | 'micros') => rows.reduce((all, row) => all + row[of], 0)
  expect(rows.map(({ state, purpose }) => [state, purpose])).toEqual(
    Array.from({ length: turns }, () => ['spent', 'build']),
  )
  expect([sum('input_tokens'), sum('output_tokens')]).toEqual([USED.input * turns, USED.output * turns])
  expect(view?.costMicros).toBe(sum('micros'))
}

describe('over OpenAI’s responses', () => {
  prepare(PROTOCOLS[0])

  it('a plain wish is planned, shown, confirmed, and runs', async () => {
    play(world.mock, [
      { say: 'Looking.', call: [['read_tools', { modules: ['tools/files'] }]] },
      ...plan('plain'),
    ])
    const views = await talk(wish(), 'yes')
    expect(views[0]).toMatchObject({ stage: 'confirming', dryRun: { state: 'returned' } })
    metered(views.at(-1), 4)
    await works('plain', views)
  })

  it('what is missing is asked, one thing at a time', async () => {
    const choices = [
      { value: 'hourly', label: 'Every hour' },
      { value: 'daily', label: 'Every day' },
    ]
    play(world.mock, [
      { call: [['ask_user', { question: 'Which folder?', example: '~/Inbox' }]] },
      { call: [['ask_user', { question: 'How often?', choices }]] },
      ...plan('asked'),
    ])
    const views = await talk('move my files', `from ${home}/in to ${home}/out`, 'hourly', 'yes')
    expect(views.slice(0, 2).map(({ question }) => question?.text)).toEqual(['Which folder?', 'How often?'])
    await works('asked', views)
  })

  it('a model that is busy is asked again, and paid for once', async () => {
    play(
      world.mock,
      plan('busy').map(turn => ({ ...turn, first: 'limited' })),
    )
    const views = await talk(wish(), 'yes')
    metered(views.at(-1), 3)
    await works('busy', views)
  })
})

describe('over OpenAI’s chat', () => {
  prepare(PROTOCOLS[1])

  it('a correction of what is shown is planned anew, and only that becomes live', async () => {
    const daily = plan('corrected', { when: [{ kind: 'cron', expression: '0 8 * * 1-5' }] })
    play(world.mock, [...plan('corrected'), ...daily])
    const views = await talk(wish(), 'no, only on weekdays at 8', 'ok')
    const when = (view: ConversationView | undefined) =>
      view?.contract.find(({ heading }) => heading === 'When')?.lines.join()
    expect(when(views[0])).toMatch(/hour/)
    expect(when(views[1])).not.toMatch(/hour/)
    await works('corrected', views)
  })

  it('a stream that is cut is begun again', async () => {
    play(
      world.mock,
      plan('cut').map(turn => ({ ...turn, first: 'cut' })),
    )
    await works('cut', await talk(wish(), 'yes'))
  })

  it('arguments that are no JSON are told to the model, which writes them again', async () => {
    play(world.mock, [{ call: [['propose_contract', '{"name": "bro']] }, ...plan('broken')])
    await works('broken', await talk(wish(), 'yes'))
  })
})

describe('over Anthropic’s messages', () => {
  prepare(PROTOCOLS[2])

  it('a page is looked at once the person has named it, and comes as data', async () => {
    const look = `import { get } from 'tools/http'\nexport default async function run() { return (await get('${site.url('/')}')).body }`
    play(world.mock, [{ call: [['explore', { script: look, hosts: [site.host] }]] }, ...plan('looked')])
    const views = await talk(`${wish()}, see http://${site.host}/`, 'yes')
    const sent = JSON.stringify(world.asked().at(-1)?.body)
    expect(sent).toMatch(/<data from=[^]*Price: 12/)
    await works('looked', views)
  })

  it('a script that does not pass is mended', async () => {
    const wrong = script().replace("from 'tools/flow'", "from 'tools/flows'")
    const [contracted, , finished] = plan('mended')
    play(world.mock, [
      contracted ?? {},
      { call: [['write_script', { source: wrong }]] },
      { call: [['write_script', { source: script() }]] },
      finished ?? {},
    ])
    await works('mended', await talk(wish(), 'yes'))
  })

  it('a server that stumbles is asked again', async () => {
    play(
      world.mock,
      plan('stumbled').map(turn => ({ ...turn, first: 'error' })),
    )
    await works('stumbled', await talk(wish(), 'yes'))
  })
})

describe('over Gemini', () => {
  prepare(PROTOCOLS[3])

  it('a wish in German is answered in German', async () => {
    play(world.mock, plan('deutsch'))
    const views = await talk(`Verschiebe jede Stunde alles Neue aus ${home}/in nach ${home}/out`, 'ja')
    expect(views[0]?.question?.text).toMatch(/Stimmt/)
    expect(views[1]?.text).toMatch(/wurde hinzugefügt/)
    await works('deutsch', views)
  })

  it('what cannot be done is said, and something else can be wished', async () => {
    play(world.mock, [{ say: 'Mails cannot be sent without a connection.' }, ...plan('instead')])
    const views = await talk('mail me a poem', wish(), 'yes')
    expect(views[0]).toMatchObject({
      stage: 'told',
      text: 'Mails cannot be sent without a connection.',
      automation: null,
    })
    await works('instead', views)
  })

  it('a contract that cannot be kept is refused before anybody sees it', async () => {
    const impossible = {
      call: [
        [
          'propose_contract',
          { name: 'never', contract: contract({ when: [{ kind: 'cron', expression: '0 8 30 2 *' }] }) },
        ],
      ],
    } as const
    play(world.mock, [impossible, ...plan('possible')])
    const views = await talk(wish(), 'yes')
    metered(views.at(-1), 4)
    await works('possible', views)
  })

  it('servers that fail as they like delay a plan, and never leave half of one', async () => {
    play(world.mock, plan('chaos'))
    world.mock.setChaos({ dropRate: 0.2, rateLimitRate: 0.1 })
    const chat = await world.core.engine.edits.createChat('chaos')
    let view = await say(chat, wish())
    for (let tries = 0; tries < MOST_TRIES && view.stage === 'failed'; tries++)
      view = await say(chat, 'go on')
    world.mock.setChaos({})
    expect(view.stage).toBe('confirming')
    await works('chaos', [await say(chat, 'yes')])
  })
})

describe('a key that is not accepted', () => {
  it.each(PROTOCOLS)('is said in the chat, over $protocol, and nothing is there', async protocol => {
    world = await createModelWorld(protocol, { key: 'sk-not-this-one' })
    try {
      const [view] = await talk('move my files')
      expect(view).toMatchObject({ stage: 'failed', automation: null })
      expect(view?.text).toMatch(/model|key|credential/i)
      expect(JSON.stringify(view)).not.toContain('sk-not-this-one')
      expect(world.core.connections.list()[0]?.state).toBe('refused')
    } finally {
      await world.end()
    }
  })
})
