/**
 * Conversations that set ready-made automations up. A turn reads where the conversation stands, computes the next
 * state with the pure machine of the planner, and writes the message, the reply and the new state in one transaction:
 * a crash leaves a whole turn or none, and of two answers to one question one counts. Adding is part of such a
 * transaction too, so one conversation adds one automation (O2, J1).
 * Owns the dry runs that play now. Does not own what is said (`src/planner/chat`), nor how scripts are played.
 */
import { fail, failureOf, isFailureError } from '../../../domain/failure.ts'
import type { Json } from '../../../domain/json.ts'
import type { DryRun, Said, Shelf, Talk, Turn } from '../../../planner/chat/talk/talk.ts'
import { addChatEvent, workflowOfChat } from '../../store/chats.ts'
import { putSetUp, rehearsingChats, setUpOf } from '../../store/set-ups.ts'
import type { Tx } from '../../store/tx.ts'
import { workflowByName } from '../../store/workflows.ts'
import type { EngineContext } from '../context.ts'
import type { GalleryOptions } from '../gallery.ts'
import type { Installed, InstallRequest } from '../install.ts'
import { endedOr } from '../ended-or.ts'
import { Lanes } from './lanes.ts'

export interface SetUpPorts {
  install: (request: InstallRequest, also: (tx: Tx, installed: Installed) => void) => Promise<Installed>
  gallery: GalleryOptions
}

export interface Spoken {
  /** Of the message as it was kept. */
  id: string
  /** How many turns the conversation has now. */
  turn: number
}

/** The conversation went on while a turn was computed. */
const MOVED = 'turn'

export class SetUps {
  readonly #context: EngineContext
  readonly #ports: SetUpPorts
  readonly #playing = new Map<string, { stop: AbortController; ended: Promise<void> }>()
  readonly #lanes = new Lanes(MOST_PLAYING)
  #isStopped = false

  constructor(context: EngineContext, ports: SetUpPorts) {
    this.#context = context
    this.#ports = ports
  }

  /** Dry runs that the last life of the core left are played anew. */
  resume(): void {
    for (const chatId of rehearsingChats(this.#context.store)) this.#play(chatId)
  }

  stop(): void {
    this.#isStopped = true
    for (const { stop } of this.#playing.values()) stop.abort()
  }

  /** A message, and its answer. `to`: counts only where the conversation has had so many turns. */
  async say(chatId: string, text: string, to?: number): Promise<Spoken> {
    const { store } = this.#context
    for (let tries = 1; ; tries++) {
      const before = setUpOf(store, chatId)?.turn ?? 0
      if (to !== undefined && to !== before) refuseStale()
      try {
        return await this.#take(chatId, text, before)
      } catch (error) {
        // Somebody else was faster, with a turn or with a name: what is true now is answered instead.
        if (!isOvertaken(error) || tries === MOST_TRIES) throw error
      }
    }
  }

  /** Resolves when no dry run of this chat plays, `ms` have passed, or `closing` says so. */
  async rest(chatId: string, ms: number, closing: AbortSignal): Promise<void> {
    const playing = this.#playing.get(chatId)
    if (playing !== undefined) await endedOr(playing.ended, ms, closing)
  }

  async #take(chatId: string, text: string, before: number): Promise<Spoken> {
    const machine = await loadMachine()
    const talk = this.#talkOf(machine, chatId)
    const shelf = this.#shelf(machine)
    const step = machine.turn(talk, text, shelf)
    if (step.effect === 'install') return this.#add(machine, { chatId, text, before, talk, shelf })
    return this.#record({ chatId, text, before }, step)
  }

  #talkOf({ talkSchema, NEW_TALK }: Machine, chatId: string): Talk {
    const { store } = this.#context
    const known = setUpOf(store, chatId)
    if (known !== undefined) return talkSchema.parse(known.talk)
    const name = workflowOfChat(store, chatId)?.name ?? null
    return name === null ? NEW_TALK : { ...NEW_TALK, stage: 'added', name }
  }

  #shelf({ openShelf }: Machine): Shelf {
    return openShelf(this.#ports.gallery, name => this.#isTaken(name))
  }

  #isTaken(name: string): boolean {
    return workflowByName(this.#context.store, name) !== undefined
  }

  async #record(head: TurnHead, step: Turn): Promise<Spoken> {
    const spoken = await this.#context.store.write(tx => this.#write(tx, head, step, null), { durable: true })
    const goesOn = step.talk.stage === 'rehearsing' && step.effect === 'none'
    if (!goesOn) this.#playing.get(head.chatId)?.stop.abort()
    if (step.effect === 'rehearse') this.#play(head.chatId)
    return spoken
  }

