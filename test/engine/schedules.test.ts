/**
 * The real scheduler, through weeks in which the computer sleeps, Steward is off, the clock is set back, automations
 * pause and get new versions: held against a slow and obvious oracle, no due instant is unaccounted for.
 */
import fs from 'node:fs'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import type { ContractInput } from '../../src/domain/contract.ts'
import { listAbsences } from '../../src/main/store/absences.ts'
import { ledgerOf, schedulesOf, soonestDue } from '../../src/main/store/schedules.ts'
import type { InstantRow } from '../../src/main/store/schedules.ts'
import { oracleDue } from '../support/cron-oracle.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { createWorld, tempFolder, until } from '../support/world.ts'
import type { World } from '../support/world.ts'

const MINUTE = 60_000
/** A day before the clocks of Berlin are moved on. */
const START = Date.parse('2026-03-28T00:00Z')

type Trigger = { kind: 'cron'; expression: string; zone: string } | { kind: 'interval'; everyMs: number }

const cron = (expression: string, zone: string): Trigger => ({ kind: 'cron', expression, zone })
const AUTOMATIONS = {
  often: { catchUp: 'once', when: [cron('*/20 * * * *', 'Asia/Kolkata')] },
  daily: {
    catchUp: 'all',
    when: [cron('0,30 2 * * *', 'Europe/Berlin'), cron('15 23 * * *', 'America/New_York')],
  },
  evenly: { catchUp: 'skip', when: [{ kind: 'interval', everyMs: 45 * MINUTE }] },
} satisfies Record<string, { catchUp: ContractInput['catchUp']; when: Trigger[] }>
type Name = keyof typeof AUTOMATIONS

type Step =
  | { is: 'awake' | 'asleep' | 'off' | 'set-back'; minutes: number }
  | { is: 'pause' | 'resume' | 'renew'; name: Name }

/** Due from when until when, as far as anyone can know. */
interface Known {
  trigger: Trigger
  from: number
  reached: number
  live: boolean
}

class Weeks {
  readonly clock = new ManualClock(START)
  readonly folder = tempFolder()
  readonly known = new Map<string, Known>()
  /** How far the clock had come before it was set back. */
  latest = START
  readonly gone: { from: number; to: number; why: string }[] = []
  world!: World

  async begin(): Promise<void> {
    this.world = await createWorld({ folder: this.folder, clock: this.clock })
    for (const name of Object.keys(AUTOMATIONS) as Name[]) await this.install(name)
  }

  async install(name: Name): Promise<void> {
    const { world, clock } = this
    const { when, catchUp } = AUTOMATIONS[name]
    const workflowId = await world.install(name, 'export default () => null', { when, catchUp })
    const rows = schedulesOf(world.store, workflowId)
    for (const known of this.known.values())
      if (when.some(trigger => JSON.stringify(trigger) === JSON.stringify(known.trigger))) known.live = false
    rows.forEach(({ id }, place) => {
      const trigger = when[place]
      if (trigger !== undefined)
        this.known.set(id, { trigger, from: clock.now(), reached: clock.now(), live: true })
    })
  }

  async take(step: Step): Promise<void> {
    const { clock } = this
    const from = clock.now()
    await this.make(step)
    // While a clock that was set back has not come to where it was, what is on record lies in the future.
    const isKnown = from >= this.latest && clock.now() - from > 3 * MINUTE
    if (isKnown && (step.is === 'asleep' || step.is === 'off'))
      this.gone.push({ from, to: clock.now(), why: step.is })
    this.latest = Math.max(this.latest, clock.now())
    await this.quiet()
  }

  async make(step: Step): Promise<void> {
    const { clock } = this
    switch (step.is) {
      case 'awake':
        await this.awake(clock.now() + step.minutes * MINUTE)
        break
      case 'asleep':
      case 'set-back':
        clock.jump((step.is === 'asleep' ? 1 : -1) * step.minutes * MINUTE)
        break
      case 'off':
        await this.world.stop()
        clock.advance(step.minutes * MINUTE)
        this.world = await createWorld({ folder: this.folder, clock })
        break
      case 'renew':
        await this.install(step.name)
        break
      case 'pause':
      case 'resume':
        await this.world.engine.control[step.is](this.world.engine.workflow(step.name).id)
    }
  }

