/** Whatever happens, in any order and across kills: each notification is told once, and none of the held ones early. */
import fs from 'node:fs'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { contractSchema } from '../../src/domain/contract.ts'
import { quietUntil } from '../../src/domain/quiet-hours.ts'
import type { QuietHours } from '../../src/domain/quiet-hours.ts'
import { Quiet } from '../../src/main/engine/quiet.ts'
import { listActions, raiseAction, settleAction } from '../../src/main/store/actions.ts'
import { countHeld, listNotifications, notificationBody, notify } from '../../src/main/store/notifications.ts'
import { preferencesOf, preferencesWith, putPreferences } from '../../src/main/store/settings.ts'
import { openStore } from '../../src/main/store/store.ts'
import type { Store } from '../../src/main/store/store.ts'
import { createWorkflow, deployVersion } from '../../src/main/store/workflows.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { contractFor, tempFolder } from '../support/world.ts'

const MINUTE = 60_000
const HOURS: (QuietHours | null)[] = [
  null,
  { from: '22:00', to: '02:30', zone: 'Europe/Berlin', days: null },
  { from: '01:00', to: '23:00', zone: 'Europe/Berlin', days: [6, 7] },
  { from: '12:00', to: '11:59', zone: 'America/New_York', days: null },
]

const step = fc.oneof(
  fc.record({ do: fc.constant('tell' as const), urgent: fc.boolean() }),
  fc.record({ do: fc.constant('ask' as const), urgent: fc.boolean() }),
  fc.record({ do: fc.constant('answer' as const), place: fc.nat(5) }),
  fc.record({ do: fc.constant('wait' as const), minutes: fc.integer({ min: 1, max: 16 * 60 }) }),
  fc.record({ do: fc.constant('set' as const), hours: fc.constantFrom(...HOURS) }),
  fc.record({ do: fc.constant('kill' as const), offMinutes: fc.constantFrom(0, 30, 16 * 60) }),
  fc.record({
    do: fc.constant('wait and kill' as const),
    minutes: fc.integer({ min: 1, max: 16 * 60 }),
  }),
)
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never

interface Made {
  title: string
  /** It came while it was quiet, and is not urgent. */
  mayWait: boolean
  actionId: string | null
  answered: boolean
}

/** One data folder through many lives, beside what must have become of each notification. */
class Folder {
  /** The clocks of Berlin are set back in this night. */
  readonly #clock = new ManualClock(Date.parse('2026-10-24T18:00:00Z'))
  readonly #folders: string[] = [tempFolder()]
  readonly #made: Made[] = []
  readonly #failures: unknown[] = []
  #store: Store
  #quiet: Quiet
  #workflows = { urgent: '', calm: '' }

  constructor() {
    this.#store = this.#open()
    this.#quiet = this.#live()
  }

  async begin(): Promise<void> {
    this.#workflows = await this.#store.write(tx => {
      const install = (name: string, urgent: boolean) => {
        const id = createWorkflow(this.#store, tx, { name, title: name, chat: null, at: 0 })
        const contract = contractSchema.parse(contractFor({ urgent }))
        deployVersion(this.#store, tx, id, { contract, source: '', toolApi: 1, note: '', at: 0 })
        return id
      }
      return { urgent: install('urgent', true), calm: install('calm', false) }
    })
  }

