/** From the address of a model to a table: the production core, its client and its protocol, with a mock behind them. */
import { LLMock } from '@copilotkit/aimock'
import type { ChatCompletionRequest } from '@copilotkit/aimock'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { evaluate } from './evaluate.ts'
import type { TriedIntent } from './evaluate.ts'
import { INTENTS } from './intents/all.ts'
import { summaryOf, tableOf, totalsTable } from './report.ts'

const KEY = 'sk-eval-5d11'
let mock: LLMock

beforeAll(async () => {
  mock = new LLMock({ port: 0, auth: { apiKeys: [KEY] }, strict: false })
  await mock.start()
})
afterAll(() => mock.stop())

function tried(ids: readonly string[], signal = new AbortController().signal): Promise<TriedIntent[]> {
  return evaluate({
    endpoint: { baseUrl: `${mock.url}/v1`, model: 'local-one', key: KEY },
    intents: INTENTS.filter(({ id }) => ids.includes(id)),
    tries: 2,
    parallel: 1,
    signal,
    onTry: () => undefined,
    onError: (_id, error) => {
      throw error
    },
  })
}

const VITAMINS = {
  title: 'Vitamins',
  promise: 'Reminds of the vitamins at 8:00.',
  uses: ['tools/notify'],
  reads: {},
}

function planned({ messages }: ChatCompletionRequest) {
  const isChanged = JSON.stringify(messages).includes('weekdays only')
  const when = [{ kind: 'cron', expression: isChanged ? '0 8 * * 1-5' : '0 8 * * *' }]
  const source = `import { send } from 'tools/notify'
export default async function run() {
  await send('Take your vitamins')
  return { summary: 'Reminded of the vitamins.' }
}`
  const calls = [
    ['propose_contract', { name: 'vitamins', contract: { ...VITAMINS, when } }],
    ['write_script', { source }],
    ['finish', {}],
  ] as const
  const toolCalls = calls.map(([name, input], place) => ({
    id: `call_${String(messages.length)}_${String(place)}`,
    name,
    arguments: JSON.stringify(input),
  }))
  return { toolCalls, usage: { prompt_tokens: 900, completion_tokens: 50, total_tokens: 950 } }
}

describe('a model behind an address', () => {
  it('P3 is tried with the planner that ships, each time anew, and told in a table', async () => {
    mock.on({ predicate: ({ messages }) => JSON.stringify(messages).includes('vitamins') }, planned)
    mock.on({ predicate: () => true }, { content: 'There is no 30 February, so this would never happen.' })
    const all = await tried(['weekdays-after-all', 'february-30', 'make-coffee'])
    expect(all.map(({ id, score }) => [id, score.pass])).toEqual([
      ['weekdays-after-all', true],
      ['weekdays-after-all', true],
      ['february-30', true],
      ['february-30', true],
      ['make-coffee', false],
      ['make-coffee', false],
    ])
    const summary = summaryOf(all)
    expect(summary).toMatchObject({ intents: 3, tries: 6 })
    expect(summary.totals.deployed).toEqual({ intents: 1, any: 1, all: 1 })
    expect(summary.totals.refusedRightly).toEqual({ intents: 2, any: 1, all: 1 })
    expect(tableOf(all)).toMatch(/weekdays-after-all +2\/2 +2\/2 +2\/2/)
    expect(totalsTable(summary)).toMatch(/refused +2 +50 % +50 %/)
    expect(JSON.stringify(all)).not.toContain(KEY)
  })

  it('is left alone at once when it is stopped', async () => {
    const stop = new AbortController()
    stop.abort(new Error('stopped'))
    expect(await tried(['february-30'], stop.signal)).toEqual([])
  })
})
