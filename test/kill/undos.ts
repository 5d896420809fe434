/** Undoing whose core is killed at every point of it, again and again, until all that a run did is taken back. */
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import type { Json } from '../../src/domain/json.ts'
import type { FaultPoint } from '../../src/main/engine/context.ts'
import { contractFor } from '../support/world.ts'
import type { Kill } from './child.ts'
import { LifeEnded } from './life.ts'
import type { Life, Lives } from './life.ts'

export interface Undos {
  points: FaultPoint[]
  /** Names and contents in the folder before the run, after it, and when everything was taken back. */
  before: Record<string, string>
  after: Record<string, string>
  undone: Record<string, string>
  counts: Record<string, number>
}

interface Undo {
  id: string
  state: string
  counts: Record<string, number>
}

const LONGEST_MS = 60_000
const FILES = 6

export async function killUndos(lives: Lives, kills: readonly NonNullable<Kill>[]): Promise<Undos> {
  const home = fs.mkdtempSync(path.join(os.tmpdir(), 'steward-undos-'))
  const folder = path.join(fs.realpathSync(home), 'files')
  fs.mkdirSync(folder)
  for (let place = 0; place < FILES; place++)
    fs.writeFileSync(path.join(folder, `f${String(place)}`), 'before')
  const points: FaultPoint[] = []
  const live = async <T>(work: (life: Life) => Promise<T>): Promise<T> => {
    const life = lives.next()
    await life.start(path.join(home, 'data'), null)
    const result = await work(life)
    if (!life.isOver) await life.stop()
    points.push(...life.points())
    return result
  }
  try {
    const before = tree(folder)
    const runId = await live(async life => {
      await life.install('changes', source(folder), contract(folder))
      await life.emit('changes', 'first', {})
      return until(async () => {
        const { items } = await life.get<{ items: { id: string; state: string }[] }>('/runs')
        return items.find(run => run.state === 'succeeded')?.id
      }, 'the run never ended')
    })
    const after = tree(folder)
    let begun = false
    for (const kill of kills) {
      await live(async life => {
        await life.arm(kill)
        if (!begun) await life.undo(runId).catch(isOver)
        begun = true
        await until(() => Promise.resolve(life.isOver || undefined), 'it was never killed')
      })
    }
    const { counts } = await live(async life => {
      return until(async () => {
        const { items } = await life.get<{ items: Undo[] }>(`/runs/${runId}/undos`)
        return items.find(undo => undo.state === 'ended')
      }, 'the undo never ended')
    })
    return { points, before, after, undone: tree(folder), counts }
  } finally {
    fs.rmSync(home, { recursive: true, force: true })
  }
}

function isOver(error: unknown): void {
  if (!(error instanceof LifeEnded)) throw error
}

function tree(folder: string): Record<string, string> {
  const names = fs
    .readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter(entry => entry.isFile())
  return Object.fromEntries(
    names.map(entry => {
      const file = path.join(entry.parentPath, entry.name)
      return [path.relative(folder, file), fs.readFileSync(file, 'utf8')]
    }),
  )
}

async function until<T>(look: () => Promise<T | undefined>, problem: string): Promise<T> {
  const deadline = performance.now() + LONGEST_MS
  for (;;) {
    const found = await look()
    if (found !== undefined) return found
    if (performance.now() > deadline) throw new Error(problem)
    await new Promise(resolve => setTimeout(resolve, 20))
  }
}

function source(folder: string): string {
  return `
    import { write, move } from 'tools/files'
    import { set } from 'tools/state'
    export default async function run() {
      for (let place = 0; place < ${String(FILES)}; place++) {
        const file = ${JSON.stringify(folder)} + '/f' + place
        await write({ path: file, text: 'after', overwrite: true })
        await set('place', place)
        await move({ from: file, to: ${JSON.stringify(folder)} + '/done/' + place, parents: true })
      }
    }`
}

function contract(folder: string): Json {
  return contractFor({
    uses: ['tools/files', 'tools/state'],
    changes: ['files.write', 'files.move'].map(tool => ({
      tool,
      paths: [folder],
      approval: 'never' as const,
    })),
  }) as unknown as Json
}