  async take(step: Step): Promise<void> {
    switch (step.do) {
      case 'tell':
      case 'ask':
        return this.#make(step.do, step.urgent)
      case 'answer':
        return this.#answer(step.place)
      case 'wait':
        this.#clock.advance(step.minutes * MINUTE)
        return this.#settled()
      case 'set':
        await this.#store.write(tx => {
          putPreferences(tx, preferencesWith(preferencesOf(tx), { quietHours: step.hours }))
        })
        this.#quiet.arm()
        return this.#settled()
      case 'kill':
        return this.#kill(step.offMinutes)
      case 'wait and kill':
        this.#clock.advance(step.minutes * MINUTE)
        return this.#kill(0)
    }
  }

  /** What is told: each once, and what was held only where it is not quiet. */
  check(): void {
    const told = this.#told()
    expect(new Set(told).size).toBe(told.length)
    for (const { title, mayWait } of this.#made) if (!mayWait) expect(told).toContain(title)
    if (this.#isQuiet()) return
    expect(countHeld(this.#store)).toBe(0)
    for (const { title, answered } of this.#made) if (!answered) expect(told).toContain(title)
  }

  async end(): Promise<void> {
    await this.take({ do: 'set', hours: null })
    this.check()
    expect(this.#failures).toEqual([])
    const digests = listNotifications(this.#store, 200).filter(({ kind }) => kind === 'digest')
    for (const digest of digests) expect(notificationBody(this.#store, digest).text).not.toBe('')
  }

  async discard(): Promise<void> {
    this.#quiet.stop()
    await this.#store.close()
    for (const folder of this.#folders) fs.rmSync(folder, { recursive: true, force: true })
  }

  async #make(kind: 'tell' | 'ask', urgent: boolean): Promise<void> {
    const at = this.#clock.now()
    const workflowId = urgent ? this.#workflows.urgent : this.#workflows.calm
    const made: Made = {
      title: `N${String(this.#made.length)}.`,
      mayWait: this.#isQuiet() && !urgent,
      actionId: null,
      answered: false,
    }
    await this.#store.write(tx => {
      const about = { workflowId, runId: null, at }
      if (kind === 'ask') {
        const body = { cause: made.title, effect: '' }
        const rest = { causeKey: made.title, itemId: null, stepId: null, choices: [], expiresAt: null }
        made.actionId = raiseAction(this.#store, tx, { ...about, ...rest, kind: 'input-needed', body })
      } else {
        const body = { title: made.title, text: '', level: 'info' as const }
        notify(this.#store, tx, { ...about, kind: 'told', actionId: null, body })
      }
    })
    this.#made.push(made)
    expect(this.#told().includes(made.title)).toBe(!made.mayWait)
  }

  async #answer(place: number): Promise<void> {
    const action = listActions(this.#store, 'open', 50)[place]
    if (action === undefined) return
    await this.#store.write(tx => {
      settleAction(tx, action.id, { state: 'resolved', choice: 'yes', at: this.#clock.now() })
    })
    for (const made of this.#made) if (made.actionId === action.id) made.answered = true
  }

  /** All that was asked of the store so far is committed and on the disk, what was asked for in passing included. */
  async #settled(): Promise<void> {
    await this.#store.write(() => undefined, { durable: true })
  }

  /** What is on the disk at this moment is all that the next life has. */
  async #kill(offMinutes: number): Promise<void> {
    const next = tempFolder()
    fs.cpSync(this.#folders.at(-1) ?? '', next, { recursive: true })
    this.#folders.push(next)
    this.#quiet.stop()
    await this.#store.close()
    this.#clock.advance(offMinutes * MINUTE)
    this.#store = this.#open()
    this.#quiet = this.#live()
    await this.#settled()
  }

  #open(): Store {
    return openStore({ folder: this.#folders.at(-1) ?? '', now: () => this.#clock.now() })
  }

  #live(): Quiet {
    const log = (_level: string, message: string) => this.#failures.push(message)
    const quiet = new Quiet({ store: this.#store, clock: this.#clock, log, fault: () => undefined })
    quiet.arm()
    return quiet
  }

  #isQuiet(): boolean {
    const { quietHours } = preferencesOf(this.#store)
    return quietHours !== null && quietUntil(quietHours, this.#clock.now()) !== null
  }

  /** The titles in everything that went out, as often as they are in it. */
  #told(): string[] {
    return listNotifications(this.#store, 200).flatMap(row => {
      const { title, text } = notificationBody(this.#store, row)
      return row.kind === 'digest' ? (text.match(/N\d+\./g) ?? []) : [title]
    })
  }
}

it('each notification is told once, at once or after the quiet it came in, whatever is killed when', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 40 }), async steps => {
      const folder = new Folder()
      try {
        await folder.begin()
        for (const one of steps) {
          await folder.take(one)
          folder.check()
        }
        await folder.end()
      } finally {
        await folder.discard()
      }
    }),
    { numRuns: 15 },
  )
}, 180_000)
