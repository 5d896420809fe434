/**
 * The engine as its clients see it: events in, runs and actions out, every command of R7. Composes the parts of this
 * folder; owns nothing itself but their order of starting and stopping.
 */
import type { Clock } from '../../domain/clock.ts'
import type { Contract } from '../../domain/contract.ts'
import { fail } from '../../domain/failure.ts'
import type { Json } from '../../domain/json.ts'
import type { Log } from '../../domain/log.ts'
import { NO_MODELS } from '../../domain/model.ts'
import type { Models } from '../../domain/model.ts'
import type { KnownConnection } from '../../planner/agent/ports.ts'
import type { SandboxPool, SandboxStats } from '../../sandbox/pool.ts'
import { acceptEvent, eventById } from '../store/inbox.ts'
import type { InboxRow, NewEvent } from '../store/inbox.ts'
import { runById } from '../store/runs.ts'
import type { RunRow } from '../store/runs.ts'
import { preferencesOf } from '../store/settings.ts'
import type { Preferences } from '../store/settings.ts'
import type { Store } from '../store/store.ts'
import type { Tx } from '../store/tx.ts'
import { workflowById, workflowByName } from '../store/workflows.ts'
import type { Workflow } from '../store/workflows.ts'
import type { ToolRegistry } from '../tools/registry.ts'
import type { ScriptTypes } from '../tools/scripts/script-types.ts'
import { Answers } from './answers.ts'
import type { Answer } from './answers.ts'
import { recogniseFolder } from './boot.ts'
import type { EngineContext, Fault } from './context.ts'
import { Control } from './control.ts'
import { Edits } from './edits.ts'
import { acceptFor, raiseFull } from './events.ts'
import type { Accepted } from './events.ts'
import type { GalleryOptions } from './gallery.ts'
import { Conversations } from './conversations.ts'
import { Hooks } from './hooks/hooks.ts'
import type { SignatureCheck } from './hooks/hooks.ts'
import { install } from './install.ts'
import { Policies } from './policy/policies.ts'
import type { InstallRequest, Installed } from './install.ts'
import { rehearse } from './rehearse.ts'
import type { Rehearsal, RehearsalEnd } from './rehearse.ts'
import { Observer } from './observe/observer.ts'
import { Quiet } from './quiet.ts'
import { Rehearsals } from './rehearse/rehearsals.ts'
import { Router } from './router.ts'
import { Scheduler } from './scheduler.ts'
import { SpendingCaps } from './spending.ts'
import { Undoing } from './undo/undoing.ts'
import { Waker } from './waker.ts'
import { Watcher } from './watch/watcher.ts'

export interface EngineOptions {
  store: Store
  pool: SandboxPool
  tools: ToolRegistry
  clock: Clock
  fault?: Fault
  log: Log
  /** Whether a webhook's body was signed with the secret of a connection. Absent: nothing was. */
  isSigned?: SignatureCheck
  /** Absent: one of its own. */
  observer?: Observer
  /** Told how this folder's person wants Steward to be, at the start and at each change. */
  onPreferences?: (preferences: Preferences) => void
  /** How many runs may be at work at once. */
  places?: number
  /** What ready-made automations are filled with, where it is not this machine's own. */
  gallery?: GalleryOptions
  /** Absent: none is connected, and nothing is sent anywhere. */
  models?: Models
  types?: ScriptTypes
  /** What is connected, as the planner may know it. */
  connections?: () => readonly KnownConnection[]
}

export interface EventRequest {
  /** Id or name of the automation. */
  workflow: string
  type: string
  payload: Json
  /** A duplicate delivery has the same key and changes nothing (R1). Absent: every delivery is its own. */
  dedupeKey?: string
  sourceType: string
  sourceId: string
}

export class Engine {
  readonly store: Store
  readonly tools: ToolRegistry
  readonly models: Models
  readonly control: Control
  readonly undoing: Undoing
  readonly edits: Edits
  readonly rehearsals: Rehearsals
  readonly hooks: Hooks
  readonly policies: Policies
  readonly observer: Observer
  readonly conversations: Conversations
  readonly #context: EngineContext
  readonly #onPreferences: (preferences: Preferences) => void
  readonly #router: Router
  readonly #waker: Waker
  readonly #scheduler: Scheduler
  readonly #watcher: Watcher
  readonly #answers: Answers
  readonly #quiet: Quiet
  readonly #spending: SpendingCaps
  readonly #watchers = new Map<string, Set<() => void>>()

