/** What a provider refuses of a request is left out, once; and no usual model is sent what it is known to refuse. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Json, JsonObject } from '../../src/domain/json.ts'
import { TOO_LONG } from '../../src/domain/model.ts'
import { MODEL_MAKERS, usualModel } from '../../src/domain/model-makers.ts'
import type { ModelMaker } from '../../src/domain/model-makers.ts'
import { readField, schemaOf } from '../../src/main/tools/llm/fields.ts'
import { PLAN_DECLARATIONS } from '../../src/planner/agent/tools.ts'
import { startCore } from '../server/api.ts'
import type { TestCore } from '../server/api.ts'
import { failureFrom } from '../support/guarded-client.ts'
import { serveHttp } from '../support/loopback-server.ts'
import type { LoopbackServer } from '../support/loopback-server.ts'
import { asking, CANARY } from '../support/model-world.ts'
import { StrictAnthropic } from '../support/strict/anthropic.ts'
import { StrictGoogle } from '../support/strict/google.ts'
import { StrictDetails, StrictThoughts } from '../support/strict/open.ts'
import { StrictOpenAi } from '../support/strict/openai.ts'
import { StrictServer } from '../support/strict/server.ts'
import type { Dialect, Turn } from '../support/strict/server.ts'

let steward: TestCore
let strict: StrictServer | undefined
let server: LoopbackServer | undefined

beforeEach(async () => {
  steward = await startCore()
})
afterEach(async () => {
  await steward.end()
  await strict?.close()
  await server?.close()
  strict = undefined
  server = undefined
})

const ask = (more: Parameters<typeof asking>[1] = {}) =>
  steward.core.engine.models.ask(asking('What does it say?', more))

async function connect(maker: ModelMaker, url: string, model: string): Promise<void> {
  const secrets = { key: CANARY }
  await steward.core.connections.add({
    name: 'model',
    kind: 'model',
    settings: { maker, url, model },
    secrets,
  })
}

async function spoken(dialect: Dialect, model = dialect.models[0]): Promise<StrictServer> {
  strict = await StrictServer.open(dialect)
  await connect(dialect.maker, strict.url, model)
  return strict
}

/** A chat whose nth request gets the nth of these. */
async function chat(...answers: readonly (JsonObject | string)[]): Promise<JsonObject[]> {
  const asked: JsonObject[] = []
  server = await serveHttp((request, response) => {
    asked.push(JSON.parse(request.body) as JsonObject)
    const answer = answers[asked.length - 1] ?? ''
    if (typeof answer !== 'string') {
      response.writeHead(400, { 'content-type': 'application/json' }).end(JSON.stringify(answer))
      return
    }
    const delta = { content: answer }
    const events = [
      { choices: [{ delta, finish_reason: null }] },
      { choices: [{ delta: {}, finish_reason: 'stop' }] },
    ]
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    response.end(events.map(each => `data: ${JSON.stringify(each)}\n\n`).join(''))
  })
  await connect('compatible', server.url('/v1'), 'local-one')
  return asked
}

const COUNT = {
  type: 'object',
  properties: { count: { type: 'integer' } },
  required: ['count'],
  additionalProperties: false,
}
const saying = (value: Json) => ({ say: JSON.stringify(value) })
const refusing = (message: string) => ({ error: { message, type: 'invalid_request_error' } })
const DIALECTS: Readonly<Record<ModelMaker, () => Dialect>> = {
  anthropic: () => new StrictAnthropic(),
  openai: () => new StrictOpenAi(),
  google: () => new StrictGoogle(),
  openrouter: () => new StrictDetails(),
  compatible: () => new StrictThoughts(),
}

describe.each(MODEL_MAKERS.filter(maker => maker !== 'compatible'))('the usual models of %s', maker => {
  it.each(['small', 'planner'] as const)('take what a %s one is asked with', async role => {
    const { play, refusals, answered } = await playing(maker, usualModel(maker, role) ?? '')
    play(saying({ count: 3 }))
    await expect(ask({ answer: COUNT, temperature: 0 })).resolves.toMatchObject({ value: { count: 3 } })
    expect(refusals).toEqual([])
    const isOffered = maker === 'google' || maker === 'openrouter'
    expect(JSON.stringify(answered)).toMatch(isOffered ? /"temperature":0/ : /^(?!.*"temperature")/)
  })
})

async function playing(maker: ModelMaker, model: string) {
  const speaks = await spoken(DIALECTS[maker](), model)
  return {
    play: (...turns: Turn[]) => {
      speaks.play(...turns)
    },
    refusals: speaks.refusals,
    answered: speaks.answered,
  }
}

describe('what is left out', () => {
  it('is a temperature that the model does not take', async () => {
    const asked = await chat(
      refusing("Unsupported value: 'temperature' does not support 0 with this model."),
      'Yes.',
    )
    await expect(ask({ temperature: 0 })).resolves.toMatchObject({ text: 'Yes.' })
    expect(asked.map(body => body['temperature'])).toEqual([0, undefined])
  })

  it('is nothing that was not sent', async () => {
    const asked = await chat(refusing('temperature and thinking cannot be had together'))
    expect(await failureFrom(ask())).toMatchObject({ kind: 'rejected', status: 400 })
    expect(asked).toHaveLength(1)
  })

  it('is the schema, and then the tool: what is asked for in words is held to it as well', async () => {
    const { play, refusals } = await playing('compatible', 'deepseek-v4-pro')
    play(saying({ count: 'many' }), saying({ count: 4 }))
    await expect(ask({ answer: COUNT })).resolves.toMatchObject({ value: { count: 4 } })
    expect(refusals).toEqual([
      'This response_format type is unavailable now',
      'Thinking mode does not support this tool_choice',
    ])
  })

  it('is given up once each, and then it is a refusal', async () => {
    const no = refusing('no')
    const asked = await chat(no, no, no, no, no)
    expect(await failureFrom(ask({ answer: COUNT, temperature: 0 }))).toMatchObject({ kind: 'rejected' })
    expect(asked).toHaveLength(3)
  })
})

