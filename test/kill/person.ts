/**
 * The person beside the core: allows, answers, signals, and says truthfully what became of a write when asked. Knows
 * nothing but what the core asks and what the outside tells. Owns what was not as it should be.
 */
import { isJsonObject } from '../../src/domain/json.ts'
import type { Json } from '../../src/domain/json.ts'
import { LifeEnded } from './life.ts'
import type { Life } from './life.ts'
import type { Outside } from './outside.ts'
import type { Entry } from './recorder.ts'
import { raiseCap } from './spent.ts'
import type { Raise } from './spent.ts'
import { isAtRest } from './standing.ts'
import type { Question } from './standing.ts'

const LOOK_EVERY_MS = 10
/** At so many looks out of all is something paused, until the next look. */
const MEDDLING = 0.15
/** Only so many looks of one wave: a busy machine must get its work done between two pauses. */
const MEDDLED_LOOKS = 150
const MEDDLED = [
  'sequence',
  'items',
  'items-asked',
  'approved',
  'sleeper',
  'signalled',
  'files',
  'counter',
  'plain',
  'asks',
  'asks-each',
]

export class Person {
  /** Questions about a write whose end nobody saw that were answered. */
  asked = 0
  readonly surprises: string[] = []
  /** Caps on what models cost that had no room, and were raised. */
  readonly raises: Raise[] = []
  readonly #outside: Outside
  readonly #signalled = new Set<string>()

  readonly #draw: (() => number) | undefined
  readonly #meddled: readonly string[]
  /** Automations that were paused and not yet let go on. */
  readonly #paused = new Set<string>()

  /** `names`: of the automations there are. */
  constructor(
    outside: Outside,
    { names, draw }: { names: readonly string[]; draw: (() => number) | undefined },
  ) {
    this.#outside = outside
    this.#draw = draw
    this.#meddled = MEDDLED.filter(name => names.includes(name))
  }

  /**
   * Answers what is asked until nothing is left to do. False when no step more was recorded for so long, or when work
   * went on for ten times as long and came to no end.
   */
  async attend(life: Life, ms: number): Promise<boolean> {
    const end = performance.now() + 10 * ms
    let deadline = performance.now() + ms
    let entries = 0
    for (let looks = 0; performance.now() < Math.min(deadline, end); looks++) {
      const standing = await life.standing()
      if (standing.entries > entries) deadline = performance.now() + ms
      entries = standing.entries
      if (isAtRest(standing) && this.#paused.size === 0) return true
      for (const question of standing.questions) await this.#tryTo(() => this.#answer(life, question))
      for (const { runId, name } of standing.signals) await this.#signal(life, runId, name)
      await this.#meddle(life, looks)
      await new Promise(resolve => setTimeout(resolve, LOOK_EVERY_MS))
    }
    return false
  }

  /** Pausing is never a failure, and loses nothing (R7). */
  async #meddle(life: Life, looks: number): Promise<void> {
    for (const name of this.#paused) {
      await life.resume(name)
      this.#paused.delete(name)
    }
    if (looks > MEDDLED_LOOKS || this.#draw === undefined || this.#draw() > MEDDLING) return
    const name = this.#meddled[Math.floor(this.#draw() * this.#meddled.length)] ?? 'sequence'
    this.#paused.add(name)
    await life.pause(name)
  }

  /** Sent until it was acknowledged, and then never again: from there on it is the core's to remember (J1). */
  async #signal(life: Life, runId: string, name: string): Promise<void> {
    if (this.#signalled.has(runId)) return
    await this.#tryTo(() => life.signal(runId, name, 'now', `${runId}:${name}`))
    this.#signalled.add(runId)
  }

  async #answer(life: Life, question: Question): Promise<void> {
    switch (question.kind) {
      case 'approval':
        return life.resolve(question.id, question.item?.endsWith('-deny') === true ? 'deny' : 'approve')
      case 'input-needed':
        return life.resolve(question.id, 'yes')
      case 'outcome-unknown':
        this.asked++
        return life.resolve(question.id, (await this.#wentOut(question)) ? 'it-went-out' : 'it-did-not')
      case 'budget-exceeded':
        return raiseCap(life, this.#outside, this.raises)
      default:
        this.surprises.push(`an action “${question.kind}” came up (run ${question.runId ?? 'none'})`)
        return life.resolve(question.id, question.choices[0] ?? 'dismiss')
    }
  }

  async #wentOut(question: Question): Promise<boolean> {
    const address = isJsonObject(question.args) ? addressOf(question.args['url'] ?? null) : null
    if (question.tool !== 'http.post' || address === null) {
      this.surprises.push(`it was asked whether ${question.tool ?? 'something'} went out`)
      return false
    }
    const server: Entry['server'] = address.host === this.#outside.keyed ? 'keyed' : 'plain'
    return this.#outside.wentOut(server, address.pathname)
  }

  /** An answer can meet a question that was closed meanwhile; it comes up again if it was not. */
  async #tryTo(work: () => Promise<void>): Promise<void> {
    try {
      await work()
    } catch (error) {
      if (error instanceof LifeEnded) throw error
      if (!(error instanceof Error) || !/already|had ended/.test(error.message))
        this.surprises.push(String(error))
    }
  }
}

function addressOf(url: Json): URL | null {
  return typeof url === 'string' ? new URL(url) : null
}
