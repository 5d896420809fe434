/** From a sentence to a confirmed contract and a script that works: what a plan is, asks, and becomes. */
import fs from 'node:fs'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { costLedger } from '../../src/main/store/cost-ledger.ts'
import { checkTypes } from '../../src/main/tools/scripts/check-types.ts'
import type { TypesInput } from '../../src/main/tools/scripts/check-types.ts'
import { serveHttp } from '../support/loopback-server.ts'
import { Planning } from '../support/planning.ts'

let planning: Planning
beforeEach(async () => {
  planning = await Planning.open()
})
afterEach(() => planning.close())

const put = (name: string) => fs.writeFileSync(path.join(planning.home, 'in', name), name)
const has = (folder: string) => fs.readdirSync(path.join(planning.home, folder))

describe('a wish that can be kept', () => {
  it('O2 P3 becomes a card with a dry run, and is live once it is confirmed, as it was shown', async () => {
    put('a.txt')
    const chat = await planning.chat()
    const card = await planning.say(
      chat,
      planning.wish,
      {
        call: [
          ['search_tools', { words: 'move files' }],
          ['read_tools', { modules: ['tools/files'] }],
        ],
      },
      ...planning.plan(),
    )
    expect(card).toMatchObject({ stage: 'confirming', dryRun: { state: 'returned' }, automation: null })
    expect(card.contract.map(({ heading }) => heading)).toContain('Asks you first')
    expect(card.dryRun?.lines.join('\n')).toMatch(/Would have moved/)
    expect(card.script?.source).toBe(planning.script())
    expect(has('in')).toEqual(['a.txt'])
    const added = await planning.say(chat, 'yes')
    expect(added).toMatchObject({ stage: 'added', automation: { name: 'mover' } })
    expect((await planning.world.run('mover')).state).toBe('succeeded')
    expect(has('out')).toEqual(['a.txt'])
    const families = planning.world.engine.observer.measures.families()
    const tasks = families.find(({ name }) => name === 'agent_task_latency_ms')?.samples
    expect(tasks?.find(({ suffix }) => suffix === '_count')).toMatchObject({
      labels: { framework: 'planner' },
      value: 2,
    })
  })

  it('P2 tells the model of places that its script neither named nor touched', async () => {
    put('a.txt')
    const chat = await planning.chat()
    const elsewhere = path.join(planning.home, 'elsewhere')
    const [from, to] = [path.join(planning.home, 'in'), path.join(planning.home, 'out')]
    const wider = { changes: [{ tool: 'files.move', paths: [from, to, elsewhere], approval: 'never' }] }
    const wish = `${planning.wish}, and look at ${elsewhere}`
    const card = await planning.say(chat, wish, ...planning.plan(planning.contract(wider)))
    expect(card.dryRun?.untouched).toEqual([
      `${elsewhere} is granted; the script does not name it, and the rehearsal did not touch it.`,
    ])
    const other = await planning.chat()
    expect((await planning.say(other, planning.wish, ...planning.plan())).dryRun?.untouched).toEqual([])
  })

  it('is made with a script of right types: what is wrong goes back to the model with its place', async () => {
    await planning.close()
    const types = { check: async (input: TypesInput) => checkTypes(input), close: async () => undefined }
    planning = await Planning.open({ types })
    const wrong = planning.script().replace('moved.done.length', 'moved.length')
    const chat = await planning.chat()
    const [propose, write] = planning.plan(planning.contract(), wrong)
    const told = await planning.say(chat, planning.wish, propose ?? '', write ?? '', 'It will not do.')
    expect(told.stage).toBe('told')
    expect(planning.answers()).toMatch(
      /It cannot stand so:\\?n?[^]*error: line 8, column 36: Property 'length' does not exist/,
    )
    const card = await planning.say(chat, 'try again', ...planning.plan().slice(1))
    expect(card.stage).toBe('confirming')
  })

  it('P3 is not live for anything but a plain yes; what else is said goes back to the model', async () => {
    const chat = await planning.chat()
    await planning.say(chat, planning.wish, ...planning.plan())
    const again = await planning.say(chat, 'yes, but only on weekdays', 'It cannot be done on weekdays.')
    expect(again).toMatchObject({ stage: 'told', text: 'It cannot be done on weekdays.', automation: null })
    expect(planning.answers()).toContain('did not confirm it, and said: yes, but only on weekdays')
  })

  it('asks one question at a time, with choices, and hands the answer to the model', async () => {
    const chat = await planning.chat()
    const choices = [
      { value: 'copy', label: 'Keep a copy' },
      { value: 'move', label: 'Move them' },
    ]
    const asked = await planning.say(chat, 'tidy up', {
      call: [
        ['ask_user', { question: 'Copy or move?', choices }],
        ['search_tools', { words: 'files' }],
      ],
    })
    expect(asked).toMatchObject({ stage: 'asking', question: { text: 'Copy or move?', choices } })
    const told = await planning.say(chat, 'move', 'It will be moved.')
    expect(told.stage).toBe('told')
    expect(planning.answers()).toMatch(/The person chose: move \(Move them\)[^]*tools\/files/)
  })
})

