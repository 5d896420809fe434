/**
 * What tests of gallery entries share: a world with a clock and a site of their own, and automations of it: filled,
 * installed, left to their schedules and triggers, and asked what they did.
 */
import fs from 'node:fs'
import path from 'node:path'
import { fillGallery } from '../../src/main/engine/gallery.ts'
import type { Installed } from '../../src/main/engine/install.ts'
import { listActions } from '../../src/main/store/actions.ts'
import type { ActionRow } from '../../src/main/store/actions.ts'
import { chatEventsOf } from '../../src/main/store/chats.ts'
import { eventById, waitingFor } from '../../src/main/store/inbox.ts'
import { listRuns } from '../../src/main/store/lists.ts'
import { notesOf } from '../../src/main/store/notes.ts'
import type { RunRow } from '../../src/main/store/runs.ts'
import { watchesOf } from '../../src/main/store/watches.ts'
import { serveHttp } from '../support/loopback-server.ts'
import type { LoopbackServer } from '../support/loopback-server.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { createWorld, tempFolder, until } from '../support/world.ts'
import type { World } from '../support/world.ts'

export interface Page {
  status?: number
  type?: string
  body: string
}

export interface Notice {
  title: string
  body: string
  level: string
}

type Result = Record<string, unknown>

const MOST = 200

export class Stage {
  readonly clock: ManualClock
  readonly world: World
  readonly site: LoopbackServer
  /** What the site answers, by path; nothing else is there. */
  readonly pages: Map<string, Page>
  /** What `~` stands for. */
  readonly home: string
  #count = 0

  static async open(now: number): Promise<Stage> {
    const pages = new Map<string, Page>()
    const clock = new ManualClock(now)
    const site = await serveHttp(({ path: asked }, response) => {
      const { status = 200, type = 'text/html', body } = pages.get(asked) ?? { status: 404, body: 'nothing' }
      response.writeHead(status, { 'content-type': `${type}; charset=utf-8` }).end(body)
    })
    return new Stage({ clock, site, pages, world: await createWorld({ clock }) })
  }

  private constructor(parts: Pick<Stage, 'clock' | 'site' | 'pages' | 'world'>) {
    this.clock = parts.clock
    this.site = parts.site
    this.pages = parts.pages
    this.world = parts.world
    this.home = fs.realpathSync(tempFolder())
  }

  async close(): Promise<void> {
    await this.world.stop()
    await this.site.close()
    for (const used of [this.world.folder, this.home]) fs.rmSync(used, { recursive: true, force: true })
  }

  /** A new folder in the home folder. */
  folder(name: string): string {
    const folder = path.join(this.home, name)
    fs.mkdirSync(folder)
    return folder
  }

  async install(id: string, slots: Record<string, string>, name?: string): Promise<Automation> {
    const called = name ?? `${id}-${String(++this.#count)}`
    const filled = fillGallery(id, slots, called, { home: this.home, zone: 'Europe/Berlin' })
    return new Automation(this, called, await this.world.engine.install(filled))
  }
}

export class Automation {
  readonly name: string
  readonly installed: Installed
  readonly #stage: Stage

  constructor(stage: Stage, name: string, installed: Installed) {
    this.#stage = stage
    this.name = name
    this.installed = installed
  }

  /** Starts it by hand and gives what came of it. */
  async run(): Promise<Result> {
    const run = await this.#stage.world.run(this.name)
    return this.#resultOf(run)
  }

  /** Lets time pass until everything it watches was looked at once, and waits for what follows from that. */
  async looks(): Promise<void> {
    const { world, clock } = this.#stage
    const watches = () => watchesOf(world.store, this.installed.workflowId)
    const before = watches()
    clock.advance(Math.max(0, ...before.map(row => row.next_look - clock.now())))
    await until(
      () =>
        watches().every(row => {
          const old = before.find(({ id }) => id === row.id)
          return row.version > (old?.version ?? 0) || row.failures > (old?.failures ?? 0)
        }),
      'something was not looked at',
    )
    await this.idle()
  }

  /** Lets time pass until a run of this kind follows from it, and gives what came of it. */
  async after(ms: number, kind: string): Promise<Result> {
    const before = this.#runs(kind).length
    this.#stage.clock.advance(ms)
    await until(() => this.#runs(kind).length > before, `no ${kind} run in that time`)
    await this.idle()
    const [last] = this.#runs(kind)
    if (last === undefined) throw new Error('the run is gone')
    return this.#resultOf(last)
  }

  /** Waits until no event and no run of it is under way. */
  async idle(): Promise<void> {
    const { store, engine } = this.#stage.world
    const { workflowId } = this.installed
    await until(
      () =>
        waitingFor(store, 'workflow', workflowId, 1) === 0 &&
        listRuns(store, { workflowId, limit: MOST }).every(({ id }) => engine.isAtRest(id)),
      `${this.name} never came to rest`,
    )
  }

  /** What its runs of this kind came to, the oldest first. */
  results(kind: string): Result[] {
    return this.#runs(kind)
      .toReversed()
      .map(run => this.#resultOf(run))
  }

  notices(): Notice[] {
    const { store, engine } = this.#stage.world
    const { chat_id } = engine.workflow(this.name)
    const events = chatEventsOf(store, chat_id, MOST).filter(({ kind }) => kind === 'notice')
    return events.map(({ body }) => body as unknown as Notice)
  }

  actions(): ActionRow[] {
    const open = listActions(this.#stage.world.store, 'open', MOST)
    return open.filter(({ workflow_id }) => workflow_id === this.installed.workflowId)
  }

  /** What it wrote down, the note that changed last first. */
  notes(): { title: string; text: string }[] {
    const notes = notesOf(this.#stage.world.store, this.installed.workflowId)
    return notes.list({}, MOST).map(({ id, title }) => ({ title, text: notes.get(id)?.text ?? '' }))
  }

  /** `kind`: that of the event: schedule, feed, page, manual. */
  #runs(kind: string): RunRow[] {
    const { store, engine } = this.#stage.world
    return listRuns(store, { workflowId: this.installed.workflowId, limit: MOST })
      .filter(({ inbox_id }) => eventById(store, inbox_id)?.type === kind)
      .map(({ id }) => engine.run(id))
  }

  #resultOf(run: RunRow): Result {
    const { world } = this.#stage
    if (run.state !== 'succeeded') return { state: run.state, failure: world.failure(run)?.kind }
    return world.result(run) as Result
  }
}
