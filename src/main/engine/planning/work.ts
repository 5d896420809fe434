/**
 * One stretch of work on a plan: takes in what was said, asks the model, does what it wants, until a person is needed.
 * Each step ends in one transaction; what is read anew at the next is what it wrote. A step that was lost is made again.
 */
import type { Contract } from '../../../domain/contract.ts'
import { z } from 'zod'
import { failureOf, isFailureError } from '../../../domain/failure.ts'
import type { Failure } from '../../../domain/failure.ts'
import type { Json } from '../../../domain/json.ts'
import { isTooLong } from '../../../domain/model.ts'
import type { ModelCall, ModelMessage, ModelReply } from '../../../domain/model.ts'
import { act, doingOf } from '../../../planner/agent/act.ts'
import type { Draft } from '../../../planner/agent/draft.ts'
import { fitted, lessRoom, roomIn } from '../../../planner/agent/fit.ts'
import type { Room } from '../../../planner/agent/fit.ts'
import { readBy, withLooks } from '../../../planner/agent/looks.ts'
import { whoNamed } from '../../../planner/agent/hearsay.ts'
import { hear } from '../../../planner/agent/hear.ts'
import type { Saying } from '../../../planner/agent/hear.ts'
import { nextStep } from '../../../planner/agent/next.ts'
import type { PlanPorts } from '../../../planner/agent/ports.ts'
import { instructions, setting } from '../../../planner/agent/prompt.ts'
import { PLAN_DECLARATIONS } from '../../../planner/agent/tools.ts'
import type { Came } from '../../../planner/agent/tools.ts'
import { wordsIn } from '../../../planner/agent/words.ts'
import { addChatEvent } from '../../store/chats.ts'
import { moveEvent, oldestFor, payloadOf } from '../../store/inbox.ts'
import type { InboxRow } from '../../store/inbox.ts'
import {
  addMessage,
  beginTaskRun,
  countTaskSteps,
  endTaskRun,
  keepDraft,
  moveTask,
  taskById,
  threadMessages,
} from '../../store/tasks.ts'
import type { TaskRow, TaskState } from '../../store/tasks.ts'
import type { Tx } from '../../store/tx.ts'
import { workflowById } from '../../store/workflows.ts'
import type { EngineContext } from '../context.ts'
import { addPlanned } from './add.ts'
import type { PlanRoom, Progress } from './room.ts'
import { planPorts } from './ports.ts'
import { questionSaid, readDraft, textSaid } from './sayings.ts'

export interface Stretch {
  taskId: string
  signal: AbortSignal
  progress: Progress
}

/** Times a model is asked between two words of a person. */
const MOST_STEPS = 40
const TOOLS_LENGTH = JSON.stringify(PLAN_DECLARATIONS).length
const LONGEST_ASK_MS = 240_000
const LONGEST_TEXT = 20_000
/** Without a word of a person, ms. */
const LONGEST_STRETCH_MS = 1_800_000
/** Of the calls in one reply, those that are made. */
const MOST_CALLS = 8

export async function workOn(room: PlanRoom, stretch: Stretch): Promise<void> {
  await new PlanWork(room, stretch).run()
}

class PlanWork {
  readonly #room: PlanRoom
  readonly #stretch: Stretch
  #runId = ''
  #space: Room | null = null
  readonly #begunAt: number

  constructor(room: PlanRoom, stretch: Stretch) {
    this.#room = room
    this.#stretch = stretch
    this.#begunAt = room.context.clock.now()
  }

