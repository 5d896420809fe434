/**
 * A server on loopback that draws, in OpenAI's protocol of images and in Gemini's: it takes only what their references
 * allow, word for word, and answers as they do. What it draws is a test's.
 */
import type { ServerResponse } from 'node:http'
import { z } from 'zod'
import type { ModelMaker } from '../../src/domain/model-makers.ts'
import { listCosts } from '../../src/main/store/costs.ts'
import type { CostRow } from '../../src/main/store/costs.ts'
import { preferencesOf, preferencesWith } from '../../src/main/store/settings.ts'
import { startCore } from '../server/api.ts'
import type { TestCore } from '../server/api.ts'
import { serveHttp } from './loopback-server.ts'
import type { SeenRequest } from './loopback-server.ts'
import { CANARY } from './model-world.ts'

/** A way to be asked for pictures, and a model whose price is known. */
export const DRAWING = [
  { protocol: 'OpenAI images', maker: 'openai', path: '/v1', model: 'gpt-image-2.5-flare' },
  { protocol: 'Gemini', maker: 'google', path: '/v1beta', model: 'gemini-nano-banana-2.1' },
  { protocol: 'a server of one’s own', maker: 'compatible', path: '/v1', model: 'local-sketch' },
] as const satisfies readonly { protocol: string; maker: ModelMaker; path: string; model: string }[]
export type DrawingProtocol = (typeof DRAWING)[number]

const openaiRequest = z.strictObject({
  model: z.string(),
  prompt: z.string().min(1).max(32_000),
  n: z.literal(1),
  size: z.enum(['1024x1024', '1536x1024', '1024x1536']),
  quality: z.enum(['low', 'medium', 'high']),
})
const compatibleRequest = openaiRequest
  .omit({ quality: true })
  .extend({ response_format: z.literal('b64_json') })
const geminiRequest = z.strictObject({
  contents: z
    .array(z.strictObject({ role: z.literal('user'), parts: z.array(z.strictObject({ text: z.string() })) }))
    .length(1),
  generationConfig: z.strictObject({
    responseModalities: z.tuple([z.literal('IMAGE')]),
    imageConfig: z.strictObject({ aspectRatio: z.enum(['1:1', '3:2', '2:3']) }),
  }),
})

/** What it does when it is asked: a picture (bytes, or any text in place of base64), a refusal, an error. */
export type Stroke =
  | { picture: Uint8Array | string }
  | { is: 'refusal' }
  | { is: 'address' }
  | { is: 'cut' }
  | { status: number; message: string; code?: string; retryAfter?: number }
  | { text: string }

export const USED = { input: 50, output: 1_000 }

export interface DrawingWorld extends TestCore {
  /** The strokes to come; the last one stays. */
  strokes: Stroke[]
  /** What it was asked, as its protocol says. */
  asked: { prompt: string; authorized: boolean }[]
  reports: boolean
  costs(): CostRow[]
}

export async function createDrawingWorld({ maker, path, model }: DrawingProtocol): Promise<DrawingWorld> {
  const strokes: Stroke[] = []
  const asked: DrawingWorld['asked'] = []
  const shared = { strokes, asked, reports: true }
  const server = await serveHttp((request, response) => {
    const stroke = shared.strokes.length > 1 ? shared.strokes.shift() : shared.strokes[0]
    if (stroke === undefined) throw new Error('nobody said what is to be drawn')
    answer(request, response, { maker, model, stroke, shared })
  })
  const tested = await startCore()
  await tested.core.connections.add({
    name: 'model',
    kind: 'model',
    settings: { maker, url: server.url(path), model: 'words-only' },
    secrets: { key: CANARY },
  })
  if (maker === 'compatible') await choose(tested, model)
  return Object.assign(shared, tested, {
    costs: () => listCosts(tested.core.store, 100).toReversed(),
    end: async () => {
      await tested.end()
      await server.close()
    },
  })
}

async function choose({ core }: TestCore, model: string): Promise<void> {
  const { engine } = core
  const images = { connection: null, model }
  await engine.edits.changePreferences(preferencesWith(preferencesOf(core.store), { models: { images } }))
}

interface Drawn {
  maker: ModelMaker
  model: string
  stroke: Stroke
  shared: Pick<DrawingWorld, 'asked' | 'reports'>
}

function answer(request: SeenRequest, response: ServerResponse, drawn: Drawn): void {
  const { maker, stroke, shared } = drawn
  shared.asked.push({ prompt: promptIn(request, drawn), authorized: isAuthorized(request) })
  const json = (status: number, body: unknown, headers: Record<string, string> = {}): void => {
    response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body))
  }
  if ('text' in stroke) response.writeHead(200, { 'content-type': 'application/json' }).end(stroke.text)
  else if ('status' in stroke) {
    const { status, message, code, retryAfter } = stroke
    const after = retryAfter === undefined ? {} : { 'retry-after': String(retryAfter) }
    json(status, { error: { message, code, status: 'INVALID_ARGUMENT' } }, after)
  } else if ('picture' in stroke) json(200, pictureBody(stroke.picture, maker, shared.reports))
  else if (stroke.is === 'cut') {
    const whole = JSON.stringify(pictureBody(Buffer.alloc(200_000, 7), maker, shared.reports))
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': String(whole.length) })
    response.write(whole.slice(0, 1_000), () => response.destroy())
  } else if (stroke.is === 'address') json(200, { data: [{ url: 'https://pictures.example/fox.png' }] })
  else if (maker === 'google') json(200, refusalBody())
  else
    json(400, {
      error: { message: 'Your request was rejected by the safety system.', code: 'moderation_blocked' },
    })
}

function promptIn({ method, path, body }: SeenRequest, { maker, model }: Drawn): string {
  if (method !== 'POST') throw new Error(`asked with ${method}`)
  const json: unknown = JSON.parse(body)
  if (maker === 'google') {
    if (path !== `/v1beta/models/${model}:generateContent`) throw new Error(`asked at ${path}`)
    return (
      geminiRequest
        .parse(json)
        .contents[0]?.parts.map(part => part.text)
        .join('') ?? ''
    )
  }
  if (path !== '/v1/images/generations') throw new Error(`asked at ${path}`)
  const { prompt, model: asked } = (maker === 'openai' ? openaiRequest : compatibleRequest).parse(json)
  if (asked !== model) throw new Error(`asked for ${asked}`)
  return prompt
}

function isAuthorized({ headers }: SeenRequest): boolean {
  return headers.authorization === `Bearer ${CANARY}` || headers['x-goog-api-key'] === CANARY
}

function pictureBody(picture: Uint8Array | string, maker: ModelMaker, reports: boolean): unknown {
  const data = typeof picture === 'string' ? picture : Buffer.from(picture).toString('base64')
  const { input, output } = USED
  if (maker === 'google') {
    const parts = [{ inlineData: { mimeType: 'image/png', data } }]
    const usage = { promptTokenCount: input, candidatesTokenCount: output, totalTokenCount: input + output }
    return {
      candidates: [{ content: { role: 'model', parts }, finishReason: 'STOP' }],
      ...(reports ? { usageMetadata: usage } : {}),
    }
  }
  const usage = { input_tokens: input, output_tokens: output, total_tokens: input + output }
  return { created: 1, data: [{ b64_json: data }], ...(reports ? { usage } : {}) }
}

function refusalBody(): unknown {
  return {
    candidates: [{ content: { role: 'model', parts: [] }, finishReason: 'IMAGE_SAFETY' }],
    usageMetadata: { promptTokenCount: USED.input, candidatesTokenCount: 0, totalTokenCount: USED.input },
  }
}
