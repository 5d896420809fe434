import { describe, expect, it } from 'vitest'
import { fail } from '../../domain/failure.ts'
import type { Json } from '../../domain/json.ts'
import { Windows } from './windows.ts'

const BASE = 'http://127.0.0.1:11434/v1'
const SERVED = { connection: 'model', model: 'qwen3', base: BASE }
const used = (input: number) => ({ input, cached: 0, output: 1, reasoning: 0 })
const never = new AbortController().signal

/** A server that says this at these paths and 404 elsewhere; `null`: it does not answer there. */
function server(pages: () => Record<string, Json>) {
  const seen: string[] = []
  let now = 0
  const windows = new Windows(
    (_connection, { url, body }) => {
      seen.push(new URL(url).pathname)
      expect(body).toBeUndefined()
      const said = pages()[new URL(url).pathname]
      if (said === null) fail({ kind: 'timeout', afterMs: 2_000, message: 'It did not answer.' })
      const status = said === undefined ? 404 : 200
      const text = typeof said === 'string' ? said : JSON.stringify(said ?? '')
      const stream = new Response(text).body ?? new ReadableStream<Uint8Array>()
      return Promise.resolve({ status, headers: {}, body: stream, hide: (each: string) => each })
    },
    () => now,
  )
  const after = (bytes: number, input: number | null) =>
    windows.tooSmall(SERVED, bytes, input === null ? null : used(input), never)
  return { windows, seen, after, pass: (ms: number) => (now += ms) }
}
const ollama = (length: number) => ({
  '/api/ps': { models: [{ name: 'qwen3:latest', context_length: length }] },
})

describe('the window of a server of one’s own', () => {
  it.each<[string, Record<string, Json>]>([
    ['Ollama', ollama(4_096)],
    [
      'LM Studio',
      { '/api/v0/models': { data: [{ id: 'a' }, { id: 'qwen3', loaded_context_length: 4_096 }] } },
    ],
    ['vLLM', { '/v1/models': { data: [{ id: 'qwen3', max_model_len: 4_096 }] } }],
    ['llama.cpp', { '/props': { default_generation_settings: { n_ctx: 4_096 } } }],
  ])('of %s is asked for, and is too small for what cannot fit', async (_name, pages) => {
    const { windows, after } = server(() => pages)
    expect(windows.known(SERVED)).toBeNull()
    expect(await after(60_000, 2_050)).toBe(4_096)
    expect(windows.known(SERVED)).toBe(4_096)
  })

  it('is too small where half of it was read of what likely does not fit', async () => {
    const { after } = server(() => ollama(4_096))
    expect(await after(20_000, 2_050)).toBe(4_096)
    expect(await after(20_000, 4_000)).toBeNull()
    expect(await after(20_000, null)).toBeNull()
    expect(await after(9_000, 2_050)).toBeNull()
  })

  it('is asked for once in a while, and anew where it seems too small', async () => {
    let length = 32_768
    const { windows, seen, after, pass } = server(() => ollama(length))
    await after(60_000, 15_000)
    await after(60_000, 15_000)
    expect(seen).toEqual(['/api/ps'])
    pass(300_000)
    length = 4_096
    expect(await after(60_000, 2_050)).toBe(4_096)
    length = 65_536
    expect(await after(60_000, 15_000)).toBeNull()
    expect(windows.known(SERVED)).toBe(65_536)
    expect(seen).toHaveLength(3)
  })

  it('is not asked for after small requests', async () => {
    const { seen, after } = server(() => ollama(4_096))
    expect(await after(7_999, 10)).toBeNull()
    expect(seen).toEqual([])
  })

  it.each<[string, Record<string, Json>]>([
    ['nothing', {}],
    ['no JSON', { '/api/ps': '<html>' }],
    ['another shape', { '/api/ps': { models: 'none' }, '/props': [] }],
    ['a window that is none', { '/api/ps': { models: [{ name: 'qwen3', context_length: -1 }] } }],
    ['another model', { '/api/ps': { models: [{ name: 'gemma', context_length: 10 }] } }],
  ])('is unknown where %s is said', async (_name, pages) => {
    expect(await server(() => pages).after(60_000, 10)).toBeNull()
  })

  it('stays known where the server could not be asked, and is asked for again', async () => {
    let pages: Record<string, Json> = ollama(32_768)
    const { windows, seen, after, pass } = server(() => pages)
    await after(60_000, 15_000)
    pass(300_000)
    pages = { '/api/ps': null }
    expect(await after(60_000, 15_000)).toBeNull()
    expect(windows.known(SERVED)).toBe(32_768)
    pages = ollama(4_096)
    expect(await after(60_000, 2_050)).toBe(4_096)
    expect(seen).toHaveLength(3)
    pages = { '/api/ps': null }
    expect(await after(60_000, 2_050)).toBe(4_096)
    pass(300_000)
    expect(await after(60_000, 2_050)).toBeNull()
    expect(windows.known(SERVED)).toBe(4_096)
  })

  it('is not asked for further where the server does not answer', async () => {
    const { seen, after } = server(() => ({ '/api/ps': null }))
    expect(await after(60_000, 10)).toBeNull()
    expect(seen).toEqual(['/api/ps'])
  })
})