  async run(): Promise<void> {
    const { store, clock, boot, observer } = this.#room.context
    const { taskId, signal } = this.#stretch
    const begun = performance.now()
    this.#runId = await store.write(tx => beginTaskRun(store, tx, taskId, boot, clock.now()))
    try {
      while (!signal.aborted && (await this.#step())) continue
      await this.#end(signal.aborted ? 'stopped' : 'rested', null)
    } catch (error) {
      if (signal.aborted) await this.#end('stopped', null)
      else await this.#failed(error)
    } finally {
      observer.measures.task('planner', performance.now() - begun)
    }
  }

  /** False when a person has to say something, or nobody has to do anything. */
  async #step(): Promise<boolean> {
    const task = this.#task()
    if (task.state !== 'working') return false
    const [event] = oldestFor(this.#room.context.store, 'task', task.id, 1)
    if (event !== undefined) return this.#listen(task, event)
    const draft = readDraft(this.#room.context.store, task)
    const thread = threadMessages(this.#room.context.store, task.id)
    const next = nextStep(thread, draft)
    switch (next.is) {
      case 'wait':
        await this.#rest(task, draft)
        return false
      case 'call':
        return this.#call(task, next.call, draft)
      case 'answers':
        return this.#gather(task, draft)
      case 'tell':
        return this.#say(task, { state: 'told', body: textSaid(next.text) }, () => undefined)
      case 'ask-model':
        return this.#isSpent(draft) ? this.#giveUp(task, draft) : this.#ask(task, thread, draft)
    }
  }

  async #listen(task: TaskRow, event: InboxRow): Promise<boolean> {
    const { store, clock } = this.#room.context
    const before = readDraft(store, task)
    const thread = threadMessages(store, task.id)
    const { draft, messages, confirmed } = hear(sayingIn(payloadOf(store, event)), thread, before)
    const take = (tx: Tx) => {
      moveEvent(tx, event.id, 'done', { doneAt: clock.now() })
    }
    if (confirmed !== null) {
      await addPlanned(this.#room, { task, draft, call: confirmed, take })
      return true
    }
    const present = presentScript(this.#room.context, task)
    const isNews = thread.length === 0 || present !== draft.base
    const ports = isNews ? this.#ports(task) : null
    const heard = messages.some(({ from }) => from === 'user') ? { ...draft, base: present } : draft
    await store.write(tx => {
      take(tx)
      for (const message of messages) this.#add(tx, task, placed(message, ports))
      keepDraft(store, tx, task.id, heard, clock.now())
    })
    return true
  }

  async #ask(task: TaskRow, thread: readonly ModelMessage[], draft: Draft): Promise<boolean> {
    const { store, clock, fault } = this.#room.context
    const { progress, signal } = this.#stretch
    Object.assign(progress, { doing: 'Thinking', since: clock.now(), text: '' })
    const system = instructions(this.#ports(task).tools)
    const around = system.length + TOOLS_LENGTH
    const space = this.#space ?? roomIn(this.#room.models.serving('planner'), around)
    const asking = this.#room.models.ask({
      role: 'planner',
      system,
      messages: fitted(thread, space.threadBytes),
      tools: PLAN_DECLARATIONS,
      maxOutputTokens: space.replyTokens,
      timeoutMs: LONGEST_ASK_MS,
      of: {
        purpose: 'build',
        workflowId: task.workflow_id,
        taskId: task.id,
        runId: null,
        stepId: null,
        tool: 'planner',
      },
      signal,
      onText: delta => {
        progress.text = (progress.text + delta).slice(-LONGEST_TEXT)
      },
      onAgain: () => {
        progress.text = ''
      },
    })
    const reply = await orAborted(asking, signal).catch((error: unknown) =>
      this.#orLess(error, space, around),
    )
    if (reply === null) return true
    progress.steps++
    const next = { ...draft, steps: draft.steps + 1 }
    fault('plan.before-reply')
    await store.write(tx => {
      for (const message of messagesOf(withFewCalls(reply))) this.#add(tx, task, message)
      keepDraft(store, tx, task.id, next, clock.now())
      countTaskSteps(tx, this.#runId, progress.steps)
    })
    fault('plan.after-reply')
    return true
  }

  /** A model that takes less at once is asked again with less, as long as that is of use. */
  #orLess(error: unknown, space: Room, around: number): null {
    const less = isTooLong(error) ? lessRoom(space, this.#room.models.serving('planner'), around) : null
    if (less === null) throw error
    this.#space = less
    return null
  }

  async #call(task: TaskRow, call: ModelCall, draft: Draft): Promise<boolean> {
    const { store, clock, fault } = this.#room.context
    const { progress, signal } = this.#stretch
    Object.assign(progress, { doing: doingOf(call), since: clock.now(), text: '' })
    const ports = this.#ports(task)
    const read = ports.past === null ? null : ports.contract(ports.past.contract)
    const connected = ports.connections().flatMap(({ hosts }) => hosts)
    const named = whoNamed(threadMessages(store, task.id), draft, { connected, home: ports.home() })
    const own = withLooks(draft.looks, named.places)
    const allowed = read?.ok === true ? withLooks(own, readBy(read.contract)) : own
    const came = await orAborted(act(call, { ports, draft, allowed, named, signal }), signal)
    fault('plan.before-answer')
    if (came.is === 'question')
      return this.#question(task, call, { ...came, before: read?.ok === true ? read.contract : null })
    const answers = [...came.draft.answers, { callId: call.id, tool: call.tool, text: came.text }]
    await store.write(tx => {
      keepDraft(store, tx, task.id, { ...came.draft, answers }, clock.now())
    })
    fault('plan.after-answer')
    return true
  }

  #question(
    task: TaskRow,
    call: ModelCall,
    { open, draft, before }: Extract<Came, { is: 'question' }> & { before: Contract | null },
  ): Promise<boolean> {
    const { store, clock } = this.#room.context
    const state = open.about === 'confirm' ? 'confirming' : 'asking'
    return this.#say(task, { state, body: questionSaid(draft, open, before) }, (tx, turn) => {
      keepDraft(store, tx, task.id, { ...draft, open: { ...open, callId: call.id, turn } }, clock.now())
    })
  }

