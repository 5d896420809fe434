/**
 * Plans: conversations in which a model works on what a person wants (durable tasks, R1). What is said is an event for
 * the task, on the disk before anybody answers; one worker at a time takes events in, asks the model, and does what it
 * may do. After each step everything is on record, so a crash repeats one step at most, and none of them changes
 * anything outside.
 * Owns who works on which task, and their stopping. Does not own what a step does (`work.ts`), nor what a plan is
 * (`src/planner/agent`).
 */
import { fail, failureOf } from '../../../domain/failure.ts'
import type { Open } from '../../../planner/agent/draft.ts'
import { addChatEvent } from '../../store/chats.ts'
import { acceptEvent, refuseWaiting } from '../../store/inbox.ts'
import { setUpOf } from '../../store/set-ups.ts'
import {
  askingTasks,
  hasLostRuns,
  keepDraft,
  loseTaskRuns,
  moveTask,
  taskOfChat,
  workingTasks,
} from '../../store/tasks.ts'
import type { TaskRow } from '../../store/tasks.ts'
import { endedOr } from '../ended-or.ts'
import { Lanes } from '../set-up/lanes.ts'
import type { Spoken } from '../set-up/set-ups.ts'
import { beginPlan } from './begin.ts'
import type { PlanRoom, Progress } from './room.ts'

interface Working {
  stop: AbortController
  ended: Promise<void>
  progress: Progress
}

const MOST_AT_ONCE = 2
const LONGEST_STOP_MS = 1_000
const NEVER = new AbortController().signal

export class Plans {
  readonly #room: PlanRoom
  /** By chat: in each, one at a time. */
  readonly #working = new Map<string, Working>()
  readonly #lanes = new Lanes(MOST_AT_ONCE)
  #isStopped = false

  constructor(room: PlanRoom) {
    this.#room = room
  }

  /** Goes on with what the last life of the core was at. A copy of the folder does not: the original does (J11). */
  async resume(isCopy: boolean): Promise<void> {
    const { store, clock, boot } = this.#room.context
    const left = workingTasks(store)
    if (hasLostRuns(store, boot)) {
      await store.write(tx => {
        loseTaskRuns(tx, boot, clock.now())
      })
    }
    for (const task of left) {
      if (isCopy) await this.stop(task.chat_id)
      else this.#work(task)
    }
  }

