import fs from 'node:fs'
import path from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { FailureError } from '../../src/domain/failure.ts'
import { TOO_LONG } from '../../src/domain/model.ts'
import type { CostOf, ModelRequest } from '../../src/domain/model.ts'
import { settleCost } from '../../src/main/store/cost-entries.ts'
import { listActions } from '../../src/main/store/actions.ts'
import { startCore } from '../server/api.ts'
import type { TestCore } from '../server/api.ts'
import { asking, CANARY, createModelWorld, PROTOCOLS } from '../support/model-world.ts'
import type { ModelWorld, ModelWorldOptions, TestedProtocol } from '../support/model-world.ts'

const [OPENAI, CHAT, ANTHROPIC] = PROTOCOLS

let world: ModelWorld
let plain: TestCore | undefined

afterEach(async () => {
  await world.end()
  await plain?.end()
  plain = undefined
})

async function connected(protocol: TestedProtocol = OPENAI, options: ModelWorldOptions = {}): Promise<void> {
  world = await createModelWorld(protocol, options)
}

const ask = (text: string, more: Partial<ModelRequest> = {}) =>
  world.core.engine.models.ask(asking(text, more))
const failureOf = async (asked: Promise<unknown>) => {
  const error = await asked.then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  if (!(error instanceof FailureError)) throw new Error(`it did not fail as expected: ${String(error)}`)
  return error.failure
}
const set = async (json: object) => {
  const headers = { 'if-match': '*' }
  const { status, text } = await world.call({ method: 'PATCH', path: '/api/v1/settings', headers, json })
  if (status !== 200) throw new Error(text)
}
const actions = () => listActions(world.core.store, 'open', 10)
const used = (input: number, output: number) => ({
  usage: { input_tokens: input, output_tokens: output, total_tokens: input + output },
})
const of = (more: Partial<CostOf>): CostOf => ({ ...asking('').of, ...more })

describe('a cap', () => {
  it('stops a call before anything is sent, and says so in one action', async () => {
    await connected()
    await set({ spending: { perDayMicros: 10 } })
    const failure = await failureOf(ask('hello', { maxOutputTokens: 4_000 }))
    expect(failure).toMatchObject({ kind: 'budget-exceeded', budget: 'spending.perDay' })
    expect(failure.message).toMatch(/\$0\.000010.*Nothing was sent.*steward models cap day/)
    await failureOf(ask('hello again', { maxOutputTokens: 4_000 }))
    expect(world.asked()).toEqual([])
    expect(world.costs()).toEqual([])
    expect(actions()).toMatchObject([
      { kind: 'budget-exceeded', cause_key: 'budget-exceeded:spending.perDay' },
    ])
  })

  it('that is raised closes its action, and the next call goes through', async () => {
    await connected()
    world.mock.onMessage('hello', { content: 'Yes.', ...used(10, 5) })
    await set({ spending: { perMonthMicros: 0 } })
    await failureOf(ask('hello'))
    expect(actions()).toHaveLength(1)
    await set({ spending: { perMonthMicros: 1_000_000 } })
    await expect.poll(actions).toEqual([])
    await expect(ask('hello')).resolves.toMatchObject({ text: 'Yes.' })
  })

  it('of a task counts what that task spent, and no other', async () => {
    await connected()
    world.mock.onMessage('hello', { content: 'Yes.', ...used(1_000_000, 0) })
    await set({ spending: { perTaskMicros: 100_000, perDayMicros: 1_000_000 } })
    await ask('hello', { of: of({ taskId: 'tsk_one' }) })
    const failure = await failureOf(ask('hello', { of: of({ taskId: 'tsk_one' }) }))
    expect(failure).toMatchObject({ kind: 'budget-exceeded', budget: 'spending.perTask', resetsAt: null })
    await expect(ask('hello', { of: of({ taskId: 'tsk_two' }) })).resolves.toMatchObject({ text: 'Yes.' })
    expect(world.asked()).toHaveLength(2)
  })

  it('of a contract is held to as well, and raises no action of its own', async () => {
    await connected()
    const cap = { name: 'costPerRunMicros', micros: 0, over: { runId: 'run_one' }, resetsAt: null }
    const failure = await failureOf(ask('hello', { capped: [cap] }))
    expect(failure).toMatchObject({ kind: 'budget-exceeded', budget: 'costPerRunMicros' })
    expect(actions()).toEqual([])
    expect(world.asked()).toEqual([])
  })

  it('holds for calls at the same time together', async () => {
    await connected(OPENAI, { mock: { latency: 50 } })
    world.mock.onMessage('hello', { content: 'Yes.', ...used(10, 5) })
    // Room for one and a half of them.
    await set({ spending: { perDayMicros: 400 } })
    const asked = await Promise.allSettled([1, 2, 3].map(() => ask('hello')))
    expect(asked.filter(end => end.status === 'fulfilled')).toHaveLength(1)
    expect(world.asked()).toHaveLength(1)
  })

  it('does not keep a model that costs nothing from being asked', async () => {
    await connected(CHAT)
    world.mock.onMessage('hello', { content: 'Yes.' })
    await set({ spending: { perDayMicros: 0, perMonthMicros: 0 } })
    await expect(ask('hello')).resolves.toMatchObject({ micros: 0 })
  })
})