  async #gather(task: TaskRow, draft: Draft): Promise<boolean> {
    const { store, clock } = this.#room.context
    await store.write(tx => {
      this.#add(tx, task, { from: 'tools', answers: draft.answers })
      keepDraft(store, tx, task.id, { ...draft, answers: [] }, clock.now())
    })
    return true
  }

  /** A question from before is open still: it stands where it stood. */
  async #rest(task: TaskRow, { open, language }: Draft): Promise<void> {
    const { store, clock } = this.#room.context
    const state = open === null ? 'told' : open.about === 'confirm' ? 'confirming' : 'asking'
    if (open === null) {
      await this.#say(task, { state, body: textSaid(wordsIn(language).stopped) }, () => undefined)
      return
    }
    await store.write(tx => {
      moveTask(tx, this.#task(), { state, at: clock.now() })
    })
  }

  #isSpent({ steps }: Draft): boolean {
    return steps >= MOST_STEPS || this.#room.context.clock.now() - this.#begunAt > LONGEST_STRETCH_MS
  }

  #giveUp(task: TaskRow, { language }: Draft): Promise<boolean> {
    const text = wordsIn(language).tooLong(MOST_STEPS)
    return this.#say(task, { state: 'failed', body: textSaid(text) }, () => undefined)
  }

  /** Says something to the person and rests, unless they have said something meanwhile: then it goes on. */
  async #say(
    task: TaskRow,
    { state, body }: { state: TaskState; body: Json },
    also: (tx: Tx, turn: number) => void,
  ): Promise<boolean> {
    const { store, clock, fault } = this.#room.context
    fault('plan.before-told')
    const goesOn = await store.write(
      tx => {
        const now = taskById(tx, task.id)
        // It was stopped: what would have been said now is not kept either.
        if (now?.state !== 'working') return false
        also(tx, now.turn + 1)
        const at = clock.now()
        const replyId = addChatEvent(store, tx, { chatId: task.chat_id, kind: 'plan', runId: null, body, at })
        const isSpoken = oldestFor(tx, 'task', task.id, 1).length > 0
        moveTask(tx, now, { state: isSpoken ? 'working' : state, replyId, at })
        return isSpoken
      },
      { durable: true },
    )
    fault('plan.after-told')
    return goesOn
  }

  async #failed(error: unknown): Promise<void> {
    const failure = failureOf(error)
    if (!isFailureError(error))
      this.#room.context.log('error', 'a plan was stopped', { id: this.#stretch.taskId, error })
    const task = this.#task()
    const { language } = readDraft(this.#room.context.store, task)
    const text = `${failure.message} ${wordsIn(language).goOn}`
    await this.#say(task, { state: 'failed', body: textSaid(text) }, () => undefined)
    await this.#end('failed', failure)
  }

  async #end(state: 'rested' | 'stopped' | 'failed', failure: Failure | null): Promise<void> {
    const { store, clock } = this.#room.context
    await store.write(tx => {
      endTaskRun(store, tx, this.#runId, { state, failure, at: clock.now() })
    })
  }

  #add(tx: Tx, task: TaskRow, message: ModelMessage): void {
    const { store, clock } = this.#room.context
    addMessage(store, tx, task.id, message, clock.now())
  }

  #task(): TaskRow {
    const task = taskById(this.#room.context.store, this.#stretch.taskId)
    if (task === undefined) throw new Error(`${this.#stretch.taskId} is gone`)
    return task
  }

  #ports(task: TaskRow): PlanPorts {
    return planPorts(this.#room, task)
  }
}

