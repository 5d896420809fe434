/**
 * What asking models must have come to, held against what the model itself counted: what is on record is not asked
 * again, each request was paid for before it left, and no cap was passed.
 */
import type Database from 'better-sqlite3'
import { stepsOfRun } from '../../src/main/store/journal.ts'
import type { Step } from '../../src/main/store/journal.ts'
import type { Store } from '../../src/main/store/store.ts'
import type { Story } from './chain.ts'
import { AGAIN, questionIn } from './model-server.ts'
import type { Ask } from './model-server.ts'
import { FIRST_CAP, RAISED_BY, reservedIn, sumOf } from './spent.ts'
import type { SpentAtDeath } from './spent.ts'

export function checkSpent(
  story: Story,
  { store, db, asks }: { store: Store; db: Database.Database; asks: readonly Ask[] },
): string[] {
  const steps = modelSteps(store, db)
  const costs = db.prepare(`SELECT step_id, micros, state FROM costs`).all() as Cost[]
  const spent = { asks, steps, costs }
  return [
    ...checkAsked(story, asks),
    ...checkAgain(story, spent),
    ...checkPaid(spent),
    ...checkCaps(story, spent),
    ...reservedIn(db)
      .filter(id => story.deaths.at(-1)?.spent.reserved.includes(id) !== true)
      .map(id => `J2 a cost has no end, and no core died of it: ${id}`),
  ]
}

interface Cost {
  step_id: string
  micros: number
  state: 'reserved' | 'spent'
}

interface Spent {
  asks: readonly Ask[]
  /** Those on record, with what they asked. */
  steps: (Step & { question: string })[]
  costs: readonly Cost[]
}

/** Every question that had to be asked was, and no other. */
function checkAsked(story: Story, asks: readonly Ask[]): string[] {
  const wanted = new Set(story.events.flatMap(({ job, token }) => job.questions(token)))
  const asked = new Set(asks.map(({ question }) => question.replace(AGAIN, '')))
  return [
    ...[...wanted].filter(question => !asked.has(question)).map(question => `never asked: ${question}`),
    ...[...asked]
      .filter(question => !wanted.has(question))
      .map(question => `nobody wanted to ask: ${question}`),
  ]
}

/** J2, J3: asked once in a life at most, and never again once the answer was on record. */
function checkAgain({ deaths }: Story, { asks, steps }: Spent): string[] {
  const problems: string[] = []
  let first = 0
  let recorded = new Set<string>()
  for (const { asks: until, recorded: ids } of [...deaths.map(({ spent }) => spent), END]) {
    const asked = asks.slice(first, until).map(({ question }) => question)
    for (const question of asked)
      if (recorded.has(question.replace(AGAIN, ''))) problems.push(`J3 asked again: ${question}`)
    if (new Set(asked).size < asked.length) problems.push(`asked twice in one life: ${asked.join(', ')}`)
    first = until
    recorded = new Set(steps.filter(({ stepId }) => ids.includes(stepId)).map(({ question }) => question))
  }
  return problems
}

const END: SpentAtDeath = { asks: Number.MAX_SAFE_INTEGER, recorded: [], reserved: [] }

/** J2, P2: what is on record costs what the model counted; all that it was asked is covered, and was reserved before. */
function checkPaid({ asks, steps, costs }: Spent): string[] {
  const problems: string[] = []
  const turns = Map.groupBy(asks, ask => ask.question.replace(AGAIN, ''))
  for (const [question, counted] of turns) {
    const of = steps.filter(step => step.question === question)
    const ids = new Set(of.map(({ stepId }) => stepId))
    const paid = costs.filter(cost => ids.has(cost.step_id))
    const settled = paid.filter(({ state }) => state === 'spent').map(({ micros }) => micros)
    const onRecord = of.map(({ costMicros }) => costMicros).filter(micros => micros > 0)
    const last = [question, question + AGAIN].flatMap(
      turn => counted.findLast(ask => ask.question === turn)?.micros ?? [],
    )
    const isSettled = last.every(micros => settled.includes(micros))
    if (!isSettled || onRecord.length !== 1 || onRecord[0] !== last.reduce((sum, micros) => sum + micros))
      problems.push(
        `J2 ${question} cost ${last.join('+')}: settled ${settled.join()}, on record ${onRecord.join()}`,
      )
    if (paid.length < counted.length || sumOf(paid) < sumOf(counted))
      problems.push(
        `P2 ${question} was asked ${String(counted.length)} times for ${String(sumOf(counted))}, and ${String(paid.length)} costs hold ${String(sumOf(paid))}`,
      )
  }
  return problems
}

/** P2: neither what is on record passes the cap, nor what the model had counted when there was no room. */
function checkCaps({ raises }: Story, { asks, costs }: Spent): string[] {
  const cap = Math.max(FIRST_CAP, ...raises.map(raise => raise.cap + RAISED_BY))
  const over = raises.filter(raise => raise.counted > raise.cap)
  return [
    ...over.map(raise => `P2 ${String(raise.counted)} were spent under a cap of ${String(raise.cap)}`),
    ...(sumOf(costs) > cap ? [`P2 ${String(sumOf(costs))} are on record under ${String(cap)}`] : []),
    ...(sumOf(asks) > sumOf(costs) ? [`P2 more was spent than is on record`] : []),
  ]
}

function modelSteps(store: Store, db: Database.Database): Spent['steps'] {
  const runs = db.prepare(`SELECT DISTINCT run_id FROM script_run_steps WHERE effect = 'model'`)
  return (runs.pluck().all() as string[])
    .flatMap(runId => stepsOfRun(store, runId))
    .filter(({ effect, state }) => effect === 'model' && state === 'done')
    .map(step => ({ ...step, question: questionIn(JSON.stringify(step.args)) }))
}
