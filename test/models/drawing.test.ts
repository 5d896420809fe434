/** Asking a model for a picture, over the protocols of those who draw: what comes, what it costs, and what may go wrong. */
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { failureOf } from '../../src/domain/failure.ts'
import type { Json } from '../../src/domain/json.ts'
import type { DrawRequest, Quote } from '../../src/domain/model.ts'
import { LARGEST_PICTURE } from '../../src/domain/picture.ts'
import { createDrawingWorld, DRAWING, USED } from '../support/drawing-server.ts'
import type { DrawingProtocol, DrawingWorld, Stroke } from '../support/drawing-server.ts'
import { createModelWorld, PROTOCOLS } from '../support/model-world.ts'
import { stepsOfRun } from '../../src/main/store/journal.ts'
import { failureOfRun, resultOf } from '../../src/main/store/runs.ts'
import { drawingScript } from '../support/picture-bench.ts'
import { signpost } from '../support/picture-maker.ts'
import { contractFor, until } from '../support/world.ts'

let world: DrawingWorld
let open: { end(): Promise<void> }

afterEach(async () => {
  await open.end()
})

async function draws(protocol: DrawingProtocol, ...strokes: Stroke[]): Promise<void> {
  world = await createDrawingWorld(protocol)
  world.strokes = strokes
  open = world
}

const PICTURE = await signpost(64, 64).png().toBuffer()

function drawing(prompt: string, more: Partial<DrawRequest> = {}): DrawRequest {
  return {
    wish: { prompt, shape: 'square', quality: 'low' },
    timeoutMs: 20_000,
    of: {
      purpose: 'run',
      workflowId: null,
      taskId: null,
      runId: null,
      stepId: null,
      tool: 'images.generate',
    },
    signal: new AbortController().signal,
    ...more,
  }
}

const models = () => world.core.engine.models
const failureWhen = async (request: DrawRequest) =>
  models()
    .draw(request)
    .then(() => null, failureOf)

/** Of the price of the model, in micro-dollars. */
const PRICES: Readonly<Record<DrawingProtocol['maker'], (input: number, output: number) => number>> = {
  openai: (input, output) => input * 5 + output * 30,
  google: (input, output) => Math.ceil(input * 1.5 + output * 30),
  compatible: () => 0,
}

/** More than is kept, and more than is read. */
const TOO_LARGE: Stroke[] = [
  { picture: Buffer.alloc(LARGEST_PICTURE + 3) },
  { picture: Buffer.alloc(31_457_280) },
]

