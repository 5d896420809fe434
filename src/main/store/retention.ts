/**
 * Retention (J12): journals of ended runs and what they said, payloads of delivered events, old lines of the ledger,
 * pictures and blobs nobody names any more go after their time, in small pieces between other work. Owns what "still needed"
 * means. The audit log is not looked at: only a person erases it.
 * Never collected: what a live run, an item that is open, waiting or set aside, an open action, or the last
 * successes of an automation need. Item rows and dedupe keys stay for ever: they are what makes "once" true.
 */
import { setImmediate as nextTurn } from 'node:timers/promises'
import { isJsonObject } from '../../domain/json.ts'
import { dropAbsences } from './absences.ts'
import { blobReference } from './journal.ts'
import { ANSWERS_KEPT_MS, dropAnswers } from './model-answers.ts'
import { dropPictures } from './pictures.ts'
import * as statements from './retention-statements.ts'
import type { Store } from './store.ts'
import type { Reader, Tx } from './tx.ts'

export interface RetentionOptions {
  /** Age at which an ended run's journal goes, and what else tells of that time, ms. */
  runsMs: number
  /** Age at which a blob that nothing names goes, ms. */
  blobsMs: number
  /** How many of an automation's last successes stay, whatever their age. */
  successesKept: number
}

export interface Collected {
  runs: number
  /** Runs that stay as a line because finished items name them, without their journal. */
  emptied: number
  events: number
  /** Rows of the ledger of due instants. */
  instants: number
  /** Retired ones, with nothing left in the ledger. */
  schedules: number
  actions: number
  notifications: number
  /** Of models, too old to be given again. */
  answers: number
  /** Let go of by an automation. */
  pictures: number
  blobs: number
}

const DAY = 86_400_000
export const RETENTION: RetentionOptions = { runsMs: 30 * DAY, blobsMs: 7 * DAY, successesKept: 20 }

const RUNS_AT_ONCE = 50
const ROWS_AT_ONCE = 400
/** They are long: to let go of one takes a look at every page of it. */
const PICTURES_AT_ONCE = 5
const INTERNAL_SOURCES = new Set(['schedule', 'workflow', 'wait', 'user'])
/** Keys that the engine made up for deliveries without one: no delivery can ever bring them again. */
const OWN_KEY = /^evt_[0-9a-hjkmnp-tv-z]{26}$/

interface Candidate {
  id: string
  workflow_id: string
  inbox_id: string
  state: string
  attempt: number
  ended_at: number
}

/** One pass over everything whose time has come. Other work goes on between its pieces; `signal` ends it early. */
export async function collect(
  store: Store,
  now: number,
  options: RetentionOptions = RETENTION,
  signal?: AbortSignal,
): Promise<Collected> {
  const pass = new Pass(store, now, options, signal)
  await pass.runs()
  await pass.events()
  await pass.ledger()
  await pass.actions()
  await pass.notifications()
  await pass.answers()
  await pass.pictures()
  await pass.blobs()
  return pass.collected
}

class Pass {
  readonly collected: Collected = {
    runs: 0,
    emptied: 0,
    events: 0,
    instants: 0,
    schedules: 0,
    actions: 0,
    notifications: 0,
    answers: 0,
    pictures: 0,
    blobs: 0,
  }
  readonly #store: Store
  readonly #now: number
  readonly #options: RetentionOptions
  readonly #signal: AbortSignal | undefined

  constructor(store: Store, now: number, options: RetentionOptions, signal: AbortSignal | undefined) {
    this.#store = store
    this.#now = now
    this.#options = options
    this.#signal = signal
  }

