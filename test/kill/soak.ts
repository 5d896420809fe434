/**
 * `npm run test:soak -- N [--seed S] [--parallel P]`: N kills, each at a point or moment its seed decides. Twenty
 * follow one another on one folder; then it is left to finish, checked, and a new one begun, after a plan that is
 * killed a few times on a folder of its own. What failed is repeated
 * by the seed printed with it: a folder's seeds begin at a multiple of twenty, so `-- 20 --seed THAT` is that folder.
 */
import { parseArgs } from 'node:util'
import { FAULT_POINTS } from '../../src/main/engine/context.ts'
import type { FaultPoint } from '../../src/main/engine/context.ts'
import { Chain } from './chain.ts'
import type { Death, Plan, Story } from './chain.ts'
import { check } from './check.ts'
import { Lives } from './life.ts'
import { Outside } from './outside.ts'
import { killPlan, problemsOf } from './plans.ts'

/** Its automations watch nothing, nothing is undone, no hour is quiet: those are killed in `kill.test.ts`. */
const POINTS = FAULT_POINTS.filter(point => !/^(look|undo|digest)\./.test(point))
const OF_RUNS = POINTS.filter(point => !point.startsWith('plan.'))
const KILLS_PER_FOLDER = 20
const JOBS_PER_WAVE = 5
/** Of the plan that each folder is followed by. */
const KILLS_PER_PLAN = 4

interface Tally {
  kills: number
  plans: { count: number; kills: number }
  missed: number
  folders: number
  runs: number
  writes: number
  asked: number
  points: Map<FaultPoint, number>
  failures: string[]
}

/** Small fast counter generator, so that a seed is the same schedule on every machine. */
function chance(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x9e3779b9) >>> 0
    let mixed = state
    mixed = Math.imul(mixed ^ (mixed >>> 16), 0x21f0aaad)
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97)
    return ((mixed ^ (mixed >>> 15)) >>> 0) / 2 ** 32
  }
}

function deathOf(seed: number): Death {
  const draw = chance(seed)
  const below = (limit: number): number => Math.floor(draw() * limit)
  const way = draw()
  if (way < 0.4) {
    const point = OF_RUNS[below(OF_RUNS.length)] ?? 'write.after-intent'
    return { by: 'point', kill: { at: point, nth: 1 + below(4) } }
  }
  if (way < 0.7) return { by: 'point', kill: { at: 'any', nth: 1 + below(160) } }
  if (way < 0.85) return { by: 'recorder', at: draw() < 0.5 ? 'arrival' : 'answer', nth: 1 + below(24) }
  return { by: 'clock', afterMs: below(300) }
}

function planOf(first: number, kills: number): Plan {
  const deaths = Array.from({ length: kills }, (_none, place) => deathOf(first + place))
  return {
    name: `seed ${String(first)}`,
    deaths,
    eventsPerWave: 1 + ((first / KILLS_PER_FOLDER) % 2),
    wavesPerLife: 8,
    ticks: true,
    models: true,
    ...((first / KILLS_PER_FOLDER) % 3 === 0 ? { meddle: chance(first) } : {}),
    choose: (names, wave) => some(names, chance(first + wave * 7_919)),
  }
}

/** A few of them: what a life does is soon done, and another wave brings others. */
function some(names: readonly string[], draw: () => number): string[] {
  return names.filter(() => draw() < JOBS_PER_WAVE / names.length)
}

async function soak(total: number, firstSeed: number, parallel: number): Promise<Tally> {
  const tally: Tally = {
    kills: 0,
    plans: { count: 0, kills: 0 },
    missed: 0,
    folders: 0,
    runs: 0,
    writes: 0,
    asked: 0,
    points: new Map(),
    failures: [],
  }
  let next = firstSeed - (firstSeed % KILLS_PER_FOLDER)
  const end = next + total
  const begun = performance.now()
  const lane = async (): Promise<void> => {
    const outside = await Outside.open()
    const lives = new Lives()
    for (let seed = next; seed < end; seed = next) {
      next += KILLS_PER_FOLDER
      const plan = planOf(seed, Math.min(KILLS_PER_FOLDER, end - seed))
      await liveOne(plan, outside, lives, tally)
      await planOne(seed, outside, lives, tally)
      report(tally, total, performance.now() - begun)
    }
    await lives.close()
    await outside.close()
  }
  await Promise.all(Array.from({ length: parallel }, lane))
  return tally
}