  constructor(options: EngineOptions) {
    this.store = options.store
    this.tools = options.tools
    this.models = options.models ?? NO_MODELS
    this.#onPreferences = options.onPreferences ?? (() => undefined)
    this.observer = options.observer ?? new Observer(options.log, 'unknown')
    this.#context = {
      ...options,
      models: this.models,
      fault: options.fault ?? (() => undefined),
      observer: this.observer,
      boot: options.store.ids.next('boot'),
      answer: (wait, answer, also) => this.#waker.answer(wait, answer, also),
      pump: () => {
        this.#router.pump()
        this.#waker.arm()
      },
      triggersChanged: () => {
        this.#watcher.changed()
      },
    }
    const released = (runId: string) => {
      this.#released(runId)
    }
    this.#router = new Router(this.#context, released, options.places)
    this.#waker = new Waker(this.#context, this.#router)
    this.#scheduler = new Scheduler(this.#context)
    this.#watcher = new Watcher(this.#context)
    this.#quiet = new Quiet(this.#context)
    this.#spending = new SpendingCaps(this.#context, cause => this.cleared(cause))
    this.rehearsals = new Rehearsals(this.#context)
    this.policies = new Policies(this.#context)
    this.hooks = new Hooks(
      this.#context,
      (workflow, event, also) => this.#takeIn(workflow, event, also),
      options.isSigned ?? (() => false),
    )
    this.undoing = new Undoing(this.#context, this.#router, undoId => {
      this.#undone(undoId)
    })
    this.control = new Control(this.#context, this.#router, this.undoing)
    this.conversations = new Conversations({
      context: this.#context,
      models: this.models,
      connections: options.connections ?? (() => []),
      install: (request, also) => this.install(request, also),
      gallery: options.gallery ?? {},
    })
    this.edits = new Edits(this.#context, {
      install: request => this.install(request),
      cleared: cause => this.cleared(cause),
      preferencesChanged: () => {
        this.#onPreferences(preferencesOf(this.store))
        this.#quiet.arm()
        this.#spending.changed()
      },
    })
    this.#answers = new Answers(this.#context, this.#waker, this.control)
  }

