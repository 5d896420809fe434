/**
 * Tries intents with a model that is really asked: for each try a core of its own in a folder of its own, with the
 * model connected as a person connects one. What goes wrong in a try is a result; what goes wrong around it is an error.
 */
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { createCore } from '../src/main/core.ts'
import type { Core } from '../src/main/core.ts'
import type { Intent } from './intent.ts'
import { Scene } from './scene.ts'
import { scoreOf } from './score.ts'
import type { Score } from './score.ts'
import { attempt } from './try.ts'
import type { Tried } from './try.ts'
import { ZONE } from './triggers.ts'

export interface Endpoint {
  baseUrl: string
  model: string
  /** Absent where it takes none. */
  key?: string
}

export interface Evaluation {
  endpoint: Endpoint
  intents: readonly Intent[]
  tries: number
  /** Tries at a time. */
  parallel: number
  signal: AbortSignal
  onTry: (done: TriedIntent, left: number) => void
  onError: (id: string, error: unknown) => void
}

export interface TriedIntent {
  id: string
  score: Score
  tried: Tried
}

/** In the order in which they ended; fewer than were wanted where it was stopped, or something around them failed. */
export async function evaluate(evaluation: Evaluation): Promise<TriedIntent[]> {
  const { intents, tries, parallel, signal, onTry, onError } = evaluation
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'steward-eval-'))
  const scene = await Scene.open()
  const waiting = intents.flatMap(intent => Array.from({ length: tries }, (_, n) => ({ intent, n })))
  const done: TriedIntent[] = []
  const isStopped = () => signal.aborted
  async function work(): Promise<void> {
    while (!isStopped()) {
      const next = waiting.shift()
      if (next === undefined) return
      const { intent, n } = next
      const own = path.join(folder, `${intent.id}-${String(n + 1)}`)
      try {
        const tried = await tryOnce(evaluation, { scene, intent, folder: own })
        done.push(tried)
        onTry(tried, waiting.length)
      } catch (error) {
        if (!isStopped()) onError(intent.id, error)
      }
      fs.rmSync(own, { recursive: true, force: true })
    }
  }
  try {
    await Promise.all(Array.from({ length: parallel }, () => work()))
  } finally {
    await scene.close()
    fs.rmSync(folder, { recursive: true, force: true })
  }
  return done
}

async function tryOnce(
  { endpoint, signal }: Evaluation,
  { scene, intent, folder }: { scene: Scene; intent: Intent; folder: string },
): Promise<TriedIntent> {
  const home = path.join(folder, 'home')
  const situated = await scene.place(intent, path.join(home, path.basename(folder)))
  const core = await createCore({
    home: path.join(folder, 'data'),
    port: 0,
    workers: 1,
    env: {},
    gallery: { home: fs.realpathSync(home), zone: ZONE },
  })
  try {
    await connect(core, endpoint)
    const tried = await attempt(core.engine, situated, signal)
    return { id: intent.id, score: scoreOf(situated, tried), tried }
  } finally {
    await core.close()
  }
}

async function connect({ connections }: Core, { baseUrl, model, key }: Endpoint): Promise<void> {
  await connections.add({
    name: 'model',
    kind: 'model',
    settings: { maker: 'compatible', url: baseUrl, model },
    ...(key === undefined ? { auth: 'none' } : { secrets: { key } }),
  })
}