  /** Within a transaction: the message, the reply, and where the conversation stands now. */
  #write(tx: Tx, head: TurnHead, { talk, said }: Turn, added: string | null): Spoken {
    const { store, clock } = this.#context
    const { chatId, text, before } = head
    const at = clock.now()
    const event = (kind: string, body: Json) =>
      addChatEvent(store, tx, { chatId, kind, runId: null, body, at })
    const id = text === null ? '' : event('message', { from: 'user', text })
    const replyId = event('set-up', replyOf(said, talk))
    const workflowId = added ?? setUpOf(store, chatId)?.workflowId ?? null
    // An automation that came here by another way has no conversation to go on with.
    if (talk.stage === 'added' && workflowId === null) return { id, turn: before }
    const next = { chatId, before, stage: talk.stage, replyId, workflowId, talk, at }
    if (!putSetUp(store, tx, next)) refuseStale()
    return { id, turn: before + 1 }
  }

  /** What was shown is added; anything else is shown first. */
  async #add(machine: Machine, asked: Asked): Promise<Spoken> {
    const { chatId, text, before, talk, shelf } = asked
    const head = { chatId, text, before }
    const draft = shelf.draft(talk)
    if (!draft.ok || draft.hash !== talk.hash) return this.#record(head, machine.showAnew(talk, shelf))
    const { source, contract, name } = machine.fillTalk(talk, this.#ports.gallery, taken =>
      this.#isTaken(taken),
    )
    const spoken: Spoken[] = []
    try {
      await this.#ports.install(
        { name, source, contract, begins: { chat: chatId }, note: `Set up by chat: ${talk.entry ?? ''}` },
        (tx, installed) => {
          const begun = machine.beginning(contract, installed.watched, talk.language)
          const step = machine.afterInstall(talk, name, begun)
          spoken.push(this.#write(tx, head, step, installed.workflowId))
        },
      )
    } catch (error) {
      if (!isFailureError(error) || isOvertaken(error)) throw error
      return this.#record(head, machine.afterRefusal(talk, error.message, shelf))
    }
    const [last] = spoken.slice(-1)
    if (last === undefined) throw new Error('an automation was added without a word')
    return last
  }

  #play(chatId: string): void {
    if (this.#isStopped) return
    const stop = new AbortController()
    const playing = { stop, ended: Promise.resolve() }
    playing.ended = this.#lanes
      .take(() => this.#playNow(chatId, stop.signal))
      .catch((error: unknown) => {
        const name = error instanceof Error ? error.name : 'thrown'
        this.#context.log('error', 'a dry run of a conversation could not be told', { error: name })
      })
      .finally(() => {
        if (this.#playing.get(chatId) === playing) this.#playing.delete(chatId)
      })
    this.#playing.set(chatId, playing)
  }

  /** Plays what the conversation is about and says what came of it, unless the conversation went on meanwhile. */
  async #playNow(chatId: string, signal: AbortSignal): Promise<void> {
    const { store } = this.#context
    const machine = await loadMachine()
    const known = setUpOf(store, chatId)
    if (signal.aborted || known?.stage !== 'rehearsing') return
    const talk = this.#talkOf(machine, chatId)
    const shelf = this.#shelf(machine)
    const head = { chatId, text: null, before: known.turn }
    const draft = shelf.draft(talk)
    if (!draft.ok || draft.hash !== talk.hash) {
      await this.#record(head, machine.showAnew(talk, shelf))
      return
    }
    const filled = machine.fillTalk(talk, this.#ports.gallery, taken => this.#isTaken(taken))
    const dryRun = await machine.playFilled(this.#context, filled, signal).catch((error: unknown) => {
      const failure = failureOf(error)
      return machine.notPlayed(filled, failure.message)
    })
    await this.#tell(chatId, talk.hash, { dryRun, signal })
  }

  /** While it played, other things may have been said; if they changed what is set up, this is told to nobody. */
  async #tell(
    chatId: string,
    hash: string | null,
    { dryRun, signal }: { dryRun: DryRun; signal: AbortSignal },
  ): Promise<void> {
    const machine = await loadMachine()
    for (let tries = 1; ; tries++) {
      const before = setUpOf(this.#context.store, chatId)?.turn ?? 0
      const talk = this.#talkOf(machine, chatId)
      if (signal.aborted || talk.stage !== 'rehearsing' || talk.hash !== hash) return
      const step = machine.afterDryRun(talk, dryRun, this.#shelf(machine))
      try {
        await this.#context.store.write(tx => this.#write(tx, { chatId, text: null, before }, step, null), {
          durable: true,
        })
        return
      } catch (error) {
        if (!isOvertaken(error) || tries === MOST_TRIES) throw error
      }
    }
  }
}

const MOST_PLAYING = 2
const MOST_TRIES = 20

interface TurnHead {
  chatId: string
  /** Null where nobody said anything: a dry run ended. */
  text: string | null
  before: number
}

interface Asked extends TurnHead {
  text: string
  talk: Talk
  shelf: Shelf
}

/** Loaded at the first message: a core at rest does without. */
type Machine = Awaited<ReturnType<typeof loadMachine>>

function loadMachine() {
  return import('./machine.ts')
}

function replyOf(said: Said, { stage, language }: Talk): Json {
  return JSON.parse(JSON.stringify({ from: 'steward', stage, language, ...said })) as Json
}

function refuseStale(): never {
  fail({
    kind: 'invalid-input',
    path: MOVED,
    message:
      'The conversation had gone on before this was said, so it answered another question. Nothing was changed. Look at what is asked now.',
  })
}

function isOvertaken(error: unknown): boolean {
  if (!isFailureError(error) || error.failure.kind !== 'invalid-input') return false
  return error.failure.path === MOVED || error.failure.path === 'name'
}