/** A chat of a model that answers at no greater length, and says so. */
async function terse(most: number, message: string): Promise<unknown[]> {
  const lengths: unknown[] = []
  server = await serveHttp((request, response) => {
    const { max_tokens: asked } = JSON.parse(request.body) as { max_tokens: number }
    lengths.push(asked)
    const isLong = asked > most
    response.writeHead(isLong ? 400 : 200, {
      'content-type': isLong ? 'application/json' : 'text/event-stream',
    })
    const answer = { choices: [{ delta: { content: 'Yes.' }, finish_reason: 'stop' }] }
    response.end(isLong ? JSON.stringify(refusing(message)) : `data: ${JSON.stringify(answer)}\n\n`)
  })
  await connect('compatible', server.url('/v1'), 'local-one')
  return lengths
}

describe('a model that gives no such long answers', () => {
  const NAMED = 'Invalid max_tokens value, the valid range of max_tokens is [1, 8192]'
  const UNNAMED = 'max_tokens is too large'
  const BESIDE = "'max_tokens' is too large: 16000. This model's maximum context length is 16384 tokens."
  const long = { maxOutputTokens: 16_000 }

  it.each([
    ['at the length that it names', 8_192, NAMED, [16_000, 8_192]],
    ['at half of it', 3_000, UNNAMED, [16_000, 8_000, 4_000, 2_000]],
  ])('is asked again %s, and so from then on', async (_how, most, message, lengths) => {
    const asked = await terse(most, message)
    await expect(ask(long)).resolves.toMatchObject({ text: 'Yes.' })
    expect(asked).toEqual(lengths)
    await ask(long)
    await ask({ maxOutputTokens: 500 })
    expect(asked).toEqual([...lengths, lengths.at(-1), 500])
  })

  it('is asked at full length again where only what was sent left no room', async () => {
    const asked = await terse(5_000, BESIDE)
    await ask(long)
    await ask(long)
    expect(asked).toEqual([16_000, 8_000, 4_000, 16_000, 8_000, 4_000])
  })

  it('is given up where no length is little enough for it', async () => {
    const asked = await terse(0, UNNAMED)
    const failure = await failureFrom(ask(long))
    expect(failure).toMatchObject({ kind: 'rejected', status: 400 })
    expect(failure.message).not.toContain('More was sent')
    expect(asked).toEqual([16_000, 8_000, 4_000, 2_000, 1_000])
  })

  it('is sent less where it takes no more beside it', async () => {
    const asked = await terse(0, BESIDE)
    expect(await failureFrom(ask(long))).toMatchObject({ kind: 'rejected', detail: TOO_LONG })
    expect(asked).toEqual([16_000, 8_000, 4_000])
  })
})

describe('a schema', () => {
  it.each([10, 40])('of %i fields that may be null is answered over Anthropic', async count => {
    const names = Array.from({ length: count }, (_none, place) => `field${String(place)}`)
    const form = Object.fromEntries(names.map(name => [name, 'string?']))
    const answer = schemaOf(readField(form, []))
    const { play, answered } = await playing('anthropic', 'claude-haiku-5-5')
    const value = Object.fromEntries(names.map(name => [name, null]))
    play(saying(value))
    await expect(ask({ answer })).resolves.toMatchObject({ value })
    expect(answered[0]?.['output_config'] !== undefined).toBe(count === 10)
    expect(answered[0]?.['tools']).toBeUndefined()
  })

  it('is sent to each in the part of the language that it knows', async () => {
    const answer = schemaOf(readField({ day: 'date', state: 'open|paid', lines: [{ what: 'string?' }] }, []))
    const { play, answered } = await playing('google', 'gemini-3.8-flash')
    play(saying({ day: '2026-01-02', state: 'open', lines: [{ what: null }] }))
    await ask({ answer })
    expect(keysIn(answered[0]?.['generationConfig'] ?? null)).not.toContain('pattern')
  })

  it.each(MODEL_MAKERS)('of the planner’s tools refers to nothing, for %s', async maker => {
    const { play, refusals, answered } = await playing(maker, DIALECTS[maker]().models[0])
    play({ say: 'Yes.' })
    await ask({ tools: PLAN_DECLARATIONS })
    expect(refusals).toEqual([])
    const keys = keysIn(answered[0]?.['tools'] ?? null)
    for (const key of ['$ref', '$defs', '$schema', 'propertyNames']) expect(keys).not.toContain(key)
    expect(keys).toContain('contract')
  })
})

function keysIn(value: Json): string[] {
  if (typeof value !== 'object' || value === null) return []
  const own = Array.isArray(value) ? [] : Object.keys(value)
  return [...own, ...Object.values(value).flatMap(keysIn)]
}