async function liveOne(plan: Plan, outside: Outside, lives: Lives, tally: Tally): Promise<void> {
  const chain = new Chain(plan, outside, lives)
  const story = await chain.live()
  const problems = await check(story, outside)
  add(tally, story)
  tally.writes += (await outside.entries()).filter(entry => entry.is === 'applied').length
  if (problems.length === 0) chain.discard()
  else
    tally.failures.push(
      `${plan.name} (${story.folder}):\n${problems.map(problem => `  ${problem}`).join('\n')}`,
    )
}

/** A conversation, killed anywhere. */
async function planOne(seed: number, outside: Outside, lives: Lives, tally: Tally): Promise<void> {
  const draw = chance(seed + 1)
  const kills = Array.from({ length: KILLS_PER_PLAN }, () => ({
    at: 'any' as const,
    nth: 1 + Math.floor(draw() * 14),
  }))
  tally.plans.count++
  const problems = await killPlan(outside, lives, kills).then(
    plan => {
      tally.plans.kills += plan.deaths
      count(tally, plan.points)
      return problemsOf(plan)
    },
    (error: unknown) => [String(error)],
  )
  if (problems.length > 0)
    tally.failures.push(
      `the plan of seed ${String(seed)}:\n${problems.map(problem => `  ${problem}`).join('\n')}`,
    )
}

function count(tally: Tally, points: Iterable<FaultPoint>): void {
  for (const point of points) tally.points.set(point, (tally.points.get(point) ?? 0) + 1)
}

function add(tally: Tally, story: Story): void {
  tally.kills += story.kills
  tally.missed += story.missed.length
  tally.folders++
  tally.runs += story.events.length
  tally.asked += story.asked
  for (const [point, hits] of story.points)
    count(
      tally,
      Array.from({ length: hits }, () => point),
    )
}

function report(tally: Tally, total: number, ms: number): void {
  const rate = (tally.kills / (ms / 1_000)).toFixed(2)
  const last = tally.failures.at(-1)
  console.log(
    `${String(tally.kills + tally.missed)}/${String(total)} kills, ${rate}/s, ${String(tally.runs)} runs, ` +
      `${String(tally.writes)} writes, ${String(tally.asked)} unknown, ${String(tally.failures.length)} failures`,
  )
  if (last !== undefined && !told.has(last)) console.log(last)
  if (last !== undefined) told.add(last)
}

const told = new Set<string>()
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { seed: { type: 'string', default: '0' }, parallel: { type: 'string', default: '2' } },
})
const tally = await soak(Number(positionals[0] ?? 200), Number(values.seed), Number(values.parallel))
const unreached = POINTS.filter(point => !tally.points.has(point))
console.log(
  [
    '',
    `kills      ${String(tally.kills)} (${String(tally.missed)} more ended at rest: their point was not reached)`,
    `folders    ${String(tally.folders)}`,
    `plans      ${String(tally.plans.count)}, killed ${String(tally.plans.kills)} times`,
    `points     ${String(tally.points.size)} of ${String(POINTS.length)}${unreached.length > 0 ? `, not reached: ${unreached.join(', ')}` : ''}`,
    `runs       ${String(tally.runs)}`,
    `writes     ${String(tally.writes)} applied outside`,
    `unknown    ${String(tally.asked)} asked about`,
    `failures   ${String(tally.failures.length)}`,
    ...tally.failures,
  ].join('\n'),
)
process.exitCode = tally.failures.length > 0 || tally.kills === 0 ? 1 : 0