describe.each(DRAWING)('over $protocol', protocol => {
  const isFree = protocol.maker === 'compatible'

  it('P2 a picture comes as it was drawn, at the cost that was reported', async () => {
    await draws(protocol, { picture: PICTURE })
    const reply = await models().draw(drawing('a fox'))
    expect(Buffer.from(reply.bytes).equals(PICTURE)).toBe(true)
    const micros = PRICES[protocol.maker](USED.input, USED.output)
    expect(reply).toMatchObject({ micros, estimated: false, model: protocol.model })
    expect(world.asked).toEqual([{ prompt: 'a fox', authorized: true }])
    expect(world.costs()).toMatchObject([
      {
        state: 'spent',
        micros,
        model: protocol.model,
        tool: 'images.generate',
        input_tokens: USED.input,
        output_tokens: USED.output,
      },
    ])
    expect(models().serving('images')).toMatchObject({ provider: protocol.maker, model: protocol.model })
  })

  it('is estimated by what such a picture usually takes, where nobody reports it', async () => {
    await draws(protocol, { picture: PICTURE })
    world.reports = false
    const quote = models().quote({ prompt: 'a fox', shape: 'portrait', quality: 'high' })
    const { micros, estimated } = await models().draw(
      drawing('a fox', { wish: { prompt: 'a fox', shape: 'portrait', quality: 'high' } }),
    )
    expect(quote).toMatchObject({ about: micros })
    expect(estimated).toBe(true)
    expect(micros > 0).toBe(!isFree)
  })

  it('P2 a cap that has no room stops it before anything is sent', async () => {
    await draws(protocol, { picture: PICTURE })
    const cap = { name: 'costPerRunMicros', micros: 10, over: { since: 0 }, resetsAt: null }
    const failure = await failureWhen(drawing('a fox', { capped: [cap] }))
    expect(failure?.kind).toBe(isFree ? undefined : 'budget-exceeded')
    expect(world.asked).toHaveLength(isFree ? 1 : 0)
  })

  it('one that is refused for now is asked for again after the time that was named', async () => {
    await draws(protocol, { status: 429, message: 'slow down', retryAfter: 1 }, { picture: PICTURE })
    const begun = performance.now()
    await expect(models().draw(drawing('a fox'))).resolves.toMatchObject({ model: protocol.model })
    expect(performance.now() - begun).toBeGreaterThan(900)
    expect(world.costs()).toHaveLength(1)
  })

  it('a server that stumbles is asked three times, and nothing is paid', async () => {
    await draws(protocol, { status: 503, message: 'busy', retryAfter: 0 })
    expect(await failureWhen(drawing('a fox'))).toMatchObject({ kind: 'unavailable', status: 503 })
    expect(world.asked).toHaveLength(3)
    expect(world.costs()).toEqual([])
  })

  it.each([502, 504])('P2 one that may have been drawn behind a %i is not drawn again', async status => {
    await draws(protocol, { status, message: 'upstream timed out', retryAfter: 0 })
    expect(await failureWhen(drawing('a fox'))).toMatchObject({ kind: 'unavailable', status })
    expect(world.asked).toHaveLength(1)
    expect(world.costs()).toMatchObject([{ state: 'reserved' }])
  })

  it('what the provider does not want drawn is rejected in words, and not asked for again', async () => {
    await draws(protocol, { is: 'refusal' })
    const failure = await failureWhen(drawing('a fox'))
    expect(failure).toMatchObject({ kind: 'rejected' })
    expect(failure?.message).toContain('refused')
    expect(world.asked).toHaveLength(1)
  })

  it('what is no picture, or too much of one, is paid for and not asked for again', async () => {
    const answers: Stroke[] = [
      { picture: '<svg>no</svg>' },
      { picture: '' },
      { text: '{"hello": 1}' },
      { text: '<html>' },
      ...(protocol.maker === 'google' ? TOO_LARGE : []),
    ]
    await draws(protocol, ...answers)
    for (const [place] of answers.entries()) {
      expect(await failureWhen(drawing('a fox'))).toMatchObject({ kind: 'bad-response' })
      expect(world.asked).toHaveLength(place + 1)
      const { state, micros = 0 } = world.costs()[place] ?? {}
      expect([state, micros > 0]).toEqual(['spent', !isFree])
    }
  })

  it('one that breaks off is paid for, and not drawn a second time at once', async () => {
    await draws(protocol, { is: 'cut' })
    expect(await failureWhen(drawing('a fox'))).toMatchObject({ kind: 'network' })
    expect(world.asked).toHaveLength(1)
    expect(world.costs()).toMatchObject([{ state: 'spent', estimated: 1 }])
  })

  it('a key that is not accepted is asked for', async () => {
    await draws(protocol, { status: 401, message: 'no' })
    expect(await failureWhen(drawing('a fox'))).toMatchObject({ kind: 'auth-revoked', connection: 'model' })
    expect(world.costs()).toEqual([])
  })

  it('a key that may ask and not draw stays accepted, and what is missing is said', async () => {
    await draws(protocol, { status: 403, message: 'Your organization must be verified to draw.' })
    const failure = await failureWhen(drawing('a fox'))
    expect(failure).toMatchObject({ kind: 'rejected', status: 403 })
    expect(failure?.message).toContain('must be verified')
    expect(world.core.connections.find('model')?.state).not.toBe('refused')
    expect([world.asked.length, world.costs().length]).toEqual([1, 0])
  })

  it('J2 a script saves what was drawn for it, byte for byte, and pays for it with its step', async () => {
    await draws(protocol, { status: 429, message: 'later', retryAfter: 0 }, { picture: PICTURE })
    const folder = fs.mkdtempSync(path.join(fs.realpathSync(os.tmpdir()), 'steward-drawn-'))
    try {
      const { engine, store } = world.core
      const contract = contractFor({
        uses: ['tools/images', 'tools/flow', 'tools/state'],
        models: true,
        budget: { costPerRunMicros: 1_000_000 },
        changes: [{ tool: 'images.save', paths: [folder], approval: 'never' }],
      })
      const fox = path.join(folder, 'fox.png')
      const source = drawingScript(`const { picture } = await generate('a fox')
        const again = await generate('a fox')
        await save(picture, ${JSON.stringify(fox)})
        return picture === again.picture`)
      await engine.install({ name: 'draws', source, contract: contract as unknown as Json })
      const event = { workflow: 'draws', type: 'manual', payload: {}, sourceType: 'test', sourceId: 'test' }
      const accepted = await engine.emit(event)
      if (accepted.is === 'full') throw new Error('it was full')
      const runId = await until(() => engine.event(accepted.row.id).run_id, 'it never began')
      const run = await until(() => (engine.isAtRest(runId) ? engine.run(runId) : null), 'it never rested')
      expect(failureOfRun(store, run)).toBeNull()
      expect(resultOf(store, run)).toBe(true)
      expect(fs.readFileSync(fox).equals(PICTURE)).toBe(true)
      expect(world.asked).toHaveLength(2)
      const [cost, ...more] = world.costs()
      expect([cost?.run_id, cost?.state, more.length]).toEqual([runId, 'spent', 0])
      const [drawn, recalled] = stepsOfRun(store, runId)
      expect([drawn?.stepId, drawn?.costMicros]).toEqual([cost?.step_id, cost?.micros])
      expect(recalled).toMatchObject({ tool: 'images.generate', costMicros: 0 })
    } finally {
      fs.rmSync(folder, { recursive: true, force: true })
    }
  })

  it('is given up when whoever asked gives up', async () => {
    await draws(protocol, { status: 429, message: 'later', retryAfter: 30 })
    const giving = new AbortController()
    const drawn = models().draw(drawing('a fox', { signal: giving.signal, timeoutMs: 60_000 }))
    await expect.poll(() => world.asked.length).toBe(1)
    giving.abort(new Error('given up'))
    await expect(drawn).rejects.toThrow('given up')
    expect(world.costs()).toEqual([])
  })
})

