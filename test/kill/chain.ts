/**
 * Several lives of one folder: events come in, the core is killed in the middle of them, starts again, is killed
 * again; the last life is left alone until nothing is left to do. Then the folder and the outside are held against
 * what was promised.
 * Owns the folder, what was acknowledged, what was in flight at each death.
 */
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import Database from 'better-sqlite3'
import { DATABASE_FILE } from '../../src/main/store/store.ts'
import { contractFor } from '../support/world.ts'
import type { Json } from '../../src/domain/json.ts'
import type { Kill } from './child.ts'
import type { Job } from './job.ts'
import { LifeEnded } from './life.ts'
import type { Life, Lives } from './life.ts'
import type { Outside } from './outside.ts'
import { Person } from './person.ts'
import { capModel, connectModel, spentAtDeath } from './spent.ts'
import type { Raise, SpentAtDeath } from './spent.ts'
import type { FaultPoint } from '../../src/main/engine/context.ts'
import { jobs } from './workload.ts'

/** How one life ends: by its own hand at a point, by the recorder inside a call, or by the clock. */
export type Death =
  | { by: 'point'; kill: NonNullable<Kill> }
  | { by: 'recorder'; at: 'arrival' | 'answer'; nth: number }
  | { by: 'clock'; afterMs: number }

export interface Plan {
  /** For the report: what repeats this chain. */
  name: string
  deaths: readonly Death[]
  /** The automations whose events come in with the nth wave; all when left out. */
  choose?: (names: readonly string[], wave: number) => readonly string[]
  /** With an automation that time starts. */
  ticks?: boolean
  /** With automations that ask a model. */
  models?: boolean
  /** With a person who pauses automations and lets them go on, as this draws. */
  meddle?: () => number
  /** So many waves of events are attended to before a death that does not come is given up. */
  wavesPerLife: number
  eventsPerWave: number
}

export interface EventSent {
  job: Job
  token: string
  acknowledged: boolean
}

/** A write that may have left and had not ended when the core died. */
export interface InFlight {
  stepId: string
  runId: string
}

export interface Story {
  plan: Plan
  folder: string
  files: string
  events: EventSent[]
  inFlight: InFlight[]
  /** Those that left a database. */
  deaths: { spent: SpentAtDeath }[]
  raises: Raise[]
  problems: string[]
  points: Map<FaultPoint, number>
  /** Deaths that came as planned, and those whose point was never reached. */
  kills: number
  missed: Death[]
  asked: number
}

const REST_MS = 30_000

export class Chain {
  readonly story: Story
  readonly #outside: Outside
  readonly #person: Person
  readonly #scratch: string
  readonly #jobs: Job[]
  readonly #lives: Lives
  #installed = false
  #wave = 0

