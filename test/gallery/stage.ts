/**
 * What tests of gallery entries share: a world with a clock and a site of their own, and automations of it: filled,
 * installed, left to their schedules and triggers, and asked what they did.
 */
import fs from 'node:fs'
import path from 'node:path'
import { fillGallery } from '../../src/main/engine/gallery.ts'
import type { FaultPoint } from '../../src/main/engine/context.ts'
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
  location?: string
  body: string
}

export interface FeedItem {
  id: string
  title?: string
  text?: string
  link?: string
}

export interface Notice {
  title: string
  body: string
  level: string
}

export type Result = Record<string, unknown>

const MOST = 200

export class Stage {
  readonly clock: ManualClock
  readonly site: LoopbackServer
  /** What the site answers, by path; nothing else is there. */
  readonly pages: Map<string, Page>
  /** What `~` stands for. */
  readonly home: string
  #count = 0
  #world: World | null = null
  /** Writes until the core ends. */
  #writesLeft = Infinity

  static async open(now: number): Promise<Stage> {
    const pages = new Map<string, Page>()
    const clock = new ManualClock(now)
    const site = await serveHttp(({ path: asked }, response) => {
      const page: Page = pages.get(asked) ?? { status: 404, body: 'nothing' }
      const { status = 200, type = 'text/html', location, body } = page
      const leads = location === undefined ? {} : { location }
      response.writeHead(status, { 'content-type': `${type}; charset=utf-8`, ...leads }).end(body)
    })
    const stage = new Stage({ clock, site, pages })
    await stage.#begin(tempFolder())
    return stage
  }

  private constructor(parts: Pick<Stage, 'clock' | 'site' | 'pages'>) {
    this.clock = parts.clock
    this.site = parts.site
    this.pages = parts.pages
    this.home = fs.realpathSync(tempFolder())
  }

  get world(): World {
    if (this.#world === null) throw new Error('the world has not begun')
    return this.#world
  }

  async #begin(folder: string): Promise<void> {
    this.#world = await createWorld({
      folder,
      clock: this.clock,
      fault: point => {
        this.#reached(point)
      },
    })
  }

  /** The core will end right after its nth change of the outside, which it then knows nothing of. */
  endAfterWrite(nth: number): void {
    this.#writesLeft = nth
  }

  /** Waits for that end, and begins again. */
  async reborn(): Promise<void> {
    await until(() => this.#writesLeft === 0, 'the core never came to its end')
    await this.world.stop()
    this.#writesLeft = Infinity
    await this.#begin(this.world.folder)
  }

  #reached(point: FaultPoint): void {
    if (point !== 'write.after-remote') return
    this.#writesLeft--
    if (this.#writesLeft > 0) return
    Object.defineProperty(this.world.store, 'write', { value: () => new Promise<never>(() => undefined) })
  }

  async close(): Promise<void> {
    await this.world.stop()
    await this.site.close()
    for (const used of [this.world.folder, this.home]) fs.rmSync(used, { recursive: true, force: true })
  }

  /** From now on this feed says so; answers with its address. */
  feed(at: string, title: string, items: readonly FeedItem[]): string {
    const entries = items.map(item => {
      const { id, title: name = `Title ${id}`, text = '', link = `https://example.com/${id}` } = item
      const head = `<guid>${id}</guid><title><![CDATA[${name}]]></title><link>${link}</link>`
      return `<item>${head}<description><![CDATA[${text}]]></description></item>`
    })
    const body = `<rss version="2.0"><channel><title>${title}</title>${entries.join('')}</channel></rss>`
    this.pages.set(at, { type: 'application/xml', body })
    return this.site.url(at)
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

  /** The same, with an end of the core right after the nth change it makes. */
  async runThroughEnd(nth: number): Promise<Result> {
    this.#stage.endAfterWrite(nth)
    const started = { type: 'manual', payload: {}, sourceType: 'test', sourceId: 'test' }
    const { row } = await this.#stage.world.emit({ workflow: this.name, ...started })
    await this.#stage.reborn()
    const { world } = this.#stage
    const runId = await until(() => world.engine.event(row.id).run_id, 'the run was lost')
    return this.#resultOf(await world.rested(runId))
  }

  /** Waits until it asks, and gives this answer. */
  async answer(kind: string, choice: string): Promise<void> {
    const action = await until(
      () => this.actions().find(each => each.kind === kind),
      `it never asked: ${kind}`,
    )
    await this.#stage.world.engine.resolve({ actionId: action.id, choice, payload: null })
  }

  /** Lets time pass until everything it watches was looked at once, and waits for what follows from that. */
  async looks(): Promise<void> {
    const { world, clock } = this.#stage
    const watches = () => watchesOf(world.store, this.installed.workflowId)
    const before = watches()
    clock.advance(Math.max(0, ...before.map(row => row.next_look - clock.now())))
    await until(() => {
      const isLookedAt = watches().every(row => {
        const old = before.find(({ id }) => id === row.id)
        return row.version > (old?.version ?? 0) || row.failures > (old?.failures ?? 0)
      })
      if (!isLookedAt) this.#nudge()
      return isLookedAt
    }, 'something was not looked at')
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

  /** Waits until no look that is due, no event and no run of it is under way. */
  async idle(): Promise<void> {
    const { world, clock } = this.#stage
    const { store, engine } = world
    const { workflowId } = this.installed
    await until(() => {
      const isIdle =
        watchesOf(store, workflowId).every(row => row.next_look > clock.now()) &&
        waitingFor(store, 'workflow', workflowId, 1) === 0 &&
        listRuns(store, { workflowId, limit: MOST }).every(({ id }) => engine.isAtRest(id))
      if (!isIdle) this.#nudge()
      return isIdle
    }, `${this.name} never came to rest`)
  }

  /** What is due by now comes, and so does a look that was put off because the system told of changes. */
  #nudge(): void {
    const { clock } = this.#stage
    const wait = (clock.nextAt ?? Infinity) - clock.now()
    if (wait <= 250) clock.advance(Math.max(0, wait))
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

/** Every file below a folder, by its path there; `.steward-trash` included. */
export function treeOf(folder: string): string[] {
  return fs
    .readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter(entry => entry.isFile())
    .map(entry => path.relative(folder, path.join(entry.parentPath, entry.name)).replaceAll(path.sep, '/'))
    .sort()
}
