/** What a yes is a yes to, what counts as a person's own word, and what a stop leaves behind (P3, P6, R7). */
import fs from 'node:fs'
import path from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Json } from '../../src/domain/json.ts'
import { contractOf, listWorkflows } from '../../src/main/store/workflows.ts'
import { serveHttp } from '../support/loopback-server.ts'
import type { LoopbackServer } from '../support/loopback-server.ts'
import { Planning } from '../support/planning.ts'
import type { Line } from '../support/scripted-model.ts'

let planning: Planning
let site: LoopbackServer
beforeAll(async () => {
  site = await serveHttp((_request, response) => response.end('a page'))
})
afterAll(() => site.close())
beforeEach(async () => {
  site.seen.length = 0
  planning = await Planning.open()
})
afterEach(() => planning.close())

const asking = (url: string) =>
  `import { get } from 'tools/http'\nexport default async function run() { return (await get('${url}')).body }`
const reading = (file: string) =>
  `import { read } from 'tools/files'\nexport default async function run() { return (await read('${file}')).text }`
const lookAtSite = (): Line => ({
  call: [['explore', { script: asking(site.url('/')), hosts: [site.host] }]],
})
const installed = () => listWorkflows(planning.world.store).map(({ name }) => name)

/** Says it while the model thinks about its last line. */
async function whileThinking(chat: string, wish: string, lines: Line[], meanwhile: () => Promise<unknown>) {
  const before = lines.slice(0, -1)
  const last = lines.at(-1) ?? ''
  planning.model.then(...before, async () => {
    await meanwhile()
    return last
  })
  await planning.world.engine.conversations.say(chat, wish)
  return planning.rest(chat)
}

const changes = (more: object): Json => [
  { tool: 'http.post', hosts: ['office.example'], methods: ['POST'], approval: 'never', ...more },
]
const proposed = async (chat: string, given: Json, words: string) => {
  const contract = planning.contract({
    uses: ['tools/http'],
    reads: { paths: [planning.home] },
    changes: given,
    items: {},
    done: [],
  })
  await planning.say(chat, words, { call: [['propose_contract', { name: 'hours', contract }]] }, 'It stands.')
  return planning.answers()
}

it.each([
  ['never', {}],
  ['above so much that it never is', { approval: 'above', above: 1_000_000 }],
  ['only the first time', { approval: 'first-time' }],
])('P3 asks before it sends, also where the model wrote %s', async (_, more) => {
  const chat = await planning.chat()
  expect(await proposed(chat, changes(more), 'send my hours to office.example')).toMatch(
    /Asks you first before each http\.post/,
  )
})

describe('a yes', () => {
  it('P3 that was said before a card was there does not confirm it', async () => {
    const chat = await planning.chat()
    planning.model.then()
    const view = await whileThinking(chat, planning.wish, planning.plan(), async () => {
      await planning.world.engine.conversations.say(chat, 'ok')
      planning.model.then('It is not shown yet.')
    })
    expect(view).toMatchObject({ stage: 'told', automation: null })
    expect(installed()).toEqual([])
  })

  it('P3 to a choice that a model wrote names no place', async () => {
    const chat = await planning.chat()
    const choices = [{ value: `weekly ${site.host} ~/.ssh`, label: 'Weekly' }]
    await planning.say(chat, 'tidy up', { call: [['ask_user', { question: 'How often?', choices }]] })
    const view = await planning.say(chat, choices[0]?.value ?? '', lookAtSite())
    expect(view).toMatchObject({ stage: 'asking' })
    expect(view.question?.text).toContain(site.host)
    expect(site.seen).toEqual([])
  })

  it('P3 is not what a refusal is, though it names the place', async () => {
    const chat = await planning.chat()
    await planning.say(chat, 'tidy up', lookAtSite())
    const view = await planning.say(chat, `No, never look at http://${site.host}/`, lookAtSite())
    expect(view).toMatchObject({ stage: 'asking' })
    expect(site.seen).toEqual([])
  })

  it('P3 is not what a prohibition names, in a wish or in an answer to a question of the model’s', async () => {
    const chat = await planning.chat()
    const wish = `tidy up. Never look at http://${site.host}/`
    expect(await planning.say(chat, wish, lookAtSite())).toMatchObject({ stage: 'asking' })
    const other = await planning.chat()
    await planning.say(other, 'tidy up', {
      call: [['ask_user', { question: `May ${site.host} be looked at?` }]],
    })
    const no = await planning.say(other, `No, look at http://${site.host}/ some other day`, lookAtSite())
    expect(no).toMatchObject({ stage: 'asking' })
    expect(site.seen).toEqual([])
  })

  it('is not needed for what an answer in own words names', async () => {
    const chat = await planning.chat()
    await planning.say(chat, 'watch a page', { call: [['ask_user', { question: 'Which page?' }]] })
    await planning.say(chat, `http://${site.host}/`, lookAtSite(), 'It was looked at.')
    expect(site.seen).toHaveLength(1)
  })
})

describe('what was read in private', () => {
  it('P3 P6 is told to no host by asking it, unless the person lets that happen', async () => {
    const chat = await planning.chat()
    const file = path.join(planning.home, 'in', 'a.txt')
    fs.writeFileSync(file, 'private')
    await planning.say(
      chat,
      `compare ${file} with http://${site.host}/`,
      { call: [['explore', { script: reading(file), paths: [file] }]] },
      lookAtSite(),
    )
    expect(planning.view(chat).question?.text).toMatch(/files or accounts were read/)
    expect(site.seen).toEqual([])
    await planning.say(chat, 'yes', 'It was compared.')
    expect(site.seen).toHaveLength(1)
  })
})

