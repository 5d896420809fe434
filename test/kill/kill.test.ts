/**
 * The core is killed at every named point, at the first and the second time it comes by, with writes of every class;
 * and inside calls, while the other side holds them. What is left is held against every promise (`check.ts`).
 */
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { FAULT_POINTS } from '../../src/main/engine/context.ts'
import type { FaultPoint } from '../../src/main/engine/context.ts'
import { Chain } from './chain.ts'
import type { Death, Plan } from './chain.ts'
import { check } from './check.ts'
import { killDigests } from './digests.ts'
import { Lives } from './life.ts'
import { killLooks } from './looks.ts'
import { killPlan, problemsOf } from './plans.ts'
import { Outside } from './outside.ts'
import { killUndos } from './undos.ts'

/** Where one folder at a time is lived in: its processes, and the outside that they write to. */
interface Lane {
  outside: Outside
  lives: Lives
}

/** A core that is killed and starts again mostly waits: so many folders at once keep two processors at work. */
const LANES = 2
const lanes: Lane[] = []
const reached = new Set<FaultPoint>()
let draw = 7

beforeAll(async () => {
  vi.setConfig({ maxConcurrency: LANES })
  for (let lane = 0; lane < LANES; lane++) lanes.push({ outside: await Outside.open(), lives: new Lives() })
})
afterAll(async () => {
  await Promise.all(lanes.map(({ lives, outside }) => Promise.all([lives.close(), outside.close()])))
})

async function onLane<T>(work: (lane: Lane) => Promise<T>): Promise<T> {
  const lane = lanes.pop()
  if (lane === undefined) throw new Error('More folders than lanes.')
  try {
    return await work(lane)
  } finally {
    lanes.push(lane)
  }
}

const at = (...points: FaultPoint[]): Death[] =>
  points.flatMap(point => [1, 2].map(nth => ({ by: 'point', kill: { at: point, nth } }) as const))
const once = (...points: FaultPoint[]): Death[] =>
  points.map(point => ({ by: 'point', kill: { at: point, nth: 1 } }) as const)
const WRITE: FaultPoint[] = [
  'write.before-intent',
  'write.after-intent',
  'write.after-remote',
  'write.after-outcome',
]
const AGAIN: FaultPoint[] = ['write.before-reconcile', 'write.after-again']
/** In the order in which a plan comes by them: its three calls, the card, the yes. */
const PLAN: FaultPoint[] = [
  'plan.after-said',
  'model.before-ask',
  'model.after-answer',
  'plan.before-reply',
  'plan.after-reply',
  'plan.before-answer',
  'plan.after-answer',
  'plan.before-told',
  'plan.after-told',
  'plan.after-said',
  'plan.before-add',
  'plan.after-add',
]
const RECONCILE: FaultPoint[] = ['write.before-reconcile', 'write.after-reconcile']

/** Lives the plan and expects that it came as planned, and that nothing that was promised is broken. */
async function survives(
  plan: Omit<Plan, 'name' | 'eventsPerWave' | 'wavesPerLife'> & { eventsPerWave?: number },
): Promise<void> {
  await onLane(async ({ outside, lives }) => {
    const chain = new Chain({ name: 'test', eventsPerWave: 1, wavesPerLife: 3, ...plan }, outside, lives)
    try {
      const story = await chain.live()
      for (const point of story.points.keys()) reached.add(point)
      expect(await check(story, outside)).toEqual([])
      expect(story.missed).toEqual([])
    } finally {
      chain.discard()
    }
  })
}

/** Seconds, where nothing else runs. One that is given up goes on with its lane, and takes others with it. */
const LONGEST_MS = 600_000

