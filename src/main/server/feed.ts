/**
 * What changed, as clients are told of it: that something they may show is not what it was, by kind and id. What they
 * then read is the truth; this only says when to read.
 * Owns the last of these news, numbered, in one ring from which every client reads at its own pace: a slow one holds
 * nothing here but its place, and loses it when the ring has gone past it. Changes of one thing within a moment are one;
 * more of them in one moment than the ring takes are not gathered: everybody loses their place.
 * Does not own the clients. Watches nothing until the first of them comes, nor long after the last has gone.
 */
import { randomBytes } from 'node:crypto'
import { automationOfAction, automationOfRun } from '../store/lists.ts'
import { automationOfNotification } from '../store/notifications.ts'
import type { Change } from '../store/changes.ts'
import type { Store } from '../store/store.ts'
import { workflowById } from '../store/workflows.ts'

/** One thing that changed. */
export interface News {
  kind:
    | 'automation'
    | 'run'
    | 'undo'
    | 'action'
    | 'notification'
    | 'chat'
    | 'connection'
    | 'note'
    | 'grant'
    | 'policy'
    | 'settings'
  id: string | null
  /** The automation it belongs to, where it belongs to one. */
  automation: string | null
  /** What an automation, a run, an action or a notification is now. */
  state: string | null
}

export interface Numbered {
  place: string
  news: News
}

const MOST_KEPT = 2_048
/** Long enough to make one of what one run does at once, short enough to seem immediate. */
const MOMENT_MS = 100
const LINGER_MS = 300_000

type Thing = Pick<News, 'kind' | 'id'>

export class Feed {
  readonly #store: Store
  /** Places of another time of watching are not ours. */
  #name = ''
  #ring: Numbered[] = []
  /** The number of the first in the ring. */
  #first = 1
  #pending = new Map<string, Thing>()
  #moment: NodeJS.Timeout | null = null
  #stop: (() => void) | null = null
  #lingering: NodeJS.Timeout | null = null
  #clients = 0
  readonly #listeners = new Set<() => void>()

  constructor(store: Store) {
    this.#store = store
  }

  get clients(): number {
    return this.#clients
  }

  /** Somebody listens from now on; returns what says that they do not any more. */
  join(): () => void {
    this.#clients++
    if (this.#lingering !== null) clearTimeout(this.#lingering)
    this.#lingering = null
    this.#watch()
    return () => {
      this.#clients--
      if (this.#clients === 0) this.#lingering = setTimeout(() => this.#rest(), LINGER_MS).unref()
    }
  }

  /** Where the news of now end. */
  get end(): string {
    return this.#placeOf(this.#first + this.#ring.length - 1)
  }

  /** What came after this place, some of it; null where that is not known any more, or never was a place. */
  after(place: string, most: number): readonly Numbered[] | null {
    const [, name, digits] = /^([0-9a-f]{8})\.(\d{1,15})$/.exec(place) ?? []
    const from = Number(digits) + 1 - this.#first
    if (name !== this.#name || from < 0 || from > this.#ring.length) return null
    return this.#ring.slice(from, from + most)
  }

  /** Calls back whenever there is more; returns what stops that. */
  listen(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => {
      this.#listeners.delete(listener)
    }
  }

  /** Watches nothing any more. */
  close(): void {
    if (this.#lingering !== null) clearTimeout(this.#lingering)
    this.#rest()
  }

  #placeOf(number: number): string {
    return `${this.#name}.${String(number)}`
  }

  #watch(): void {
    if (this.#stop !== null) return
    this.#beginAnew()
    this.#stop = this.#store.watch(changes => {
      for (const change of changes) this.#note(change)
    })
  }

  #rest(): void {
    this.#stop?.()
    this.#stop = null
    if (this.#moment !== null) clearTimeout(this.#moment)
    this.#moment = null
    this.#pending.clear()
    this.#beginAnew()
  }

  #note(change: Change): void {
    const thing = thingOf(change)
    if (thing === null || this.#pending.size > MOST_KEPT) return
    this.#pending.set(`${thing.kind} ${thing.id ?? ''}`, thing)
    this.#moment ??= setTimeout(() => this.#tell(), MOMENT_MS).unref()
  }

  #tell(): void {
    this.#moment = null
    const things = [...this.#pending.values()]
    this.#pending.clear()
    if (things.length > MOST_KEPT) this.#beginAnew()
    else this.#append(things)
    for (const listener of this.#listeners) listener()
  }

  #append(things: readonly Thing[]): void {
    for (const thing of things) {
      const news = newsOf(this.#store, thing)
      if (news === null) continue
      this.#ring.push({ place: this.#placeOf(this.#first + this.#ring.length), news })
    }
    const over = Math.max(0, this.#ring.length - MOST_KEPT)
    this.#ring.splice(0, over)
    this.#first += over
  }

  /** No place given out so far is one any more: whoever listens is to read everything anew. */
  #beginAnew(): void {
    this.#name = randomBytes(4).toString('hex')
    this.#ring = []
    this.#first = 1
  }
}

/** What people know that by which a row belongs to: its kind, and by what names its id goes among the values. */
const THINGS: Readonly<Record<Change['table'], readonly [kind: News['kind'], ...ids: string[]]>> = {
  workflows: ['automation', 'id'],
  script_runs: ['run', 'id'],
  script_run_steps: ['run', 'run_id', 'runId'],
  undos: ['undo', 'id'],
  undo_steps: ['undo', 'undo_id', 'undoId'],
  actions: ['action', 'id'],
  notifications: ['notification', 'id'],
  chats: ['chat', 'id'],
  chat_events: ['chat', 'chat_id', 'chatId'],
  connections: ['connection'],
  notes: ['note', 'id'],
  grants: ['grant', 'id'],
  policies: ['policy'],
  settings: ['settings'],
}
/** The rest of them is what Steward notes for itself. */
const SHOWN_SETTINGS: readonly unknown[] = ['preferences', 'stopped']

function thingOf({ table, values }: Change): Thing | null {
  if (table === 'settings' && !SHOWN_SETTINGS.includes(values['key'])) return null
  const [kind, ...names] = THINGS[table]
  const id = names.map(name => values[name]).find(value => typeof value === 'string')
  return { kind, id: id ?? null }
}

/** As it is now; null where it is gone. */
function newsOf(store: Store, { kind, id }: Thing): News | null {
  const bare = { kind, id, automation: null, state: null }
  if (id === null) return bare
  switch (kind) {
    case 'automation': {
      const workflow = workflowById(store, id)
      return workflow === undefined ? null : { ...bare, automation: id, state: workflow.state }
    }
    case 'run':
    case 'action':
    case 'notification': {
      const row = LOOK_UP[kind](store, id)
      return row === undefined ? null : { ...bare, automation: row.workflow_id, state: row.state }
    }
    default:
      return bare
  }
}

const LOOK_UP = { run: automationOfRun, action: automationOfAction, notification: automationOfNotification }
