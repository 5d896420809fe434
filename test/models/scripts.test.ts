/** What a script asks of a model, over the providers' own protocols: the shape it wants, and what it costs. */
import { afterEach, describe, expect, it } from 'vitest'
import type { Json } from '../../src/domain/json.ts'
import { stepsOfRun } from '../../src/main/store/journal.ts'
import { failureOfRun, resultOf } from '../../src/main/store/runs.ts'
import type { RunRow } from '../../src/main/store/runs.ts'
import { createModelWorld, PROTOCOLS } from '../support/model-world.ts'
import type { ModelWorld } from '../support/model-world.ts'
import { contractFor, until } from '../support/world.ts'

let world: ModelWorld

afterEach(async () => {
  await world.end()
})

const SOURCE = `
  import * as llm from 'tools/llm'
  export default async event => {
    const bill = await llm.extract({
      from: event.text,
      schema: { number: 'string', 'due?': 'date', state: 'open|paid', lines: [{ what: 'string', amount: 'number?' }] },
    })
    const { label } = await llm.classify({ text: event.text, labels: ['bill', 'letter'] })
    const paid = await llm.judge({ question: 'Is it paid?', text: event.text })
    return { bill, label, paid, short: await llm.summarise({ text: event.text, words: 10 }) }
  }`
const BILL = { number: '7', due: null, state: 'open', lines: [{ what: 'tea', amount: null }] }
const ANSWERS: [RegExp, Json][] = [
  [/Find in the data/, BILL],
  [/Which of these labels/, { label: 'bill' }],
  [/Answer the question/, { answer: false, why: 'It asks for money.' }],
  [/Summarise the data/, { text: 'A bill for tea.' }],
]

async function ranOnce(budget: object): Promise<RunRow> {
  const { engine } = world.core
  const contract = contractFor({ uses: ['tools/llm'], models: true, budget })
  await engine.install({ name: 'reads', source: SOURCE, contract: contract as unknown as Json })
  const event = { workflow: 'reads', type: 'manual', payload: { text: 'Bill 7: tea' } }
  const accepted = await engine.emit({ ...event, sourceType: 'test', sourceId: 'test' })
  if (accepted.is === 'full') throw new Error('it was full')
  const runId = await until(() => engine.event(accepted.row.id).run_id, 'it never began')
  return until(() => (engine.isAtRest(runId) ? engine.run(runId) : null), 'it never came to rest')
}

describe.each(PROTOCOLS)('over $protocol', protocol => {
  it('J2 a script is given what it asked for, and each answer is paid for by its step', async () => {
    world = await createModelWorld(protocol)
    for (const [asked, answer] of ANSWERS) world.mock.onMessage(asked, { content: JSON.stringify(answer) })
    const run = await ranOnce({ costPerRunMicros: 1_000_000 })
    expect(failureOfRun(world.core.store, run)).toBeNull()
    expect(resultOf(world.core.store, run)).toEqual({
      bill: BILL,
      label: 'bill',
      paid: { answer: false, why: 'It asks for money.' },
      short: 'A bill for tea.',
    })
    const costs = world.costs()
    expect(costs.map(({ purpose, state, run_id }) => ({ purpose, state, run_id }))).toEqual(
      Array.from({ length: 4 }, () => ({ purpose: 'run', state: 'spent', run_id: run.id })),
    )
    expect(stepsOfRun(world.core.store, run.id).map(step => [step.stepId, step.costMicros])).toEqual(
      costs.map(row => [row.step_id, row.micros]),
    )
  })
})

it('P2 a contract without a budget lets nothing be asked that costs something', async () => {
  world = await createModelWorld(PROTOCOLS[0])
  const run = await ranOnce({})
  expect(run.state).toBe('waiting')
  expect(world.asked()).toEqual([])
  expect(world.costs()).toEqual([])
})