  /** Woken whenever something asked to be. */
  async awake(to: number): Promise<void> {
    for (let next = this.clock.nextAt; next !== null && next <= to; next = this.clock.nextAt) {
      this.clock.advance(Math.max(0, next - this.clock.now()))
      await this.quiet()
    }
    this.clock.advance(Math.max(0, to - this.clock.now()))
  }

  async quiet(): Promise<void> {
    const { clock, world } = this
    await until(() => (soonestDue(world.store) ?? Infinity) > clock.now(), 'it was never settled')
    await world.store.flushed()
    for (const known of this.known.values())
      if (known.live) known.reached = Math.max(known.reached, clock.now())
  }

  ledger(): (InstantRow & { id: string })[] {
    return [...this.known.keys()].flatMap(id =>
      ledgerOf(this.world.store, id, 10_000)
        .toReversed()
        .map(row => ({ ...row, id })),
    )
  }

  /** What the oracle says of each schedule, and what the ledger does. */
  accounts() {
    return [...this.known].map(([id, { trigger, from, reached }]) => ({
      oracle: dueBetween(trigger, from, reached),
      ledger: ledgerOf(this.world.store, id, 10_000)
        .map(row => row.due_at)
        .toReversed(),
    }))
  }

  async end(): Promise<void> {
    await this.world.stop()
    fs.rmSync(this.folder, { recursive: true, force: true })
  }
}

function dueBetween(trigger: Trigger, from: number, to: number): number[] {
  if (trigger.kind === 'cron') return oracleDue(trigger.expression, trigger.zone, from, to)
  const due: number[] = []
  for (let at = from + trigger.everyMs; at <= to; at += trigger.everyMs) due.push(at)
  return due
}

const minutes = (most: number) => fc.integer({ min: 1, max: most })
const names = fc.constantFrom(...(Object.keys(AUTOMATIONS) as Name[]))
const steps: fc.Arbitrary<Step> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ is: fc.constant('awake' as const), minutes: minutes(120) }) },
  { weight: 3, arbitrary: fc.record({ is: fc.constant('asleep' as const), minutes: minutes(2 * 1_440) }) },
  { weight: 2, arbitrary: fc.record({ is: fc.constant('off' as const), minutes: minutes(3 * 1_440) }) },
  { weight: 1, arbitrary: fc.record({ is: fc.constant('set-back' as const), minutes: minutes(180) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      is: fc.constantFrom('pause' as const, 'resume' as const, 'renew' as const),
      name: names,
    }),
  },
)

it('R4 O3 whatever happens to machine, clock and automation, no due instant is unaccounted for, and no absence', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(steps, { minLength: 6, maxLength: 10 }), async story => {
      const weeks = new Weeks()
      await weeks.begin()
      try {
        for (const step of story) await weeks.take(step)
        for (const name of Object.keys(AUTOMATIONS) as Name[]) await weeks.take({ is: 'resume', name })
        await weeks.take({ is: 'awake', minutes: 200 })
        for (const { oracle, ledger } of weeks.accounts()) expect(ledger).toEqual(oracle)
        await expectEvents(weeks)
        expectAbsences(weeks)
      } finally {
        await weeks.end()
      }
    }),
    { numRuns: 12, endOnFailure: true },
  )
}, 240_000)

/** Each instant that ran or was caught up has an event and a run of its own; all others say why they have none. */
async function expectEvents(weeks: Weeks): Promise<void> {
  const { engine } = weeks.world
  const ledger = weeks.ledger()
  const fired = ledger.filter(({ fate }) => fate === 'ran' || fate === 'caught-up')
  const events = fired.map(({ inbox_id: id }) => id ?? '')
  expect(new Set(events).size).toBe(fired.length)
  await until(() => events.every(id => engine.event(id).state === 'done'), 'not all ran', 60_000)
  for (const row of ledger) {
    if (row.fate === 'ran') expect(row.at - row.due_at).toBeLessThanOrEqual(MINUTE)
    else expect(row.reason).not.toBeNull()
  }
}

/** The note that it is awake is a minute old at most. */
function expectAbsences(weeks: Weeks): void {
  const told = listAbsences(weeks.world.store, 200)
  for (const { from, to, why } of weeks.gone) {
    const found = told.filter(row => row.why === why && row.to_at === to)
    expect(found.map(row => row.from_at >= from - MINUTE && row.from_at <= from)).toEqual([true])
  }
}