  async runs(): Promise<void> {
    const until = this.#now - this.#options.runsMs
    let at = Number.MIN_SAFE_INTEGER
    let id = ''
    while (await this.#mayGoOn()) {
      const candidates = this.#store.all(statements.endedRuns, {
        until,
        at,
        id,
        limit: RUNS_AT_ONCE,
      }) as Candidate[]
      for (const run of candidates) if (!this.#isOver()) await this.#collectRun(run)
      const last = candidates.at(-1)
      if (last === undefined) return
      at = last.ended_at
      id = last.id
    }
  }

  async events(): Promise<void> {
    const until = this.#now - this.#options.runsMs
    let rows = ROWS_AT_ONCE
    while (rows === ROWS_AT_ONCE && (await this.#mayGoOn())) {
      rows = await this.#store.write(tx => {
        const events = tx.all(statements.idleEvents, { until, limit: ROWS_AT_ONCE })
        for (const event of events) {
          if (isMark(event) || tx.get(statements.runByInbox, event) !== undefined)
            tx.run(statements.emptyEvent, {
              id: event.id,
              payload: this.#store.seal(null, `inbox:${event.id}`),
            })
          else tx.run(statements.dropEvent, event)
        }
        return events.length
      })
      this.collected.events += rows
    }
  }

  /**
   * The last row of a schedule stays: it says when it was last due, and what became of that (O3). One that was retired
   * long ago goes whole.
   */
  async ledger(): Promise<void> {
    const until = this.#now - this.#options.runsMs
    await this.#store.write(tx => {
      dropAbsences(tx, until)
    })
    let id = ''
    while (await this.#mayGoOn()) {
      const schedules = this.#store.all(statements.schedulesAfter, { id, limit: RUNS_AT_ONCE })
      for (const schedule of schedules) {
        if (schedule.active === 0) await this.#collectRetired(schedule.id)
        else if (schedule.last !== null) await this.#collectLedger(schedule.id, schedule.last)
      }
      const last = schedules.at(-1)
      if (last === undefined) return
      id = last.id
    }
  }

  async #collectRetired(scheduleId: string): Promise<void> {
    await this.#collectLedger(scheduleId, Number.MAX_SAFE_INTEGER)
    const until = this.#now - this.#options.runsMs
    this.collected.schedules += await this.#store.write(tx =>
      tx.run(statements.dropSchedule, { id: scheduleId, until }),
    )
  }

  async #collectLedger(scheduleId: string, last: number): Promise<void> {
    const until = this.#now - this.#options.runsMs
    const below = Math.min(until, last)
    let after = Number.MIN_SAFE_INTEGER
    while (!this.#isOver()) {
      const page = { scheduleId, after, below, until, limit: ROWS_AT_ONCE }
      const to = this.#store.all(statements.oldInstants, page).at(-1)?.due_at
      if (to === undefined) return
      const stretch = { scheduleId, after, to, until }
      this.collected.instants += await this.#store.write(tx => tx.run(statements.dropInstants, stretch))
      after = to
      await nextTurn()
    }
  }

  async actions(): Promise<void> {
    const until = this.#now - this.#options.runsMs
    let rows = ROWS_AT_ONCE
    while (rows === ROWS_AT_ONCE && (await this.#mayGoOn())) {
      rows = await this.#store.write(tx => tx.run(statements.dropActions, { until, limit: ROWS_AT_ONCE }))
      this.collected.actions += rows
    }
  }

  /** All but what is still held. */
  async notifications(): Promise<void> {
    const until = this.#now - this.#options.runsMs
    let rows = ROWS_AT_ONCE
    while (rows === ROWS_AT_ONCE && (await this.#mayGoOn())) {
      rows = await this.#store.write(tx =>
        tx.run(statements.dropNotifications, { until, limit: ROWS_AT_ONCE }),
      )
      this.collected.notifications += rows
    }
  }

  async answers(): Promise<void> {
    const until = this.#now - ANSWERS_KEPT_MS
    let rows = ROWS_AT_ONCE
    while (rows === ROWS_AT_ONCE && (await this.#mayGoOn())) {
      rows = await this.#store.write(tx => dropAnswers(tx, until, ROWS_AT_ONCE))
      this.collected.answers += rows
    }
  }

  /** A name of a picture may stand in a journal, in `state` or in an item: none goes while any of them may be asked. */
  async pictures(): Promise<void> {
    const until = this.#now - this.#options.runsMs
    let rows = PICTURES_AT_ONCE
    while (rows === PICTURES_AT_ONCE && (await this.#mayGoOn())) {
      rows = await this.#store.write(tx => dropPictures(tx, until, PICTURES_AT_ONCE))
      this.collected.pictures += rows
    }
  }

  /** The journal names blobs inside sealed bodies, so what is named is found by opening those. */
  async blobs(): Promise<void> {
    const until = this.#now - this.#options.blobsMs
    if (this.#store.all(statements.oldBlobs, { until, limit: 1 }).length === 0) return
    const named = await this.#namedBlobs()
    if (named === null) return
    const unnamed = this.#store
      .all(statements.oldBlobs, { until, limit: Number.MAX_SAFE_INTEGER })
      .flatMap(({ hash }) => (named.has(hash) ? [] : [hash]))
    for (let from = 0; from < unnamed.length && (await this.#mayGoOn()); from += ROWS_AT_ONCE) {
      this.collected.blobs += await this.#store.write(tx => {
        const some = unnamed.slice(from, from + ROWS_AT_ONCE)
        return some.reduce((count, hash) => count + tx.run(statements.dropBlob, { hash, until }), 0)
      })
    }
  }

  async #namedBlobs(): Promise<Set<string> | null> {
    const named = new Set<string>()
    const length = this.#store.sealText(blobReference('0'.repeat(64)), 'any').length
    let runId = ''
    let position = 0
    while (await this.#mayGoOn()) {
      const rows = this.#store.all(statements.entriesFrom, { runId, position, limit: ROWS_AT_ONCE })
      for (const row of rows) {
        if (row.sealed_body.length !== length) continue
        const body = this.#store.open(row.sealed_body, `step:${row.run_id}:${String(row.position)}`)
        if (isJsonObject(body) && typeof body['blob'] === 'string') named.add(body['blob'])
      }
      const last = rows.at(-1)
      if (last === undefined) return named
      runId = last.run_id
      position = last.position
    }
    return null
  }

  async #collectRun(run: Candidate): Promise<void> {
    if (this.#isNeeded(this.#store, run) || isEmptied(this.#store, run)) return
    let more = true
    while (more && (await this.#mayGoOn())) {
      more = await this.#store.write(tx => {
        if (this.#isNeeded(tx, run)) return false
        // Emptied first: whatever comes between the pieces, a run without its journal is never gone on with.
        tx.run(statements.emptyRun, run)
        const some = { id: run.id, limit: ROWS_AT_ONCE }
        if (tx.run(statements.dropEntries, some) === ROWS_AT_ONCE) return true
        if (tx.run(statements.dropSaid, some) === ROWS_AT_ONCE) return true
        this.#end(tx, run)
        return false
      })
    }
  }

  #end(tx: Tx, run: Candidate): void {
    tx.run(statements.dropApprovals, run)
    tx.run(statements.dropSignals, run)
    tx.run(statements.dropUndoSteps, run)
    tx.run(statements.dropUndos, run)
    if (tx.get(statements.itemOfRun, run) !== undefined) {
      this.collected.emptied++
      return
    }
    tx.run(statements.dropRun, run)
    this.collected.runs++
  }

  #isNeeded(reader: Reader, run: Candidate): boolean {
    const workflowId = run.workflow_id
    const retry = `retry:${run.id}:${String(run.attempt)}`
    return (
      reader.get(statements.stillEnded, run) === undefined ||
      reader.get(statements.openItemOfRun, run) !== undefined ||
      reader.get(statements.waitOfRun, run) !== undefined ||
      reader.get(statements.openActionOfRun, run) !== undefined ||
      reader.get(statements.goingUndoOfRun, run) !== undefined ||
      reader.get(statements.queuedRetry, { workflowId, key: retry }) !== undefined ||
      this.#isRecentSuccess(reader, run) ||
      reader.get(statements.entryOfOpenItem, run) !== undefined ||
      (reader.get(statements.entryOfItemGoneOn, run) !== undefined &&
        reader.get(statements.replayableRun, { id: run.id, workflowId }) !== undefined)
    )
  }

  /** A repair is proven against an automation's last successes. */
  #isRecentSuccess(reader: Reader, run: Candidate): boolean {
    const limit = this.#options.successesKept
    if (run.state !== 'succeeded' || limit === 0) return false
    return (
      reader.all(statements.newerSuccesses, { workflowId: run.workflow_id, id: run.id, limit }).length < limit
    )
  }

  async #mayGoOn(): Promise<boolean> {
    await nextTurn()
    return !this.#isOver()
  }

  #isOver(): boolean {
    return this.#signal?.aborted === true
  }
}

/** Its journal went before, and finished items keep its line. */
function isEmptied(reader: Reader, run: Candidate): boolean {
  return (
    reader.get(statements.anyContent, run) === undefined &&
    reader.get(statements.itemOfRun, run) !== undefined
  )
}

/** Keys that someone outside may send again; the engine's own are made once. */
function isMark(event: { dedupe_key: string; source_type: string; target_type: string }): boolean {
  return (
    event.target_type === 'workflow' &&
    !INTERNAL_SOURCES.has(event.source_type) &&
    !OWN_KEY.test(event.dedupe_key)
  )
}