describe('what a call costs', () => {
  it('follows from what was reported and the table of prices', async () => {
    await connected()
    // gpt-6-luna: 0.10, 0.01 and 0.50 dollars for a million.
    world.mock.onMessage('hello', { content: 'Yes.', ...used(2_000, 1_000) })
    await expect(ask('hello')).resolves.toMatchObject({ micros: 700, estimated: false })
    expect(world.costs()).toMatchObject([{ micros: 700, estimated: 0, connection: 'model', purpose: 'run' }])
  })

  it('is an estimate, of the dearest of its maker, where the model is not known', async () => {
    await connected()
    await set({ models: { small: { model: 'gpt-99' } } })
    world.mock.onMessage('hello', { content: 'Yes.', ...used(1_000, 0) })
    await expect(ask('hello')).resolves.toMatchObject({ model: 'gpt-99', micros: 5_000, estimated: true })
  })

  it('is recorded by the caller with what comes of it, where it wants that (J2)', async () => {
    await connected()
    world.mock.onMessage('hello', { content: 'Yes.', ...used(2_000, 1_000) })
    const { unsettled } = await ask('hello', { settles: 'caller' })
    expect(world.costs()).toMatchObject([{ state: 'reserved', id: unsettled?.id }])
    await world.core.store.write(tx => {
      if (unsettled !== undefined) settleCost(tx, unsettled)
    })
    expect(world.costs()).toMatchObject([{ state: 'spent', micros: 700 }])
  })

  it('is on record before the call leaves, with the most it can be', async () => {
    await connected()
    let before: unknown
    world.mock.onMessage('hello', () => {
      before = world.costs()
      return { content: 'Yes.', ...used(10, 5) }
    })
    await ask('hello', { maxOutputTokens: 1_000 })
    expect(before).toMatchObject([{ state: 'reserved', estimated: 1 }])
    expect((before as { micros: number }[])[0]?.micros).toBeGreaterThan(500)
  })
})

