/**
 * One automation that watches a folder, whose core is killed around its looks again and again while files come. Its
 * runs write down outside what they were told.
 */
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import type { FaultPoint } from '../../src/main/engine/context.ts'
import type { Json } from '../../src/domain/json.ts'
import { contractFor } from '../support/world.ts'
import type { Kill } from './child.ts'
import type { Life, Lives } from './life.ts'
import type { Outside } from './outside.ts'
import { isAtRest } from './standing.ts'

export interface Looks {
  points: FaultPoint[]
  /** Names of the files that came. */
  written: string[]
  /** Names that runs were told of, as often as they were. */
  told: string[]
}

const LONGEST_MS = 60_000

export async function killLooks(
  outside: Outside,
  lives: Lives,
  kills: readonly NonNullable<Kill>[],
): Promise<Looks> {
  const home = fs.mkdtempSync(path.join(os.tmpdir(), 'steward-looks-'))
  const folder = path.join(fs.realpathSync(home), 'in')
  fs.mkdirSync(folder)
  const written: string[] = []
  const points: FaultPoint[] = []
  const come = () => {
    const name = `f${String(written.length)}`
    fs.writeFileSync(path.join(folder, name), name)
    written.push(name)
  }
  const live = async (kill: Kill, work: (life: Life) => Promise<void>): Promise<void> => {
    const life = lives.next()
    await life.start(path.join(home, 'data'), null)
    if (points.length === 0)
      await life.install('watch', source(outside.keyed), contract(outside.keyed, folder))
    await life.arm(kill)
    await work(life)
    points.push(...life.points())
  }
  try {
    for (const kill of kills) {
      await live(kill, async life => {
        await until(() => {
          come()
          return life.isOver
        }, 'it was never killed')
      })
      // While nobody looks.
      come()
    }
    await outside.settled()
    await live(null, async life => {
      await until(async () => (await told(outside)).length >= written.length, 'not all were told')
      await until(async () => isAtRest(await life.standing()), 'it never came to rest')
      await life.stop()
    })
    return { points, written, told: await told(outside) }
  } finally {
    await outside.forget()
    fs.rmSync(home, { recursive: true, force: true })
  }
}

async function told(outside: Outside): Promise<string[]> {
  const applied = (await outside.entries()).filter(({ is }) => is === 'applied')
  return applied.flatMap(entry => /^\/ok\/looks\/(.+)$/.exec(entry.path)?.[1] ?? [])
}

async function until(look: () => boolean | Promise<boolean>, problem: string): Promise<void> {
  const deadline = performance.now() + LONGEST_MS
  while (!(await look())) {
    if (performance.now() > deadline) throw new Error(problem)
    await new Promise(resolve => setTimeout(resolve, 100))
  }
}

function source(host: string): string {
  return `
    import { post } from 'tools/http'
    export default async function run({ files }) {
      for (const { name } of files) await post('http://${host}/ok/looks/' + name, {})
    }`
}

function contract(host: string, folder: string): Json {
  return contractFor({
    when: [{ kind: 'files', folder, everyMs: 5_000, settleMs: 0 }],
    reads: { hosts: [host], paths: [folder] },
    changes: [{ tool: 'http.post', hosts: [host], approval: 'never', honoursKeyForMs: 3_600_000 }],
    budget: { actionsPerRun: 1_000, actionsPerHour: 100_000, actionsPerDay: 100_000 },
  }) as unknown as Json
}