describe('what is looked at before anything is confirmed', () => {
  it('P3 S6 is only what the person named, or said yes to', async () => {
    const site = await serveHttp((_request, response) => response.end('secret'))
    try {
      const look = `import { get } from 'tools/http'\nexport default async function run() { return (await get('${site.url('/x')}')).body }`
      const hosts = [site.host]
      const chat = await planning.chat()
      const asked = await planning.say(chat, 'watch that page', {
        call: [['explore', { script: look, hosts }]],
      })
      expect(asked).toMatchObject({ stage: 'asking' })
      expect(asked.question?.text).toContain(site.host)
      expect(site.seen).toHaveLength(0)
      await planning.say(chat, 'no', 'It was not looked at.')
      expect(site.seen).toHaveLength(0)
      expect(planning.answers()).toContain('did not allow that')
      await planning.say(chat, 'well, look then', { call: [['explore', { script: look, hosts }]] })
      const told = await planning.say(chat, 'yes', 'It says so.')
      expect(told.stage).toBe('told')
      expect(site.seen).toHaveLength(1)
      expect(planning.answers()).toMatch(/<data from="[^"]*" mark="[0-9a-f]{20}">[^]*secret[^]*<\/data mark=/)
    } finally {
      await site.close()
    }
  })

  it('P3 S6 is asked for before a dry run too', async () => {
    const chat = await planning.chat()
    const asked = await planning.say(chat, 'tidy my things', ...planning.plan())
    expect(asked).toMatchObject({ stage: 'asking' })
    expect(asked.question?.text).toContain(path.join(planning.home, 'in'))
    const card = await planning.say(chat, 'ok')
    expect(card.stage).toBe('confirming')
  })
})

describe('powers that are hard to take back', () => {
  it('P3 ask first, until a person has seen that and said otherwise', async () => {
    const changes = [
      { tool: 'files.move', paths: [planning.home], approval: 'never' },
      { tool: 'http.post', hosts: ['example.com'], methods: ['POST'], approval: 'never' },
    ]
    const uses = ['tools/files', 'tools/flow', 'tools/http']
    const source = `${planning.script()}\nimport { post } from 'tools/http'\nexport const told = () => post('https://example.com/', {})`
    const contract = planning.contract({ changes, uses })
    const chat = await planning.chat()
    await planning.say(chat, `${planning.wish} and tell example.com`, ...planning.plan(contract, source))
    expect(planning.view(chat).question?.text).toContain(planning.home)
    const told = await planning.say(chat, 'yes')
    expect(told.question?.text).toMatch(/asked of example\.com now could tell it/)
    const card = await planning.say(chat, 'yes')
    const asks = () =>
      planning
        .view(chat)
        .contract.find(({ heading }) => heading === 'Asks you first')
        ?.lines.join()
    expect(card.stage).toBe('confirming')
    expect(asks()).toContain('http.post')
    expect(asks()).not.toContain('files.move')
    await planning.say(chat, 'no need to ask me for that', ...planning.plan(contract, source))
    expect(asks()).not.toContain('http.post')
  })
})

