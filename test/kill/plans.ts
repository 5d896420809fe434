/**
 * A plan whose core is killed at every point of it, again and again, while a person says what they want and confirms
 * what they were shown.
 */
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import Database from 'better-sqlite3'
import type { Json } from '../../src/domain/json.ts'
import type { FaultPoint } from '../../src/main/engine/context.ts'
import { DATABASE_FILE, openStore } from '../../src/main/store/store.ts'
import { taskOfChat, threadMessages } from '../../src/main/store/tasks.ts'
import { deployed, workflowByName } from '../../src/main/store/workflows.ts'
import type { Kill } from './child.ts'
import { LifeEnded } from './life.ts'
import type { Life, Lives } from './life.ts'
import { marked, planned } from './model-server.ts'
import type { Outside } from './outside.ts'
import { connectModel } from './spent.ts'

export interface KilledPlan {
  /** Kills that came as planned, until it was added. */
  deaths: number
  points: FaultPoint[]
  /** What lay there half done when a core had died, and what the model was asked although it was on record. */
  problems: string[]
  /** What was said in the chat, by whom. */
  said: string[]
  /** Who spoke in the agent's own thread. */
  thread: string[]
  /** How often the model was asked for each of its calls. */
  asked: Record<string, number>
  /** The script on the card that was confirmed, and the one that is live. */
  shown: string | null
  live: string
  automations: string[]
  /** Costs of the plan by their state, and whether they hold what the model counted. */
  costs: Record<string, number>
  isCovered: boolean
  /** Names in the folder that the automation will work on. */
  files: string[]
}

interface Conversation {
  stage: string
  turn: number
  script: { source: string } | null
}

const LONGEST_MS = 60_000
const NAME = 'mover'

export async function killPlan(
  outside: Outside,
  lives: Lives,
  kills: readonly NonNullable<Kill>[],
): Promise<KilledPlan> {
  const scratch = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'steward-plans-')))
  await outside.forget()
  try {
    for (const name of ['in', 'out']) fs.mkdirSync(path.join(scratch, name))
    fs.writeFileSync(path.join(scratch, 'in', 'a.txt'), 'a')
    return await new PlanKilling(scratch, outside, lives).through(kills)
  } finally {
    fs.rmSync(scratch, { recursive: true, force: true })
  }
}

/** What is wrong with how it ended, wherever it was killed. */
export function problemsOf(plan: KilledPlan): string[] {
  const { deaths, problems, said, thread, asked, costs, automations, files } = plan
  const { reserved = 0, spent = 0 } = costs
  const times = Object.values(asked)
  const broken: [promise: string, holds: boolean][] = [
    ['R1 it was said and answered once', said.join() === 'user,steward,user,steward'],
    ['R1 its thread has each reply once', thread.join() === 'user,model,tools,model,tools,model'],
    ['R2 it is there once', automations.join() === NAME],
    ['O2 what is live is what was shown', plan.live === plan.shown],
    ['P2 what is on record covers what was counted', plan.isCovered],
    ['P2 a question is reserved for ever only where a core died of it', reserved <= deaths],
    ['P2 each reply is paid', spent >= times.length],
    [
      'each call was asked for, and again only after a death',
      times.length === 3 && sumOf(times) <= 3 + deaths,
    ],
    ['nothing was moved', files.join() === 'a.txt'],
  ]
  return [...problems, ...broken.filter(([, holds]) => !holds).map(([promise]) => `not so: ${promise}`)]
}

function sumOf(numbers: readonly number[]): number {
  return numbers.reduce((sum, number) => sum + number, 0)
}

class PlanKilling {
  readonly #scratch: string
  readonly #home: string
  readonly #outside: Outside
  readonly #lives: Lives
  readonly #points: FaultPoint[] = []
  readonly #problems: string[] = []
  #chat = ''
  #isWished = false
  #shown: string | null = null
  /** Of what was asked, and what of it was on record, when the last core died. */
  #before = { asks: 0, onRecord: 0 }

  constructor(scratch: string, outside: Outside, lives: Lives) {
    this.#scratch = scratch
    this.#home = path.join(scratch, 'data')
    this.#outside = outside
    this.#lives = lives
  }

