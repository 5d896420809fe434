/** Plans outlive the core, a stop, and whatever a model does; nothing is ever half there (R1, R2). */
import fs from 'node:fs'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { FailureError } from '../../src/domain/failure.ts'
import type { Json } from '../../src/domain/json.ts'
import { TOO_LONG } from '../../src/domain/model.ts'
import { listWorkflows } from '../../src/main/store/workflows.ts'
import { taskOfChat, taskRunsOf } from '../../src/main/store/tasks.ts'
import type { Line } from '../support/scripted-model.ts'
import { tempFolder, until } from '../support/world.ts'
import { Planning } from '../support/planning.ts'

let planning: Planning
beforeEach(async () => {
  planning = await Planning.open()
})
afterEach(() => planning.close())

/** Asked, and never answering until it is told to stop. */
const hanging = (asked: () => void) => (request: { signal: AbortSignal }) =>
  new Promise<string>((_resolve, reject) => {
    asked()
    request.signal.addEventListener('abort', () => reject(new Error('stopped')))
  })
const installed = () => listWorkflows(planning.world.store).map(({ name }) => name)

describe('a core that ends in the middle of a plan', () => {
  it('R1 R2 goes on where it was, with what was said and found, and asks the model that once more', async () => {
    const chat = await planning.chat()
    const asked = Promise.withResolvers<null>()
    planning.model.then({ call: [['propose_contract', { name: 'mover', contract: planning.contract() }]] })
    planning.model.then(hanging(() => asked.resolve(null)))
    await planning.world.engine.conversations.say(chat, planning.wish)
    await asked.promise
    const left = await planning.again(planning.plan().slice(1))
    planning = left
    expect((await left.rest(chat)).stage).toBe('confirming')
    const first = left.model.requests[0]?.messages.map(({ from }) => from)
    expect(first).toEqual(['user', 'model', 'tools'])
    const states = taskRunsOf(left.world.store, taskOfChat(left.world.store, chat)?.id ?? '').map(
      ({ state }) => state,
    )
    expect(states.at(-1)).toBe('rested')
    expect(states.filter(state => state === 'running')).toEqual([])
    expect((await left.say(chat, 'yes')).automation).toMatchObject({ name: 'mover' })
  })

  it('R1 takes in what was said before anybody heard it', async () => {
    const chat = await planning.chat()
    planning.world.engine.conversations.plans.stopAll()
    await planning.world.engine.conversations.say(chat, planning.wish)
    planning = await planning.again(planning.plan())
    expect((await planning.rest(chat)).stage).toBe('confirming')
  })
})

describe('a copy of the folder', () => {
  it('J11 does not go on with a plan: that is the original’s, and costs', async () => {
    const chat = await planning.chat()
    const asked = Promise.withResolvers<null>()
    planning.model.then(
      hanging(() => {
        asked.resolve(null)
      }),
    )
    await planning.world.engine.conversations.say(chat, planning.wish)
    await asked.promise
    const folder = tempFolder()
    await planning.world.store.backup(path.join(folder, 'steward.db'))
    fs.copyFileSync(path.join(planning.world.folder, 'keys'), path.join(folder, 'keys'))
    const copy = await Planning.open({ folder })
    expect(copy.view(chat)).toMatchObject({ stage: 'stopped' })
    expect(copy.model.requests).toHaveLength(0)
    await copy.close()
  })
})

describe('a plan that is stopped', () => {
  it('R7 lets go of the model at once, changes nothing, and goes on when something is said', async () => {
    const chat = await planning.chat()
    const asked = Promise.withResolvers<null>()
    planning.model.then(hanging(() => asked.resolve(null)))
    await planning.world.engine.conversations.say(chat, planning.wish)
    await asked.promise
    await planning.world.engine.conversations.plans.stop(chat)
    expect(planning.view(chat)).toMatchObject({ stage: 'stopped', progress: null })
    expect(installed()).toEqual([])
    expect((await planning.say(chat, 'go on then', ...planning.plan())).stage).toBe('confirming')
  })

  it('R1 hears what is said while the model thinks, once it has answered', async () => {
    const chat = await planning.chat()
    const [asked, answered] = [Promise.withResolvers<null>(), Promise.withResolvers<string>()]
    planning.model.then(() => {
      asked.resolve(null)
      return answered.promise
    })
    await planning.world.engine.conversations.say(chat, 'move files')
    await asked.promise
    planning.model.then('Both were heard.')
    await planning.world.engine.conversations.say(chat, 'only pictures')
    answered.resolve('The first was heard.')
    await until(() => planning.view(chat).text === 'Both were heard.', 'it was never heard')
    const said = planning.model.requests
      .at(-1)
      ?.messages.map(message => (message.from === 'user' ? message.text : message.from))
    expect(said?.slice(1)).toEqual(['model', 'only pictures'])
  })
})

