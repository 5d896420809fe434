/** A rehearsal asks a model as a run would: within the same budgets, at the cost of what is being made. */
import fs from 'node:fs'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { contractSchema } from '../../src/domain/contract.ts'
import type { ContractInput } from '../../src/domain/contract.ts'
import { costsPage } from '../../src/main/engine/views/costs.ts'
import { listCosts } from '../../src/main/store/costs.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { PaidModel } from '../support/paid-model.ts'
import { contractFor, createWorld, until } from '../support/world.ts'
import type { World } from '../support/world.ts'

let world: World
let model: PaidModel

beforeEach(async () => {
  model = new PaidModel()
  world = await createWorld({ clock: new ManualClock(), models: model })
  model.store = world.store
})
afterEach(async () => {
  await world.stop()
  fs.rmSync(world.folder, { recursive: true, force: true })
})

type Budget = ContractInput['budget']

const BUDGET = { costPerRunMicros: 1_000, costPerDayMicros: 10_000 }
const costs = () => listCosts(world.store, 50)

function install(task: string, budget: Budget): Promise<string> {
  const source = `import { write } from 'tools/llm'
    export default async () => await write({ task: ${JSON.stringify(task)} })`
  return world.install('asks', source, { uses: ['tools/llm'], models: true, budget })
}

interface RehearsedWith {
  workflowId?: string
  taskId?: string
  budget?: Budget
  tasks?: string[]
}

/** Writes side by side. */
async function rehearsed({ budget = BUDGET, tasks = ['one'], ...more }: RehearsedWith = {}) {
  const contract = contractSchema.parse(contractFor({ uses: ['tools/llm'], models: true, budget }))
  const source = `import { write } from 'tools/llm'
    export default async event => (await Promise.all(event.map(task => write({ task })))).join()`
  return world.engine.rehearse({ contract, source, event: tasks, phase: 'dry-run', ...more })
}

describe('a rehearsal of what asks a model', () => {
  it('S6 asks it, at the cost of what is being made', async () => {
    model.answer = () => ({ text: 'Written.' })
    const end = await rehearsed({ taskId: 'tsk_1' })
    expect(end).toMatchObject({ result: 'Written.', failure: null })
    expect(end.steps.map(step => step.sentence)).toEqual(['Wrote 1 word: one'])
    expect(listCosts(world.store, 5)).toMatchObject([
      { purpose: 'build', task_id: 'tsk_1', workflow_id: null, micros: 60, state: 'spent' },
    ])
    expect(costsPage(world.engine, { limit: 5 }).items).toMatchObject([{ runId: null }])
  })

  it('S6 says what is missing where none is connected', async () => {
    model.isConnected = false
    const end = await rehearsed()
    expect(end.failure).toMatchObject({
      kind: 'not-connected',
      message: expect.stringContaining('No model is connected.') as string,
    })
    expect(end.result).toBeNull()
  })

  it('P2 S6 keeps to the budget of a run', async () => {
    model.most = 1_001
    expect((await rehearsed()).failure).toMatchObject({ kind: 'budget-exceeded', budget: 'costPerRunMicros' })
    expect(model.requests).toEqual([])
  })

  it.each([
    ['all find room, one after the other', 3, null],
    ['the last ones find none', 5, { kind: 'budget-exceeded', budget: 'costPerRunMicros' }],
  ])('P2 S6 keeps to it with questions side by side: %s', async (_, many, failure) => {
    let open = 0
    let most = 0
    model.answer = async () => {
      most = Math.max(most, ++open)
      await until(() => model.requests.length > 1, 'never two at once')
      open--
      return { text: 'Written.' }
    }
    const budget = { costPerRunMicros: 220, costPerDayMicros: 1_000 }
    const end = await rehearsed({
      budget,
      tasks: Array.from({ length: many }, (__, n) => `text ${String(n)}`),
    })
    if (failure === null) expect(end.failure).toBeNull()
    else expect(end.failure).toMatchObject(failure)
    expect(costs().map(cost => cost.micros)).toEqual([60, 60, 60])
    expect(most).toBe(2)
  })

  it.each([
    ['its runs left no room', 150, 1],
    ['they left room for one question', 200, 2],
  ])('P2 S6 keeps to the budget of the day: %s', async (_, micros, asked) => {
    model.answer = () => ({ text: 'Written.' })
    const budget = { costPerRunMicros: micros, costPerDayMicros: micros }
    const workflowId = await install('run', budget)
    expect((await world.run('asks')).state).toBe('succeeded')
    const end = await rehearsed({ workflowId, budget, tasks: ['one', 'two'] })
    expect(end.failure).toMatchObject({
      budget: 'costPerDayMicros',
      message: expect.stringContaining('A run would wait for the next day.') as string,
    })
    expect(model.requests).toHaveLength(asked)
  })

  it('S6 costs a run nothing that a rehearsal asked already', async () => {
    model.answer = () => ({ text: 'Written.' })
    await rehearsed()
    await install('one', {})
    expect(world.result(await world.run('asks'))).toBe('Written.')
    expect(costs().map(cost => cost.purpose)).toEqual(['build'])
  })

  it('P2 what making it cost is not counted against its days', async () => {
    const workflowId = await install('two', { costPerRunMicros: 100, costPerDayMicros: 150 })
    model.answer = () => ({ text: 'Written.' })
    await rehearsed({ workflowId })
    expect((await world.run('asks')).state).toBe('succeeded')
  })
})