/** More at once is no plan: what is left out the model may ask for when it has seen what came of the rest. */
function withFewCalls(reply: ModelReply): ModelReply {
  return { ...reply, calls: reply.calls.slice(0, MOST_CALLS) }
}

/** The script that is live now, of the automation that is talked about. */
function presentScript({ store }: EngineContext, { workflow_id: id }: TaskRow): string | null {
  const workflow = id === null ? undefined : workflowById(store, id)
  return workflow === undefined || workflow.state === 'deleted' ? null : workflow.script_id
}

/** What a reply becomes in the thread. One that was cut off before it said anything whole is asked to be shorter. */
function messagesOf({ text, calls, kept, finish }: ModelReply): ModelMessage[] {
  const message: ModelMessage = { from: 'model', text, calls, ...(kept === undefined ? {} : { kept }) }
  if (calls.length > 0 || (finish !== 'length' && text.trim() !== '')) return [message]
  const why = finish === 'length' ? 'was cut off because it was too long' : 'was empty'
  const said = text.trim() === '' ? '(nothing)' : text
  return [
    { ...message, text: said },
    { from: 'user', text: `[Steward: the reply ${why}. Go on, more briefly.]` },
  ]
}

/** The first message of a thread says where and when it takes place, and each after which what is live is another. */
function placed(message: ModelMessage, ports: PlanPorts | null): ModelMessage {
  if (ports === null || message.from !== 'user') return message
  return { from: 'user', text: `${setting(ports)}\n\nThe person said:\n${message.text}` }
}

const sayingSchema = z.object({ text: z.string(), turn: z.int() })

function sayingIn(payload: Json): Saying {
  return sayingSchema.parse(payload)
}

/** Work that cannot be stopped is left behind: it changes nothing, and nobody waits for it. */
async function orAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  let stop: () => void = () => undefined
  const aborted = new Promise<never>((_resolve, reject) => {
    stop = () => {
      reject(signal.reason instanceof Error ? signal.reason : new Error('stopped'))
    }
    signal.addEventListener('abort', stop, { once: true })
  })
  try {
    signal.throwIfAborted()
    return await Promise.race([work, aborted])
  } finally {
    signal.removeEventListener('abort', stop)
  }
}