describe('what is confirmed', () => {
  it('R1 counts for the question it answers: a late answer is refused, and two of them add once', async () => {
    const chat = await planning.chat()
    const { turn } = await planning.say(chat, planning.wish, ...planning.plan())
    const { conversations } = planning.world.engine
    const both = await Promise.allSettled([
      conversations.say(chat, 'yes', turn),
      conversations.say(chat, 'yes', turn),
    ])
    expect(both.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
    await planning.rest(chat)
    expect(installed()).toEqual(['mover'])
  })

  it('P3 is told to the model where it cannot be added, and nothing is there', async () => {
    await planning.world.install('mover', 'export default async function run() { return 1 }')
    const chat = await planning.chat()
    await planning.say(chat, planning.wish, ...planning.plan())
    const told = await planning.say(chat, 'yes', 'The name is taken.')
    expect(told).toMatchObject({ stage: 'told', automation: null })
    expect(planning.answers()).toContain('There is another automation “mover”')
  })
})

describe('a change of what is there', () => {
  const live = async () => {
    const chat = await planning.chat()
    await planning.say(chat, planning.wish, ...planning.plan())
    await planning.say(chat, 'yes')
    return chat
  }
  const version = () => {
    const [workflow] = listWorkflows(planning.world.store)
    return workflow?.script_id
  }

  it('J8 is a new version of the same automation, once it is confirmed', async () => {
    const chat = await live()
    const before = version()
    const daily = planning.contract({ when: [{ kind: 'cron', expression: '0 8 * * 1-5' }] })
    const card = await planning.say(chat, 'make it weekdays at 8', ...planning.plan(daily))
    expect(card.changes.map(({ heading }) => heading)).toContain('When')
    expect(version()).toBe(before)
    expect(await planning.say(chat, 'ja')).toMatchObject({ stage: 'added', automation: { name: 'mover' } })
    expect(version()).not.toBe(before)
    expect(installed()).toEqual(['mover'])
  })

  it('R1 is refused where the automation was changed elsewhere meanwhile', async () => {
    const chat = await live()
    await planning.say(chat, 'make it daily', ...planning.plan())
    await planning.world.install('mover', planning.script(), planning.contract() as never)
    const before = version()
    await planning.say(chat, 'yes', 'It was changed elsewhere.')
    expect(planning.answers()).toContain('was changed elsewhere')
    expect(version()).toBe(before)
  })

  it('answers what was done from the records, with the run', async () => {
    const chat = await live()
    fs.writeFileSync(path.join(planning.home, 'in', 'a.txt'), 'a')
    const link = 'https://example.com/2026/11/21/10-things-about-apple-you-did-not-know'
    const run = await planning.world.run('mover', { link, seen: 'sk_live_51H8abcDEF0123456789xyz' })
    const told = await planning.say(
      chat,
      'what did it do last?',
      { call: [['look_back', {}]] },
      { call: [['look_at_run', { id: run.id }]] },
      `Moved a.txt in ${run.id}.`,
    )
    expect(planning.answers()).toContain('Moved a.txt')
    expect(planning.answers()).toContain(link)
    expect(planning.answers()).not.toContain('51H8abcDEF')
    expect(told).toMatchObject({ stage: 'told', runs: [run.id] })
  })
})

describe('a model that does not behave', () => {
  const say = async (...lines: Parameters<Planning['model']['then']>) => {
    const chat = await planning.chat()
    const view = await planning.say(chat, planning.wish, ...lines)
    return { chat, view }
  }

  it.each<[what: string, call: [string, Json], answer: RegExp]>([
    ['a tool that is not there', ['send_mail', {}], /There is no tool send_mail/],
    ['arguments that are not JSON', ['search_tools', null], /were not JSON/],
    ['arguments that do not fit', ['ask_user', { question: 1, also: 2 }], /question/],
    [
      'a contract that cannot stand',
      ['propose_contract', { name: 'x', contract: { when: 'soon' } }],
      /cannot stand/,
    ],
    [
      '30 February',
      [
        'propose_contract',
        {
          name: 'x',
          contract: {
            title: 'x',
            promise: 'x',
            when: [{ kind: 'cron', expression: '0 8 30 2 *' }],
            uses: [],
            reads: {},
          },
        },
      ],
      /cannot stand/,
    ],
    ['a script without a plan', ['finish', {}], /nothing to play|no script/i],
    ['a run of another automation', ['look_at_run', { id: 'run_00000000000000000000000000' }], /no run/],
  ])('is told what is wrong with %s', async (_, call, answer) => {
    await say({ call: [call] }, 'It was not done.')
    expect(planning.answers()).toMatch(answer)
  })

  it('P3 cannot show a script that asks for more than the contract, nor one that fails when it is played', async () => {
    const greedy = `import { post } from 'tools/http'\n${planning.script()}\nexport const x = () => post('https://example.com', {})`
    await say(...planning.plan(planning.contract(), greedy), 'It is not allowed.')
    expect(planning.answers()).toMatch(/tools\/http/)
    await say(
      ...planning.plan(planning.contract(), planning.script().replace('/in', '/nowhere')),
      'It fails.',
    )
    expect(planning.answers()).toMatch(/dry run did not come to a good end/)
    expect(installed()).toEqual([])
  })

  it('is ended when it goes in circles', async () => {
    const same = { call: [['search_tools', { words: 'x' }]] } as const
    const { view } = await say(...Array.from({ length: 60 }, () => same))
    expect(view).toMatchObject({ stage: 'failed' })
    expect(view.text).toMatch(/40 steps/)
    expect(planning.answers()).toMatch(/asked the same way before/)
    expect(planning.model.requests).toHaveLength(40)
  })

  it('is asked again when it says nothing, and goes on after a failure when it is told to', async () => {
    const failure = new FailureError({
      kind: 'rate-limited',
      host: 'api',
      retryAfterMs: null,
      message: 'Too many.',
    })
    const { chat, view } = await say('', { fail: failure })
    expect(view).toMatchObject({ stage: 'failed' })
    expect(view.text).toMatch(/^Too many\. Nothing was changed/)
    expect((await planning.say(chat, 'go on', ...planning.plan())).stage).toBe('confirming')
  })
})

describe('a model that takes less at once than it is sent', () => {
  const tooLong = new FailureError({
    kind: 'rejected',
    host: 'api',
    status: 400,
    message: 'More was sent than it takes at once.',
    detail: TOO_LONG,
  })
  const reading: Line = {
    call: [['read_tools', { modules: ['tools/files', 'tools/web', 'tools/calendar'] }]],
  }

  it('is asked again with less: old answers go, and what was said stays', async () => {
    const lines = [...Array.from({ length: 3 }, () => reading), { fail: tooLong }, { fail: tooLong }]
    const view = await planning.say(
      await planning.chat(),
      planning.wish,
      ...lines,
      { fail: tooLong },
      'It was heard.',
    )
    expect(view).toMatchObject({ stage: 'told', text: 'It was heard.' })
    const sent = planning.model.requests.map(({ messages }) => JSON.stringify(messages).length)
    const [whole = 0, ...less] = sent.slice(3)
    expect(less.at(-1)).toBeLessThan(whole)
    expect(planning.model.requests.at(-1)?.messages[0]).toEqual(planning.model.requests[0]?.messages[0])
    expect(planning.model.requests.map(request => request.maxOutputTokens).slice(3)).toEqual([
      ...[16_000, 8_000, 4_000, 4_000],
    ])
  })

  it('is given up when it takes too little', async () => {
    const refusals = Array.from({ length: 9 }, () => ({ fail: tooLong }))
    const view = await planning.say(await planning.chat(), planning.wish, ...refusals)
    expect(view).toMatchObject({ stage: 'failed' })
    expect(view.text).toMatch(/takes at once\. Nothing was changed/)
    expect(planning.model.requests).toHaveLength(5)
  })
})

describe('without a model', () => {
  it('the gallery answers, and nobody asks a model', async () => {
    planning.model.isConnected = false
    const chat = await planning.chat()
    const view = await planning.say(chat, 'tell me when https://example.com is down')
    expect(view.taskId).toBeNull()
    expect(planning.model.requests).toHaveLength(0)
  })
})