describe('killed', { timeout: LONGEST_MS, concurrent: true }, () => {
  it('R1 R2 J1 while events come in and runs begin and end: each acknowledged event is one run that ends', () =>
    survives({
      deaths: at(
        'event.before-accept',
        'event.after-accept',
        'run.before-launch',
        'run.before-finish',
        'run.after-finish',
      ),
    }))

  it('J2 J3 around reads and local steps: what was recorded is not asked again, what was not leaves no trace', () =>
    survives({
      deaths: at(
        'read.before-call',
        'read.after-call',
        'read.after-outcome',
        'local.before-outcome',
        'local.after-outcome',
      ),
    }))

  it('J2 J3 P2 around questions to a model: what it answered is asked once, and everything is paid under every cap', () =>
    survives({
      deaths: [
        ...once('model.before-call', 'model.after-call'),
        ...at('model.before-ask', 'model.after-answer', 'model.after-outcome'),
        { by: 'point', kill: { at: 'model.after-outcome', nth: 7 } },
      ],
      choose: () => ['asks', 'asks-each'],
      models: true,
    }))

  it('J1 J2 J4 around writes to a host that honours the key: each is done exactly once', () =>
    survives({ deaths: at(...WRITE, ...AGAIN), choose: () => ['keyed', 'lost-keyed'] }))

  it('J1 J4 around writes that had certainly not left: each goes out again, once, and nobody is asked in vain', () =>
    survives({ deaths: at('write.after-unsent', 'write.after-again'), choose: () => ['refused'] }))

  it('J1 J4 around writes nobody can look up: each is asked about, none is silently repeated, none is lost', () =>
    survives({ deaths: at(...WRITE, ...RECONCILE), choose: () => ['plain', 'lost-plain'] }))

  it('J1 J4 around changes of files: each is found on the disk, none is made twice', () =>
    survives({
      deaths: [
        ...at(...WRITE),
        ...once('write.after-intent', ...RECONCILE, 'write.after-remote', ...RECONCILE),
      ],
      choose: () => ['files'],
      eventsPerWave: 2,
    }))

  it('J2 with local state and announcements alone: they count what succeeded', () =>
    survives({
      deaths: at('local.before-outcome', 'local.after-outcome', 'run.before-finish', 'run.after-finish'),
      choose: () => ['counter'],
      eventsPerWave: 2,
    }))

  it('J7 while items open and close: each key is done exactly once, in whichever run', () =>
    survives({
      deaths: at('item.before-open', 'item.after-open', 'item.before-close', 'item.after-close'),
      choose: () => ['items', 'items-at-once', 'items-asked'],
      eventsPerWave: 2,
    }))

  it('J6 P4 while runs and items wait: no wait, answer or signal is lost, no approval is used twice', () =>
    survives({
      deaths: at(
        'wait.before-record',
        'wait.after-record',
        'wait.after-outcome',
        'approval.after-ask',
        'approval.after-answer',
      ),
      choose: () => ['sleeper', 'approved', 'signalled', 'items-asked'],
    }))

  it('J4 inside calls, while the other side has the request or has just answered it', () =>
    survives({
      deaths: (['arrival', 'answer'] as const).flatMap(when =>
        [1, 6, 16].map(nth => ({ by: 'recorder', at: when, nth }) as const),
      ),
      models: true,
    }))

  it('R4 R7 with time that starts one and a person who pauses others: no instant is lost, no pause is a failure', () =>
    survives({
      deaths: [3, 17, 60, 25, 90].map(nth => ({ by: 'point', kill: { at: 'any', nth } }) as const),
      ticks: true,
      meddle: () => (draw = (draw * 16_807) % 2_147_483_647) / 2_147_483_647,
    }))

  it('R8 J1 around looks: each file that came is told once, also those that came while the core was dead', async () => {
    const kills = [
      { at: 'look.before-record', nth: 1 },
      { at: 'look.after-record', nth: 1 },
      { at: 'any', nth: 7 },
    ] as const
    const { points, written, told } = await onLane(({ outside, lives }) => killLooks(outside, lives, kills))
    for (const point of points) reached.add(point)
    expect(told.toSorted()).toEqual(written.toSorted())
  })

  it('J1 J4 around undoing: it goes on, each step is taken back once, and the folder is as it was', async () => {
    const steps: FaultPoint[] = [
      'undo.before-intent',
      'undo.after-intent',
      'undo.after-remote',
      'undo.after-outcome',
    ]
    const kills = [1, 2].flatMap(nth => steps.map(at => ({ at, nth })))
    const { points, before, after, undone, counts } = await onLane(({ lives }) => killUndos(lives, kills))
    for (const point of points) reached.add(point)
    expect(after).not.toEqual(before)
    expect(undone).toEqual(before)
    expect(counts).toEqual({ undone: 18 })
  })

  it('R1 R2 O2 P3 around a plan: it goes on by itself, and what was confirmed is there once, whole, as it was shown', async () => {
    const kills = PLAN.map(at => ({ at, nth: 1 }))
    const plan = await onLane(({ outside, lives }) => killPlan(outside, lives, kills))
    for (const point of plan.points) reached.add(point)
    expect(problemsOf(plan)).toEqual([])
    // It died twice with an answer that was not on record, and once with a question that had not left.
    const asked = { 'mover-0': 3, 'mover-1': 1, 'mover-2': 1 }
    const costs = { reserved: 2, spent: 4 }
    expect(plan).toMatchObject({ deaths: PLAN.length, asked, costs })
  })

  it('around the digest of quiet hours: what they held is told once', async () => {
    const kills = [
      { at: 'digest.before-record', nth: 1 },
      { at: 'digest.before-record', nth: 1 },
      { at: 'digest.after-record', nth: 1 },
    ] as const
    const { points, held, early, told } = await onLane(({ lives }) => killDigests(lives, kills))
    for (const point of points) reached.add(point)
    expect([held, early]).toEqual([5, 0])
    const said = ['It succeeded for the first time', 'N0', 'N1', 'N2', 'N3'].map(title => `tells: ${title}`)
    expect(told.toSorted()).toEqual(said)
  })

  it('J3 R2 anywhere, several times in a row before anything could end', () =>
    survives({
      deaths: [5, 2, 1, 3, 40, 8, 120].map(nth => ({ by: 'point', kill: { at: 'any', nth } }) as const),
    }))
})

it('J4 every named point was really reached, and killed at', () => {
  expect([...FAULT_POINTS].filter(point => !reached.has(point))).toEqual([])
})