it('a prompt that Gemini does not let through is rejected in words', async () => {
  const feedback = {
    promptFeedback: { blockReason: 'PROHIBITED_CONTENT' },
    usageMetadata: { promptTokenCount: 5 },
  }
  await draws(DRAWING[1], { text: JSON.stringify(feedback) })
  const failure = await failureWhen(drawing('a fox'))
  expect(failure).toMatchObject({ kind: 'rejected' })
  expect(failure?.message).toContain('refused to draw')
})

it.each([1.5, -50, 1e30, 0])('a use of %d tokens is estimated, and the picture kept', async input_tokens => {
  const data = [{ b64_json: PICTURE.toString('base64') }]
  await draws(DRAWING[0], {
    text: JSON.stringify({ created: 1, data, usage: { input_tokens, output_tokens: 9, total_tokens: 9 } }),
  })
  const { about } = models().quote(drawing('a fox').wish) as Quote
  await expect(models().draw(drawing('a fox'))).resolves.toMatchObject({ micros: about, estimated: true })
})

it('a picture that lies elsewhere is not fetched', async () => {
  await draws(DRAWING[2], { is: 'address' })
  const failure = await failureWhen(drawing('a fox'))
  expect(failure).toMatchObject({ kind: 'bad-response' })
  expect(failure?.message).toContain('an address')
  expect(world.asked).toHaveLength(1)
})

it('a maker that draws nothing says so, and what to do', async () => {
  const plain = await createModelWorld(PROTOCOLS[2])
  open = plain
  const { models: those } = plain.core.engine
  expect(those.serving('images')).toBeNull()
  const failure = await those.draw(drawing('a fox')).then(() => null, failureOf)
  expect(failure).toMatchObject({ kind: 'not-connected', setting: 'model' })
  expect(failure?.message).toContain('steward models set images MODEL --connection NAME')
  expect(plain.asked()).toEqual([])
})