  /** For the end of the core: what is unfinished stays `working` and is gone on with. */
  stopAll(): void {
    this.#isStopped = true
    for (const { stop } of this.#working.values()) stop.abort()
  }

  /** Whether a model is to answer in this chat. A conversation that was begun without one is ended without one. */
  takes(chatId: string): boolean {
    const { context, models } = this.#room
    if (taskOfChat(context.store, chatId) !== undefined) return true
    const stage = setUpOf(context.store, chatId)?.stage
    const isOpen = stage !== undefined && !['listening', 'added', 'cancelled'].includes(stage)
    return !isOpen && models.serving('planner') !== null
  }

  /** `to`: counts only where the conversation has had so many turns. Resolves when what was said is on the disk. */
  async say(chatId: string, text: string, to?: number): Promise<Spoken> {
    const { store, clock, fault } = this.#room.context
    const at = clock.now()
    const { spoken, task } = await store.write(
      tx => {
        const last = taskOfChat(tx, chatId)
        const task = last === undefined || last.state === 'added' ? beginPlan(store, tx, chatId, at) : last
        if (to !== undefined && to !== task.turn) refuseStale()
        const id = addChatEvent(store, tx, {
          chatId,
          kind: 'message',
          runId: null,
          body: { from: 'user', text },
          at,
        })
        acceptEvent(store, tx, {
          sourceType: 'chat',
          sourceId: chatId,
          target: { type: 'task', id: task.id },
          type: 'message',
          dedupeKey: id,
          payload: { text, turn: task.turn },
          causes: [],
          at,
        })
        moveTask(tx, task, { state: 'working', at })
        return { spoken: { id, turn: task.turn + 1 }, task }
      },
      { durable: true },
    )
    fault('plan.after-said')
    this.#work(task)
    return spoken
  }

  /** Lets go of what is being worked on, within a second; what was said so far stays, what was not heard is not. */
  async stop(chatId: string): Promise<void> {
    const { store, clock } = this.#room.context
    const { wordsOf, stoppedSaid, withoutQuestion } = await import('./sayings.ts')
    const isStopped = await store.write(
      tx => {
        const task = taskOfChat(tx, chatId)
        if (task?.state !== 'working') return false
        const at = clock.now()
        const body = stoppedSaid(wordsOf(store, task))
        refuseWaiting(tx, 'task', task.id, { reason: 'The plan was stopped.', at })
        keepDraft(store, tx, task.id, withoutQuestion(store, task), at)
        const replyId = addChatEvent(store, tx, { chatId, kind: 'plan', runId: null, body, at })
        moveTask(tx, task, { state: 'stopped', replyId, at })
        return true
      },
      { durable: true },
    )
    const working = isStopped ? this.#working.get(chatId) : undefined
    working?.stop.abort()
    if (working !== undefined) await endedOr(working.ended, LONGEST_STOP_MS, NEVER)
  }

  /** Connections that plans asked for are there: these go on without being told. */
  async connected(): Promise<void> {
    const { connections, context } = this.#room
    const { store, clock } = context
    const asking = askingTasks(store)
    if (asking.length === 0) return
    const { openIn, withoutQuestion } = await import('./sayings.ts')
    const names = connections().map(({ name }) => name)
    for (const { chat_id: chatId } of asking) {
      const task = await store.write(
        tx => {
          const task = taskOfChat(tx, chatId)
          if (task?.state !== 'asking' || !isMet(openIn(store, task), names)) return null
          const at = clock.now()
          keepDraft(store, tx, task.id, withoutQuestion(store, task), at)
          moveTask(tx, task, { state: 'working', at })
          return task
        },
        { durable: true },
      )
      if (task !== null) this.#work(task)
    }
  }

  /** Everything is to stop: plans too, which cost. */
  async stopEach(): Promise<void> {
    for (const { chat_id: chatId } of workingTasks(this.#room.context.store)) await this.stop(chatId)
  }

  progress(chatId: string): Progress | null {
    return this.#working.get(chatId)?.progress ?? null
  }

  /** Resolves when nobody works on this chat's plan, `ms` have passed, or `closing` says so. */
  async rest(chatId: string, ms: number, closing: AbortSignal): Promise<void> {
    const until = performance.now() + ms
    for (;;) {
      const working = this.#working.get(chatId)
      const leftMs = Math.max(0, until - performance.now())
      if (working === undefined || leftMs === 0 || closing.aborted) return
      await endedOr(working.ended, leftMs, closing)
    }
  }

  /** Begins, unless somebody is at it: whoever is takes in what was said meanwhile. */
  #work({ id: taskId, chat_id: chatId }: Pick<TaskRow, 'id' | 'chat_id'>): void {
    if (this.#isStopped || this.#working.has(chatId)) return
    const { context } = this.#room
    const stop = new AbortController()
    const progress: Progress = {
      doing: 'Waiting for its turn',
      since: context.clock.now(),
      steps: 0,
      text: '',
    }
    const working: Working = { stop, progress, ended: Promise.resolve() }
    this.#working.set(chatId, working)
    working.ended = this.#lanes
      .take(async () => {
        const { workOn } = await import('./work.ts')
        await workOn(this.#room, { taskId, signal: stop.signal, progress })
      })
      .then(() => true)
      .catch((error: unknown) => {
        context.log('error', 'a plan could not go on', { id: taskId, error, kind: failureOf(error).kind })
        return false
      })
      .then(goesOn => {
        this.#working.delete(chatId)
        if (goesOn) this.#again(chatId)
      })
  }

  /** Something was said between the last look and the end. After an error it takes another word, or another start. */
  #again(chatId: string): void {
    const task = taskOfChat(this.#room.context.store, chatId)
    if (!this.#isStopped && task?.state === 'working') this.#work(task)
  }
}

function isMet(open: Open | null, names: readonly string[]): boolean {
  return open?.about === 'connect' && open.looks?.accounts.every(name => names.includes(name)) === true
}

function refuseStale(): never {
  fail({
    kind: 'invalid-input',
    path: 'turn',
    message:
      'The conversation had gone on before this was said, so it answered another question. Nothing was changed. Look at what is asked now.',
  })
}