  async through(kills: readonly NonNullable<Kill>[]): Promise<KilledPlan> {
    let deaths = 0
    for (const kill of kills) {
      const life = await this.#begin(kill)
      const died = await this.#want(life)
        .then(() => life.stop())
        .then(() => false, isOver)
      await this.#end(life)
      if (!died) break
      deaths++
    }
    const life = await this.#begin(null)
    await this.#want(life)
    const { items } = await life.get<{ items: { name: string }[] }>('/automations')
    const events = await life.get<{ items: { kind: string; body: { from?: string } }[] }>(
      `/chats/${this.#chat}/events?order=oldest`,
    )
    await life.stop()
    await this.#end(life)
    return {
      deaths,
      points: this.#points,
      problems: this.#problems,
      said: events.items.map(({ kind, body }) => body.from ?? kind),
      automations: items.map(({ name }) => name),
      shown: this.#shown,
      files: fs.readdirSync(path.join(this.#scratch, 'in')),
      ...(await this.#asked()),
      ...(await this.#kept()),
    }
  }

  async #begin(kill: Kill): Promise<Life> {
    const life = this.#lives.next()
    const isFirst = this.#chat === ''
    await life.start(this.#home, isFirst ? null : kill)
    if (isFirst) {
      await connectModel(life, this.#outside)
      this.#chat = (await life.post<{ id: string }>('/chats', { title: 'A plan' })).id
      await life.arm(kill)
    }
    return life
  }

  /** Says what they want, and yes to what they are shown, until it is added or the core is gone. */
  async #want(life: Life): Promise<void> {
    const deadline = performance.now() + LONGEST_MS
    if (!this.#isWished) await this.#say(life, this.#wish(), 0)
    this.#isWished = true
    while (performance.now() < deadline) {
      const { stage, turn, script } = await life.get<Conversation>(`/chats/${this.#chat}/conversation`)
      if (stage === 'added') return
      if (stage === 'confirming') {
        this.#shown = script?.source ?? null
        await this.#say(life, 'yes', turn)
      } else if (stage !== 'planning') throw new Error(`the plan is ${stage}`)
      await sleep(10)
    }
    throw new Error('the plan came to no end')
  }

  /** What was not acknowledged is said again, to the same question. */
  async #say(life: Life, text: string, to: number): Promise<void> {
    try {
      await life.post(`/chats/${this.#chat}/messages`, { text, to })
    } catch (error) {
      if (!(error instanceof Error) || !error.message.includes('had gone on before')) throw error
    }
  }

  async #end(life: Life): Promise<void> {
    await life.ended
    await this.#outside.settled()
    this.#points.push(...life.points())
    const asks = await this.#outside.asks()
    const { onRecord, half } = this.#lookInto()
    if (half !== null) this.#problems.push(half)
    const asked = asks.slice(this.#before.asks).map(({ question }) => question)
    if (new Set(asked).size < asked.length) this.#problems.push(`asked twice in one life: ${asked.join()}`)
    const known = Array.from({ length: this.#before.onRecord }, (_none, step) => `${NAME}-${String(step)}`)
    for (const question of asked)
      if (known.includes(question)) this.#problems.push(`asked again: ${question}`)
    this.#before = { asks: asks.length, onRecord }
  }

  /** An automation is there whole, with the word that it is, or not at all. */
  #lookInto(): { onRecord: number; half: string | null } {
    const db = new Database(path.join(this.#home, DATABASE_FILE), { readonly: true })
    try {
      const count = (what: string) => db.prepare(`SELECT count(*) FROM ${what}`).pluck().get() as number
      const parts = ['workflows', 'intents', 'scripts'].map(count)
      const added = count(`tasks WHERE state = 'added' AND workflow_id IN (SELECT id FROM workflows)`)
      const isWhole = new Set([...parts, added]).size === 1 && added <= 1
      const half = isWhole ? null : `half added: ${[...parts, added].join()}`
      return { onRecord: count(`messages WHERE sender = 'model'`), half }
    } finally {
      db.close()
    }
  }

  async #asked(): Promise<Pick<KilledPlan, 'asked'>> {
    const asked: Record<string, number> = {}
    for (const { question } of await this.#outside.asks()) asked[question] = (asked[question] ?? 0) + 1
    return { asked }
  }

  async #kept(): Promise<Pick<KilledPlan, 'thread' | 'live' | 'costs' | 'isCovered'>> {
    const asks = await this.#outside.asks()
    const store = openStore({ folder: this.#home, now: () => Date.now() })
    const db = new Database(path.join(this.#home, DATABASE_FILE), { readonly: true })
    try {
      const workflow = workflowByName(store, NAME)
      if (workflow === undefined) throw new Error('it was never added')
      const costs = db
        .prepare(`SELECT state, micros FROM costs WHERE task_id = ? AND workflow_id = ?`)
        .all(taskOfChat(store, this.#chat)?.id, workflow.id) as { state: string; micros: number }[]
      const counted = Object.entries(Object.groupBy(costs, ({ state }) => state))
      const sum = (all: readonly { micros: number }[]) =>
        all.reduce((micros, each) => micros + each.micros, 0)
      return {
        thread: threadMessages(store, taskOfChat(store, this.#chat)?.id ?? '').map(({ from }) => from),
        live: deployed(store, workflow).script.source,
        costs: Object.fromEntries(counted.map(([state, rows = []]) => [state, rows.length])),
        isCovered: sum(costs) >= sum(asks) && costs.length >= asks.length,
      }
    } finally {
      db.close()
      await store.close()
    }
  }

  #wish(): string {
    const [from, to] = [path.join(this.#scratch, 'in'), path.join(this.#scratch, 'out')]
    const plan = [
      {
        tool: 'propose_contract',
        input: { name: NAME, contract: contract(from, to), assumptions: ['TIMES'] },
      },
      { tool: 'write_script', input: { source: script(from, to) } },
      { tool: 'finish', input: {} },
    ]
    return `Move what is new in ${from} to ${to} when I say so. ${marked(NAME)} ${planned(plan)}`
  }
}

function isOver(error: unknown): true {
  if (!(error instanceof LifeEnded)) throw error
  return true
}

function contract(from: string, to: string): Json {
  return {
    title: 'Move what comes in',
    promise: 'Moves new files from in to out.',
    when: [{ kind: 'manual' }],
    uses: ['tools/files', 'tools/flow'],
    reads: { paths: [from] },
    changes: [{ tool: 'files.move', paths: [from, to], approval: 'never' }],
    items: { file: 'its name' },
  }
}

function script(from: string, to: string): string {
  return `// written TIMES times before
    import { list, move } from 'tools/files'
    import { each } from 'tools/flow'
    export default async function run() {
      const { entries } = await list('${from}')
      const moved = await each('file', entries, file => file.name, file => move(file.path, '${to}/' + file.name))
      return { summary: 'Moved ' + moved.done.length }
    }`
}