  /** Takes up what the last life of the core left, then listens to time. */
  async start(): Promise<'known' | 'new' | 'copy'> {
    this.#onPreferences(preferencesOf(this.store))
    const folder = await recogniseFolder(this.store, this.#context.clock.now())
    await this.undoing.resumeAll(folder === 'copy')
    await this.#router.resumeAll()
    this.#waker.arm()
    this.#scheduler.start()
    this.#quiet.arm()
    this.#spending.arm()
    await this.#watcher.start()
    await this.conversations.resume(folder === 'copy')
    return folder
  }

  /** Lets go of everything in memory; what is unfinished is on record and goes on at the next start. */
  stop(): void {
    this.rehearsals.stopAll()
    this.undoing.stop()
    this.#quiet.stop()
    this.conversations.stopAll()
    this.#spending.stop()
    this.#scheduler.stop()
    this.#watcher.stop()
    this.#waker.stop()
    this.#router.stop()
  }

  async install(request: InstallRequest, also?: (tx: Tx, installed: Installed) => void): Promise<Installed> {
    const installed = await install(this.#context, request, also)
    this.#scheduler.arm()
    this.#watcher.changed()
    return installed
  }

  /** Plays a script without recording or changing anything (S6). */
  rehearse(rehearsal: Rehearsal): Promise<RehearsalEnd> {
    return rehearse(this.#context, rehearsal)
  }

  /** What would start it now under this contract; null where nothing but a person does. */
  async eventNow(contract: Contract, signal: AbortSignal): Promise<Json> {
    const { startFor } = await import('./set-up/dry-run.ts')
    return (await startFor(this.#context, contract, signal)).event
  }

  /** Takes an event in. Resolves when it is on the disk (J1): only then may anyone be told so. */
  async emit(request: EventRequest): Promise<Accepted> {
    const workflow = this.workflow(request.workflow)
    if (workflow.state === 'archived') {
      fail({
        kind: 'invalid-input',
        path: 'workflow',
        message: `“${workflow.name}” is archived. Nothing was started.`,
      })
    }
    return this.#takeIn(workflow, {
      sourceType: request.sourceType,
      sourceId: request.sourceId,
      target: { type: 'workflow', id: workflow.id },
      type: request.type,
      dedupeKey: request.dedupeKey ?? this.store.ids.next('evt'),
      payload: request.payload,
      causes: [],
      at: this.#context.clock.now(),
    })
  }

  async #takeIn(
    workflow: Workflow,
    event: NewEvent,
    also: (tx: Tx, accepted: Accepted) => void = () => undefined,
  ): Promise<Accepted> {
    const { store, fault } = this.#context
    fault('event.before-accept')
    const accepted = await store.write(
      tx => {
        const end = acceptFor(this.#context, tx, workflow, event)
        also(tx, end)
        if (end.is === 'accepted') this.#router.claimNext(tx, workflow.id)
        if (end.is === 'full')
          raiseFull(this.#context, tx, workflow, { what: 'an event', reason: end.reason, at: event.at })
        return end
      },
      { durable: true },
    )
    fault('event.after-accept')
    return accepted
  }

  /** Delivers a named signal to a run; it is kept until the run waits for it. */
  async signal(
    runId: string,
    name: string,
    payload: Json,
    dedupeKey?: string,
  ): Promise<{ duplicate: boolean }> {
    const { store, clock } = this.#context
    const run = this.run(runId)
    if (run.ended_at !== null && run.waiting_items === 0) {
      fail({
        kind: 'invalid-input',
        path: 'id',
        message: `Run ${runId} had already ended (${run.state}). The signal was not kept.`,
      })
    }
    const { duplicate } = await store.write(
      tx =>
        acceptEvent(store, tx, {
          sourceType: 'signal',
          sourceId: name,
          target: { type: 'run', id: runId },
          type: `signal:${name}`,
          dedupeKey: dedupeKey ?? store.ids.next('evt'),
          payload,
          causes: [],
          at: clock.now(),
        }),
      { durable: true },
    )
    this.#waker.signalled(runId)
    return { duplicate }
  }

  /** Runs, schedules and plans (R7); how many automations were paused. */
  async stopEverything(): Promise<number> {
    const paused = await this.control.stopEverything()
    await this.conversations.plans.stopEach()
    return paused
  }

  resolve(answer: Answer): Promise<void> {
    return this.#answers.resolve(answer)
  }

  /** What actions of this cause ask for was put right elsewhere. */
  cleared(causeKey: string): Promise<void> {
    return this.#answers.cleared(causeKey)
  }

  /** The network is back (R5). */
  online(): void {
    this.#waker.online()
  }

  sandbox(): SandboxStats {
    return this.#context.pool.stats()
  }

  workflow(idOrName: string): Workflow {
    const found = workflowById(this.store, idOrName) ?? workflowByName(this.store, idOrName)
    if (found === undefined || found.state === 'deleted') {
      fail({
        kind: 'invalid-input',
        path: 'workflow',
        message: `There is no automation “${idOrName}”. Nothing was changed. List them with: steward automations`,
      })
    }
    return found
  }

  run(id: string): RunRow {
    const run = runById(this.store, id)
    if (run === undefined) {
      fail({
        kind: 'invalid-input',
        path: 'id',
        message: `There is no run ${id}. Nothing was changed. List them with: steward runs`,
      })
    }
    return run
  }

  event(id: string): InboxRow {
    const event = eventById(this.store, id)
    if (event === undefined) fail({ kind: 'invalid-input', path: 'id', message: `There is no event ${id}.` })
    return event
  }

  /** True when nothing of the run is in memory: it ended, or waits. */
  isAtRest(runId: string): boolean {
    return this.#router.active(runId) === undefined && this.run(runId).state !== 'running'
  }

  /** Calls back each time the run ends or comes to rest; returns a function that stops it. */
  watchRun(runId: string, callback: () => void): () => void {
    return this.#watch(runId, callback)
  }

  /** The same for the run that an event leads to, whenever that begins. */
  watchEvent(eventId: string, callback: () => void): () => void {
    return this.#watch(eventId, callback)
  }

  /** Calls back when the undo is over. */
  watchUndo(undoId: string, callback: () => void): () => void {
    return this.#watch(undoId, callback)
  }

  #watch(id: string, callback: () => void): () => void {
    const watchers = this.#watchers.get(id) ?? new Set()
    watchers.add(callback)
    this.#watchers.set(id, watchers)
    return () => {
      watchers.delete(callback)
      if (watchers.size === 0) this.#watchers.delete(id)
    }
  }

  /** Its automation has its turns again. */
  #undone(undoId: string): void {
    for (const callback of [...(this.#watchers.get(undoId) ?? [])]) callback()
    const { workflow_id: workflowId } = this.undoing.undo(undoId)
    this.control.goOn(workflowId).catch((error: unknown) => {
      this.#context.log('error', 'an automation could not go on', { automation: workflowId, error })
    })
  }

  #released(runId: string): void {
    if (this.#watchers.size > 0) {
      const eventId = runById(this.store, runId)?.inbox_id ?? ''
      const callbacks = [...(this.#watchers.get(runId) ?? []), ...(this.#watchers.get(eventId) ?? [])]
      for (const callback of callbacks) callback()
    }
    const workflowId = runById(this.store, runId)?.workflow_id
    if (workflowId !== undefined) this.undoing.released(workflowId)
    this.#waker.afterRelease(runId)
  }
}