  constructor(plan: Plan, outside: Outside, lives: Lives) {
    this.#scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'steward-kill-'))
    const folder = path.join(this.#scratch, 'home')
    const files = path.join(this.#scratch, 'files')
    fs.mkdirSync(folder)
    fs.mkdirSync(files)
    this.story = {
      plan,
      folder,
      files,
      events: [],
      inFlight: [],
      deaths: [],
      raises: [],
      problems: [],
      points: new Map(),
      kills: 0,
      missed: [],
      asked: 0,
    }
    this.#outside = outside
    this.#jobs = jobs({ keyed: outside.keyed, plain: outside.plain, files }, plan)
    this.#person = new Person(outside, { names: this.#jobs.map(({ name }) => name), draw: plan.meddle })
    this.#lives = lives
  }

  /** Lives every life, the last one to its natural end. */
  async live(): Promise<Story> {
    await this.#outside.forget()
    for (const death of this.story.plan.deaths) await this.#liveUntil(death)
    await this.#liveOn()
    this.story.asked = this.#person.asked
    this.story.raises = this.#person.raises
    this.story.problems.push(...this.#person.surprises)
    return this.story
  }

  discard(): void {
    fs.rmSync(this.#scratch, { recursive: true, force: true })
  }

  async #liveUntil(death: Death): Promise<void> {
    const life = this.#lives.next()
    await life.ready
    const clock = death.by === 'clock' ? killAfter(life, death.afterMs) : undefined
    try {
      await this.#begin(life, death.by === 'point' ? death.kill : null)
      if (death.by === 'recorder') await this.#outside.arm({ pid: life.pid, at: death.at, nth: death.nth })
      await this.#work(life)
      this.story.missed.push(death)
      life.kill()
    } catch (error) {
      if (!(error instanceof LifeEnded)) throw error
      this.story.kills++
    } finally {
      clearTimeout(clock)
    }
    await this.#afterDeath(life)
  }

  /** The first life is armed only when all is installed; the others from their first moment. */
  async #begin(life: Life, kill: Kill): Promise<void> {
    await life.start(this.story.folder, this.#installed ? kill : null)
    if (this.#installed) return
    if (this.story.plan.models === true) {
      await connectModel(life, this.#outside)
      await capModel(life)
    }
    for (const job of this.#jobs)
      await life.install(job.name, job.source, contractFor(job.contract) as unknown as Json)
    this.#installed = true
    await life.arm(kill)
  }

  async #afterDeath(life: Life): Promise<void> {
    await life.ended
    await this.#outside.arm(null)
    await this.#outside.settled()
    this.#count(life)
    await this.#lookInto()
  }

  async #liveOn(): Promise<void> {
    const life = this.#lives.next()
    await this.#begin(life, null)
    await this.#deliver(life)
    await this.#stopTicking(life)
    if (!(await this.#person.attend(life, REST_MS))) {
      this.story.problems.push(`it never came to rest: ${JSON.stringify(await life.standing())}`)
    }
    await life.stop()
    this.#count(life)
    await this.#outside.settled()
  }

  /** A new version that only a person starts: what time had started still comes to its end. */
  async #stopTicking(life: Life): Promise<void> {
    const ticker = this.#jobs.find(job => job.name === 'ticker')
    if (ticker === undefined) return
    const contract = contractFor({ ...ticker.contract, when: [{ kind: 'manual' }] })
    await life.install(ticker.name, ticker.source, contract as unknown as Json)
  }

  /** Waves of events, each attended until all is at rest. */
  async #work(life: Life): Promise<void> {
    for (let wave = 0; wave < this.story.plan.wavesPerLife; wave++) {
      this.#announce()
      const delivered = this.#deliver(life)
      const attended = this.#person.attend(life, REST_MS)
      const [, rested] = await Promise.all([delivered, attended])
      if (!rested)
        this.story.problems.push(`a life never came to rest: ${JSON.stringify(await life.standing())}`)
    }
  }

  #announce(): void {
    const wave = ++this.#wave
    const { choose, eventsPerWave } = this.story.plan
    const startable = this.#jobs.filter(job => !job.startsItself)
    const chosen = choose?.(
      startable.map(job => job.name),
      wave,
    )
    for (const job of startable) {
      if (chosen?.includes(job.name) === false) continue
      for (let n = 0; n < eventsPerWave; n++) {
        const token = `${job.name}.w${String(wave)}-${String(n)}`
        this.story.events.push({ job, token, acknowledged: false })
      }
    }
  }

  /** Every event that was never acknowledged is sent, again and again, under its one key (R1). */
  async #deliver(life: Life): Promise<void> {
    await Promise.all(
      this.story.events
        .filter(event => !event.acknowledged)
        .map(async event => {
          const { job, token } = event
          await life.emit(job.name, token, job.payload(token))
          event.acknowledged = true
        }),
    )
  }

  #count(life: Life): void {
    for (const point of life.points()) this.story.points.set(point, (this.story.points.get(point) ?? 0) + 1)
  }

  /** Looks at the dead core's database as it lies there: what had begun, and whether all that arrived had (J1). */
  async #lookInto(): Promise<void> {
    const file = path.join(this.story.folder, DATABASE_FILE)
    // It died while its database was being made: nothing can be on record yet, and nothing can have been asked.
    if (!fs.existsSync(file) || fs.existsSync(`${file}-journal`)) return
    const db = new Database(file, { readonly: true })
    try {
      if (db.prepare(`SELECT 1 FROM sqlite_schema WHERE name = 'script_run_steps'`).get() === undefined)
        return
      const begun = db
        .prepare(
          `SELECT step_id AS stepId, run_id AS runId FROM script_run_steps AS begun WHERE kind = 'begin'
           AND (SELECT kind FROM script_run_steps WHERE step_id = begun.step_id
                ORDER BY at DESC, attempt DESC, position DESC LIMIT 1) NOT IN ('end', 'unsent')`,
        )
        .all() as InFlight[]
      const known = new Set(this.story.inFlight.map(step => step.stepId))
      this.story.inFlight.push(...begun.filter(step => !known.has(step.stepId)))
      this.story.deaths.push({ spent: spentAtDeath(db, await this.#outside.asks()) })
      const intents = db
        .prepare(`SELECT count(*) FROM script_run_steps WHERE kind = 'begin' AND tool = 'http.post'`)
        .pluck()
        .get() as number
      const entries = await this.#outside.entries()
      const arrived = new Set(
        entries.filter(entry => entry.is === 'arrived').map(entry => entry.server + entry.path),
      )
      if (arrived.size > intents)
        this.story.problems.push(
          `${String(arrived.size)} writes had arrived, ${String(intents)} were on record (J1)`,
        )
    } finally {
      db.close()
    }
  }
}

/** Counted from when it stands by: its start, too, is a time to die. */
function killAfter(life: Life, ms: number): NodeJS.Timeout {
  return setTimeout(() => {
    life.kill()
  }, ms)
}
