/** Quiet hours whose core is killed while it tells what they held, again and again. */
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import type { Json } from '../../src/domain/json.ts'
import type { FaultPoint } from '../../src/main/engine/context.ts'
import { contractFor } from '../support/world.ts'
import type { Kill } from './child.ts'
import { LifeEnded } from './life.ts'
import type { Life, Lives } from './life.ts'

export interface Digests {
  points: FaultPoint[]
  held: number
  /** Told while it was quiet. */
  early: number
  /** Every line of all that was told in the end. */
  told: string[]
}

interface Notifications {
  items: { kind: string; title: string; text: string }[]
}

const LONGEST_MS = 60_000
const RUNS = 4
const MINUTE = 60_000
const TELLS = `
  import { send } from 'tools/notify'
  export default async function run(event) { await send(event.title) }`

/** The first of the deaths comes as the hours are switched off, each other one at the start of the next life. */
export async function killDigests(lives: Lives, kills: readonly NonNullable<Kill>[]): Promise<Digests> {
  const home = fs.mkdtempSync(path.join(os.tmpdir(), 'steward-digests-'))
  const points: FaultPoint[] = []
  const live = async <T>(kill: Kill, work: (life: Life) => Promise<T>): Promise<T | undefined> => {
    const life = lives.next()
    const result = await life
      .start(path.join(home, 'data'), kill)
      .then(() => work(life))
      .catch(isOver)
    if (!life.isOver) await life.stop()
    points.push(...life.points())
    return result
  }
  const [first = null, ...others] = kills
  try {
    let [held, early] = [0, 0]
    await live(null, async life => {
      await life.set({ quietHours: allDay() })
      await life.install('tells', TELLS, contractFor() as unknown as Json)
      for (let run = 0; run < RUNS; run++)
        await life.emit('tells', `e${String(run)}`, { title: `N${String(run)}` })
      await until(async () => {
        held = (await life.get<{ held: number }>('/quiet')).held
        return held > RUNS
      }, 'it was not held')
      early = (await life.get<Notifications>('/notifications')).items.length
      await life.arm(first)
      await life.set({ quietHours: null })
      await until(() => Promise.resolve(life.isOver), 'it was never killed')
    })
    for (const kill of others)
      await live(kill, life => until(() => Promise.resolve(life.isOver), 'it was never killed'))
    const told = await live(null, async life => {
      await until(async () => (await life.get<{ held: number }>('/quiet')).held === 0, 'it is held for ever')
      return (await life.get<Notifications>('/notifications')).items.flatMap(({ text }) => text.split('\n'))
    })
    return { points, held, early, told: told ?? [] }
  } finally {
    fs.rmSync(home, { recursive: true, force: true })
  }
}

/** All of the day but for a minute an hour ago. */
function allDay(): Json {
  const time = (at: number) => new Date(at).toISOString().slice(11, 16)
  const hourAgo = Date.now() - 60 * MINUTE
  return { from: time(hourAgo), to: time(hourAgo - MINUTE), zone: 'UTC' }
}

function isOver(error: unknown): undefined {
  if (!(error instanceof LifeEnded)) throw error
  return undefined
}

async function until(holds: () => Promise<boolean>, problem: string): Promise<void> {
  const deadline = performance.now() + LONGEST_MS
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error(problem)
    await new Promise(resolve => setTimeout(resolve, 20))
  }
}