describe('a proposed contract', () => {
  it('P6 sends to no place that looks like one the person named, once anything was read from outside', async () => {
    const chat = await planning.chat()
    await planning.say(
      chat,
      `look at http://${site.host}/ and tell devil.community or ada@mail.example`,
      lookAtSite(),
      'Seen.',
    )
    expect(await proposed(chat, changes({ hosts: ['evil.com'] }), 'go on')).toMatch(/has not named evil\.com/)
    expect(await proposed(chat, changes({ hosts: ['devil.community'] }), 'go on')).toMatch(/stands/)
  })
})

describe('once something was read from outside', () => {
  const read = async () => {
    const chat = await planning.chat()
    await planning.say(chat, `${planning.wish} Look at http://${site.host}/ first.`, lookAtSite(), 'Seen.')
    return chat
  }

  it('P6 it counts for every plan that follows, and for the script that came of it', async () => {
    const chat = await read()
    await planning.say(chat, 'go on', ...planning.plan())
    expect((await planning.say(chat, 'yes')).stage).toBe('added')
    expect(await proposed(chat, changes({ hosts: ['evil.com'] }), 'make it weekdays only')).toMatch(
      /has not named evil\.com/,
    )
    expect(JSON.stringify(planning.model.requests.at(-1)?.messages[0])).toContain('<data from=\\"contract\\"')
  })

  it('what a person says instead of yes to a card is their own word', async () => {
    const chat = await read()
    await planning.say(chat, 'go on', ...planning.plan())
    const said = 'No: also post each to office.example, but never to other.example'
    expect(await proposed(chat, changes({ hosts: ['office.example'] }), said)).toMatch(/stands/)
    expect(await proposed(chat, changes({ hosts: ['other.example'] }), 'go on')).toMatch(
      /has not named other/,
    )
  })
})

describe('a plan that is stopped', () => {
  it('R7 is not added by what was said before, and asks nothing any more', async () => {
    const chat = await planning.chat()
    await planning.say(chat, planning.wish, ...planning.plan())
    const { conversations } = planning.world.engine
    await Promise.all([conversations.say(chat, 'yes'), conversations.plans.stop(chat)])
    await planning.rest(chat)
    const view = await planning.say(chat, 'go on', 'It goes on.')
    expect([view.stage, installed().length]).toEqual(installed().length === 0 ? ['told', 0] : ['told', 1])
    if (installed().length === 0) expect(view.automation).toBeNull()
  })

  it('R7 is stopped by stop-everything too', async () => {
    const chat = await planning.chat()
    const view = await whileThinking(chat, planning.wish, ['It was not heard.'], () =>
      planning.world.engine.stopEverything(),
    )
    expect(view).toMatchObject({ stage: 'stopped' })
  })
})

describe('the automation of a conversation', () => {
  const live = async () => {
    const chat = await planning.chat()
    await planning.say(chat, planning.wish, ...planning.plan())
    await planning.say(chat, 'yes')
    return chat
  }

  it('may be changed again after it was changed elsewhere: the model is told what it is now', async () => {
    const chat = await live()
    await planning.world.install('mover', `${planning.script()}\n// elsewhere`, planning.contract() as never)
    const card = await planning.say(chat, 'make it daily', ...planning.plan())
    expect(card.stage).toBe('confirming')
    expect(JSON.stringify(planning.model.requests.at(-1)?.messages)).toContain('// elsewhere')
    expect((await planning.say(chat, 'yes')).stage).toBe('added')
  })

  it('is changed from what is live, without all that was said until it was', async () => {
    const chat = await live()
    await planning.say(chat, 'make it daily', 'It was heard.')
    const [first, ...rest] = planning.model.requests.at(-1)?.messages ?? []
    expect(rest).toEqual([])
    expect(first).toMatchObject({ from: 'user' })
    expect(JSON.stringify(first)).toMatch(/mover.*make it daily/s)
    expect(JSON.stringify(first)).not.toContain(planning.wish)
  })

  it('is changed by a task of its own, whose costs and cap begin anew, and the turns go on', async () => {
    const chat = await planning.chat()
    const card = await planning.say(chat, planning.wish, ...planning.plan())
    const added = await planning.say(chat, 'yes')
    const changing = await planning.say(chat, 'make it daily', ...planning.plan())
    expect(added.taskId).toBe(card.taskId)
    expect(changing.taskId).not.toBe(card.taskId)
    expect(changing.turn).toBeGreaterThan(added.turn)
  })

  it('begins anew where it was deleted, under the name that was planned', async () => {
    const chat = await live()
    const [workflow] = listWorkflows(planning.world.store)
    await planning.world.engine.control.delete(workflow?.id ?? '')
    await planning.say(chat, 'do it again', ...planning.plan(planning.contract(), planning.script(), 'other'))
    expect((await planning.say(chat, 'yes')).automation).toMatchObject({ name: 'other' })
    const [again] = listWorkflows(planning.world.store)
    expect(contractOf(planning.world.store, again?.intent_id ?? '').title).toBe('Move what comes in')
  })

  it('R1 hears what is said right after the yes', async () => {
    const chat = await planning.chat()
    await planning.say(chat, planning.wish, ...planning.plan())
    planning.model.then('Every hour.')
    const { conversations } = planning.world.engine
    await conversations.say(chat, 'yes')
    await conversations.say(chat, 'how often is that?')
    const view = await planning.rest(chat)
    expect(view).toMatchObject({ stage: 'told', text: 'Every hour.', automation: { name: 'mover' } })
  })
})