it('each plan of a chat says what it has cost, and what all of them have', async () => {
  const { store } = planning.world
  const chat = await planning.chat()
  const pay = async (micros: number) => {
    const { taskId } = planning.view(chat)
    const of = {
      purpose: 'build',
      workflowId: null,
      taskId,
      runId: null,
      stepId: null,
      tool: 'planner',
    } as const
    await costLedger(store).reserve({ of, connection: 'model', model: 'scripted-1', micros }, [])
    const { costMicros, chatCostMicros } = planning.view(chat)
    return [costMicros, chatCostMicros]
  }
  await planning.say(chat, planning.wish, ...planning.plan())
  expect(await pay(70)).toEqual([70, 70])
  expect((await planning.say(chat, 'yes', 'It is set up.')).automation).not.toBeNull()
  await planning.say(chat, 'and now something else', 'What else?')
  expect(await pay(5)).toEqual([5, 75])
})

describe('an account that is not connected', () => {
  it('is asked for in the chat, and the plan goes on once it is there', async () => {
    const connected: { name: string; purpose: string; hosts: string[] }[] = []
    await planning.close()
    planning = await Planning.open({ connections: () => connected })
    const contract = planning.contract({
      reads: { paths: [path.join(planning.home, 'in')], accounts: ['tracker'] },
    })
    const chat = await planning.chat()
    const asked = await planning.say(chat, planning.wish, ...planning.plan(contract))
    expect(asked).toMatchObject({ stage: 'asking' })
    expect(asked.question?.text).toMatch(/needs the connection “tracker”.*steward connections add tracker/)
    for (const word of ['connected', 'It is connected', 'yes']) {
      const still = await planning.say(chat, word)
      expect(still).toMatchObject({ stage: 'asking' })
      expect(still.question?.text).toMatch(/^The connection “tracker” is still not there\./)
      expect(still.question?.choices).toEqual(asked.question?.choices)
    }
    expect(planning.model.requests).toHaveLength(3)
    connected.push({ name: 'tracker', purpose: 'Knows what is open.', hosts: ['tracker.example'] })
    const looks = await planning.say(chat, 'connected')
    expect(looks.question?.text).toContain('the account tracker')
    expect((await planning.say(chat, 'yes')).stage).toBe('confirming')
  })

  it('is looked for when a connection appears, and nobody has to say so', async () => {
    const connected: { name: string; purpose: string; hosts: string[] }[] = []
    await planning.close()
    planning = await Planning.open({ connections: () => connected })
    const contract = planning.contract({
      reads: { paths: [path.join(planning.home, 'in')], accounts: ['tracker'] },
    })
    const chat = await planning.chat()
    await planning.say(chat, planning.wish, ...planning.plan(contract))
    const { plans } = planning.world.engine.conversations
    connected.push({ name: 'other', purpose: 'Something else.', hosts: ['other.example'] })
    await plans.connected()
    expect((await planning.rest(chat)).question?.text).toContain('needs the connection “tracker”')
    connected.push({ name: 'tracker', purpose: 'Knows what is open.', hosts: ['tracker.example'] })
    await plans.connected()
    expect((await planning.rest(chat)).question?.text).toContain('the account tracker')
  })

  it('is done without where the person says so', async () => {
    await planning.close()
    planning = await Planning.open({ connections: () => [] })
    const contract = planning.contract({ reads: { accounts: ['tracker'] } })
    const chat = await planning.chat()
    await planning.say(chat, planning.wish, ...planning.plan(contract))
    await planning.say(chat, 'without', 'Then it cannot be done.')
    expect(planning.answers()).toContain('The person chose: without')
  })
})