describe('a call', () => {
  it('is not made where no model is connected', async () => {
    await connected()
    plain = await startCore()
    const failure = await failureOf(plain.core.engine.models.ask(asking('hello')))
    expect(failure).toMatchObject({ kind: 'not-connected', setting: 'model' })
    expect(plain.core.engine.models.serving('planner')).toBeNull()
    expect(world.core.engine.models.serving('small')).toMatchObject({
      connection: 'model',
      provider: 'openai',
      model: OPENAI.model,
    })
  })

  it('ends at once when it is given up, with the reason of who gave it up', async () => {
    await connected(OPENAI)
    world.mock.onMessage('hello', { content: 'word '.repeat(400) }, { chunkSize: 5, latency: 100 })
    const giving = new AbortController()
    const reason = new Error('stopped by a person')
    const begun = Promise.withResolvers<undefined>()
    const asked = ask('hello', { signal: giving.signal, onText: () => begun.resolve(undefined) })
    await begun.promise
    giving.abort(reason)
    await expect(asked).rejects.toBe(reason)
    expect(world.costs()).toMatchObject([{ state: 'spent', estimated: 1 }])
    expect(world.asked()).toHaveLength(1)
  })

  it('has one time for all its tries', async () => {
    await connected(OPENAI)
    world.mock.onMessage('hello', { content: 'word '.repeat(400) }, { chunkSize: 5, latency: 100 })
    const failure = await failureOf(ask('hello', { timeoutMs: 600 }))
    expect(failure).toMatchObject({ kind: 'timeout', afterMs: 600 })
    expect(world.asked()).toHaveLength(1)
  })

  it('does not wait longer for a busy provider than it may take', async () => {
    await connected()
    world.mock.onMessage('hello', { error: { message: 'slow' }, status: 429, retryAfter: 3_600 })
    const failure = await failureOf(ask('hello'))
    expect(failure).toMatchObject({ kind: 'rate-limited', retryAfterMs: 3_600_000 })
    expect(world.asked()).toHaveLength(1)
  })

  it('of a model that is gone says which setting names it', async () => {
    await connected()
    const error = { message: 'The model `gpt-6-luna` does not exist', code: 'model_not_found' }
    world.mock.onMessage('hello', { error, status: 404 })
    const failure = await failureOf(ask('hello'))
    expect(failure.kind).toBe('rejected')
    expect(failure.message).toContain('steward models set small MODEL')
  })

  it('of an account without credit is not repeated', async () => {
    await connected()
    const error = { message: 'You exceeded your current quota', code: 'insufficient_quota' }
    world.mock.onMessage('hello', { error, status: 429 })
    const failure = await failureOf(ask('hello'))
    expect(failure).toMatchObject({ kind: 'rejected', status: 429 })
    expect(world.asked()).toHaveLength(1)
  })

  it('that is too long is refused: by us where that is certain, else as the provider says', async () => {
    await connected()
    await set({ models: { small: { model: 'gpt-4o-mini' } } })
    const failure = await failureOf(ask('x'.repeat(900_000)))
    expect(failure).toMatchObject({ kind: 'rejected', detail: TOO_LONG })
    expect(failure.message).toContain('128000')
    expect(world.asked()).toEqual([])
    const error = {
      message: "This model's maximum context length is 128000 tokens",
      code: 'context_length_exceeded',
    }
    world.mock.onMessage('hello', { error, status: 400 })
    const said = await failureOf(ask('hello'))
    expect(said).toMatchObject({ kind: 'rejected', detail: TOO_LONG })
    expect(said.message).toContain('More was sent than “gpt-4o-mini” takes')
  })

  it('that the model refuses is rejected, and paid for', async () => {
    await connected(ANTHROPIC)
    const usage = { input_tokens: 50, output_tokens: 8 }
    world.mock.onMessage('hello', { content: 'I cannot help with that.', finishReason: 'refusal', usage })
    const failure = await failureOf(ask('hello'))
    expect(failure.kind).toBe('rejected')
    expect(failure.message).toContain('I cannot help with that.')
    expect(world.costs()).toMatchObject([{ state: 'spent', input_tokens: 50, output_tokens: 8 }])
  })

  it('of a server that takes no schema asks for a call instead', async () => {
    await connected(CHAT)
    const error = { message: 'response_format is not supported', type: 'invalid_request_error' }
    world.mock.on({ predicate: asked => asked.response_format !== undefined }, { error, status: 400 })
    world.mock.onMessage('how many', { toolCalls: [{ name: 'answer', arguments: '{"count":2}' }] })
    const schema = { type: 'object', properties: { count: { type: 'number' } }, required: ['count'] }
    await expect(ask('how many', { answer: schema })).resolves.toMatchObject({ value: { count: 2 } })
  })
})

describe('the key', () => {
  it('is in the request alone: in no row, no log, no failure and no prompt', async () => {
    await connected()
    world.mock.onMessage('hello', { content: `Your key is ${CANARY}.`, ...used(10, 5) })
    world.mock.onMessage('fail', { error: { message: `Bad key ${CANARY}` }, status: 400 })
    const reply = await ask('hello')
    expect(JSON.stringify(reply)).not.toContain(CANARY)
    expect(JSON.stringify(await failureOf(ask('fail')))).not.toContain(CANARY)
    expect(JSON.stringify(world.asked().map(each => each.body))).not.toContain(CANARY)
    // It did go out: the mock answers nobody without it, and blackens it in what it tells.
    expect(world.asked().map(each => each.headers['authorization'])).toEqual(['[REDACTED]', '[REDACTED]'])
    await world.core.store.flushed()
    const files = fs.readdirSync(world.home, { recursive: true, encoding: 'utf8' })
    for (const file of files
      .map(name => path.join(world.home, name))
      .filter(name => fs.statSync(name).isFile()))
      expect(fs.readFileSync(file).includes(CANARY), file).toBe(false)
  })
})
