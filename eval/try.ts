/**
 * One try of one intent against the planner that ships: the wish is said in a new chat, a scripted person answers, what
 * is shown is played once more so that every step can be looked at, and then confirmed.
 */
import { parseContract } from '../src/domain/contract-check.ts'
import type { Contract } from '../src/domain/contract.ts'
import type { Json } from '../src/domain/json.ts'
import type { Engine } from '../src/main/engine/engine.ts'
import { readDraft } from '../src/main/engine/planning/sayings.ts'
import type { DryRun } from '../src/planner/chat/talk/talk.ts'
import { conversationView } from '../src/main/engine/views/conversations.ts'
import type { ConversationView } from '../src/main/engine/views/conversations.ts'
import { taskOfChat } from '../src/main/store/tasks.ts'
import type { Person, Situated } from './intent.ts'

export interface PlayedStep {
  tool: string
  ok: boolean
  refused: boolean
  /** In words: “Would have moved a.pdf to Receipts”. */
  sentence: string
  input: Json
}

export interface Played {
  state: DryRun['state']
  failure: string | null
  steps: readonly PlayedStep[]
}

export interface Turn {
  from: 'person' | 'planner'
  text: string
}

export interface Tried {
  /** connect: it asked for an account · told: it ended with words · stuck: it went on for longer than anybody would. */
  end: 'added' | 'connect' | 'told' | 'failed' | 'stopped' | 'stuck'
  /** What the planner said last. */
  last: string
  turns: readonly Turn[]
  contract: Json
  source: string | null
  played: Played | null
  questions: number
  costMicros: number
  ms: number
}

const MOST_TURNS = 16
const LONGEST_WAIT_MS = 900_000
const LONGEST_PLAY_MS = 60_000

export async function attempt(engine: Engine, situated: Situated, signal: AbortSignal): Promise<Tried> {
  return new Attempt(engine, situated, signal).run()
}

class Attempt {
  readonly #engine: Engine
  readonly #situated: Situated
  readonly #signal: AbortSignal
  readonly #turns: Turn[] = []
  #questions = 0
  #corrected = false
  #card: Pick<Tried, 'contract' | 'source' | 'played'> = { contract: null, source: null, played: null }

  constructor(engine: Engine, situated: Situated, signal: AbortSignal) {
    this.#engine = engine
    this.#situated = situated
    this.#signal = signal
  }

  async run(): Promise<Tried> {
    const started = performance.now()
    const { intent, situation } = this.#situated
    const chat = await this.#engine.edits.createChat(intent.id)
    let view = await this.#say(chat, situation.wish)
    let end = this.#endOf(view)
    while (end === null && this.#turns.length < 2 * MOST_TURNS) {
      view = await this.#say(chat, await this.#answer(chat, view))
      end = this.#endOf(view)
    }
    if (view.automation !== null) await this.#engine.control.delete(view.automation.id)
    return {
      ...this.#card,
      end: end ?? 'stuck',
      last: this.#turns.at(-1)?.text ?? '',
      turns: this.#turns,
      questions: this.#questions,
      costMicros: view.costMicros,
      ms: Math.round(performance.now() - started),
    }
  }

  async #say(chat: string, text: string): Promise<ConversationView> {
    this.#turns.push({ from: 'person', text })
    const { conversations } = this.#engine
    await conversations.say(chat, text)
    await conversations.rest(chat, LONGEST_WAIT_MS, this.#signal)
    this.#signal.throwIfAborted()
    const view = conversationView(this.#engine, conversations.plans, chat)
    if (view === undefined) throw new Error(`${chat} has no conversation`)
    this.#turns.push({ from: 'planner', text: [view.text, view.question?.text ?? ''].join('\n').trim() })
    return view
  }

  #endOf(view: ConversationView): Tried['end'] | null {
    switch (view.stage) {
      case 'asking':
        return isConnection(view) ? 'connect' : this.#isRefusal(view.question?.text ?? '') ? 'told' : null
      case 'told':
        return this.#isQuestion(view.text) ? null : 'told'
      case 'added':
      case 'failed':
      case 'stopped':
        return view.stage
      default:
        return view.stage === 'confirming' ? null : 'stuck'
    }
  }

  /** To ask for what would be possible instead says that this is not. */
  #isRefusal(text: string): boolean {
    const { truth } = this.#situated.situation
    return truth.is === 'refused' && truth.says.test(text)
  }

  /** Some models ask in a plain reply; a person who knows the answer gives it all the same. */
  #isQuestion(text: string): boolean {
    const { answers = [] } = this.#person
    return text.includes('?') && answers.some(([asked]) => asked.test(text))
  }

  async #answer(chat: string, view: ConversationView): Promise<string> {
    const yes = this.#isGerman ? 'ja' : 'yes'
    if (view.stage !== 'confirming') return this.#openOf(chat)?.about === 'look' ? yes : this.#tell(view)
    const { correction } = this.#person
    if (correction !== undefined && !this.#corrected) {
      this.#corrected = true
      return correction
    }
    await this.#look(chat)
    return yes
  }

  #tell({ question, text }: ConversationView): string {
    this.#questions++
    const asked = question?.text ?? text
    const own = this.#person.answers?.find(([pattern]) => pattern.test(asked))?.[1]
    return (
      own ??
      question?.choices[0]?.value ??
      (this.#isGerman ? 'Das ist mir gleich.' : 'I do not mind either way.')
    )
  }

  get #isGerman(): boolean {
    return this.#situated.intent.language === 'de'
  }

  get #person(): Person {
    return this.#situated.situation.person ?? {}
  }

  #draftOf(chat: string) {
    const { store } = this.#engine
    const task = taskOfChat(store, chat)
    if (task === undefined) throw new Error(`${chat} has no task`)
    return readDraft(store, task)
  }

  #openOf(chat: string) {
    return this.#draftOf(chat).open
  }

  /** Keeps what is shown, and what it does when it is played. */
  async #look(chat: string): Promise<void> {
    const { contract, source } = this.#draftOf(chat)
    const read = parseContract(contract)
    const played = read.ok && source !== null ? await this.#play(read.contract, source) : null
    this.#card = { contract, source, played }
  }

  async #play(contract: Contract, source: string): Promise<Played> {
    const engine = this.#engine
    const signal = AbortSignal.any([this.#signal, AbortSignal.timeout(LONGEST_PLAY_MS)])
    const event = delivered(
      await engine.eventNow(contract, signal),
      contract,
      this.#situated.situation.delivery ?? null,
    )
    const end = await engine.rehearse({ contract, source, event, phase: 'dry-run', signal })
    return {
      state: end.isStopped ? 'stopped' : end.failure === null ? 'returned' : 'failed',
      failure: end.failure?.message ?? null,
      steps: end.steps.map(({ tool, outcome, sentence, args, refused }) => ({
        tool,
        ok: outcome.ok,
        sentence,
        input: args,
        refused: refused !== null,
      })),
    }
  }
}

/** What really comes to a webhook, in the place of the example. */
function delivered(event: Json, { when: [trigger] }: Contract, json: Json): Json {
  if (trigger?.kind !== 'webhook' || json === null) return event
  return { ...(event as Record<string, Json>), json, body: JSON.stringify(json) }
}

function isConnection({ question }: ConversationView): boolean {
  return question?.choices.some(({ value }) => value === 'connected') === true
}
