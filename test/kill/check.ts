/**
 * What was promised, held against what is: the outside's own record, the files, and the database by plain SQL. Every
 * sentence returned is one promise that was broken; none means that nothing was lost and nothing done twice.
 */
import fs from 'node:fs'
import path from 'node:path'
import Database from 'better-sqlite3'
import { isJsonObject } from '../../src/domain/json.ts'
import { stepsOfRun } from '../../src/main/store/journal.ts'
import { stateValue } from '../../src/main/store/local-state.ts'
import { DATABASE_FILE, openStore } from '../../src/main/store/store.ts'
import type { Store } from '../../src/main/store/store.ts'
import { workflowByName } from '../../src/main/store/workflows.ts'
import type { EventSent, Story } from './chain.ts'
import { checkSpent } from './check-spent.ts'
import { entriesOf } from './job.ts'
import type { ExpectedWrite } from './job.ts'
import type { Outside } from './outside.ts'
import type { Entry } from './recorder.ts'
import { TICK_MS, fileTraces, tickWrite } from './workload.ts'

export async function check(story: Story, outside: Outside): Promise<string[]> {
  const entries = await outside.entries()
  const store = openStore({ folder: story.folder, now: () => Date.now() })
  const db = new Database(path.join(story.folder, DATABASE_FILE), { readonly: true })
  try {
    return [
      ...story.problems,
      ...checkEvents(story, db),
      ...checkWrites(story, db, entries),
      ...checkLedger(db),
      ...checkRepeats(entries),
      ...checkUnknown(story, store, db, outside),
      ...checkFiles(story),
      ...checkState(story, store, db),
      ...checkSpent(story, { store, db, asks: await outside.asks() }),
      ...checkJournal(db),
      ...checkAudit(store, db),
      ...checkLog(story),
    ]
  } finally {
    db.close()
    await store.close()
  }
}

/** R1, R2: every acknowledged event led to one run, and that run ended well. */
function checkEvents(story: Story, db: Database.Database): string[] {
  const find = db.prepare(
    `SELECT run.state, run.id FROM inbox JOIN workflows AS w ON w.id = inbox.target_id
     LEFT JOIN script_runs AS run ON run.inbox_id = inbox.id WHERE w.name = ? AND inbox.dedupe_key = ?`,
  )
  return story.events.flatMap(({ job, token, acknowledged }) => {
    const rows = find.all(job.name, `key:${token}`) as { state: string | null; id: string | null }[]
    const state = rows[0]?.state ?? 'no run'
    if (!acknowledged) return [`R1 event ${token} was never acknowledged`]
    if (rows.length !== 1) return [`R1 event ${token} is ${String(rows.length)} times in the inbox`]
    return state === 'succeeded' ? [] : [`R2 event ${token} ended as ${state} (${rows[0]?.id ?? 'none'})`]
  })
}

/** J1, J4, J7: everything that had to go out went out exactly once; nothing else did. */
function checkWrites(story: Story, db: Database.Database, entries: readonly Entry[]): string[] {
  const applied = new Map<string, number>()
  for (const entry of entries)
    if (entry.is === 'applied') applied.set(nameOf(entry), (applied.get(nameOf(entry)) ?? 0) + 1)
  const wanted = new Set(story.events.flatMap(({ job, token }) => job.writes(token).map(nameOf)))
  for (const dueAt of ticksOf(db)) wanted.add(nameOf(tickWrite(dueAt)))
  const problems: string[] = []
  for (const name of wanted) {
    const times = applied.get(name) ?? 0
    if (times !== 1) problems.push(`${times === 0 ? 'lost' : `done ${String(times)} times`}: ${name}`)
  }
  for (const name of applied.keys()) if (!wanted.has(name)) problems.push(`nobody asked for: ${name}`)
  return problems
}

/** The instants for which an event came in. */
function ticksOf(db: Database.Database): number[] {
  const keys = db.prepare(`SELECT dedupe_key FROM inbox WHERE type = 'schedule'`).pluck().all() as string[]
  return keys.map(key => Number(key.slice(key.lastIndexOf(':') + 1)))
}

/** R4: every instant a schedule was due has its row, without a gap, and what ran has its event. */
function checkLedger(db: Database.Database): string[] {
  const gaps = db
    .prepare(
      `SELECT due_at - before AS gap FROM (SELECT due_at, lag(due_at) OVER (ORDER BY due_at) AS before FROM instants)
       WHERE gap <> ?`,
    )
    .pluck()
    .all(TICK_MS) as number[]
  const served = db
    .prepare(
      `SELECT due_at FROM instants WHERE fate IN ('ran', 'caught-up') AND inbox_id NOT IN (SELECT id FROM inbox)`,
    )
    .pluck()
    .all() as number[]
  return [
    ...gaps.map(gap => `R4 the ledger has a gap of ${String(gap)} ms`),
    ...served.map(dueAt => `R4 an instant ran without an event: ${String(dueAt)}`),
  ]
}

/** J4: a keyed write comes again only under its key; any other only after it was refused, or a person said that it
 * had not gone out. */
function checkRepeats(entries: readonly Entry[]): string[] {
  const problems: string[] = []
  const last = new Map<string, Entry>()
  const keys = new Map<string, string | null>()
  for (const entry of entries) {
    if (entry.is === 'applied') continue
    const name = nameOf(entry)
    const before = last.get(name)
    last.set(name, entry)
    if (entry.is !== 'arrived') continue
    if (entry.key === null) problems.push(`sent without a key: ${name}`)
    if ((keys.get(name) ?? entry.key) !== entry.key) problems.push(`sent under two keys: ${name}`)
    keys.set(name, entry.key)
    const known = before === undefined || before.is === 'refused' || before.said === 'it-did-not'
    const allowed = known || entry.server === 'keyed'
    if (!allowed) problems.push(`J4 silently repeated: ${name}`)
  }
  return problems
}

/** J4: each un-keyed write that was in flight at a death was asked about. */
function checkUnknown(story: Story, store: Store, db: Database.Database, outside: Outside): string[] {
  const asked = db.prepare(`SELECT 1 FROM actions WHERE kind = 'outcome-unknown' AND step_id = ?`)
  return story.inFlight.flatMap(({ stepId, runId }) => {
    const step = stepsOfRun(store, runId).find(known => known.stepId === stepId)
    if (step === undefined) return [`J1 a step that had begun is gone: ${stepId}`]
    const url = isJsonObject(step.args) ? step.args['url'] : undefined
    if (typeof url !== 'string' || new URL(url).host !== outside.plain) return []
    return asked.get(stepId) === undefined ? [`J4 in flight at a death and never asked about: ${url}`] : []
  })
}

/** J4 for files: each change happened exactly once. */
function checkFiles(story: Story): string[] {
  const tokens = tokensOf(story.events, 'files')
  const log = path.join(story.files, 'log.txt')
  const lines = fs.existsSync(log)
    ? fs
        .readFileSync(log, 'utf8')
        .split('\n')
        .filter(line => line !== '')
    : []
  const problems = tokens.flatMap(token => {
    const { moved, copy, gone, text } = fileTraces(story.files, token)
    const times = lines.filter(line => line === token).length
    return [
      ...(times === 1 ? [] : [`the line of ${token} was added ${String(times)} times`]),
      ...(contentOf(moved) === text ? [] : [`${token} was not moved whole`]),
      ...(contentOf(copy) === text ? [] : [`${token} was not copied whole`]),
      ...(contentOf(gone) === null ? [] : [`${token} is still where it was moved from`]),
    ]
  })
  if (lines.length > tokens.length)
    problems.push(`the log has ${String(lines.length)} lines for ${String(tokens.length)} events`)
  return [...problems, ...strangeFiles(story, tokens)]
}

function strangeFiles(story: Story, tokens: readonly string[]): string[] {
  const known = new Set(['log.txt', ...tokens.flatMap(token => [`done/${token}.txt`, `copies/${token}.txt`])])
  return fs
    .readdirSync(story.files, { recursive: true, withFileTypes: true })
    .filter(entry => entry.isFile())
    .map(entry => path.relative(story.files, path.join(entry.parentPath, entry.name)))
    .filter(name => !known.has(name))
    .map(name => `left behind: ${name}`)
}

function contentOf(file: string): string | null {
  return fs.existsSync(file) ? fs.readFileSync(file, 'utf8') : null
}

/** J2: local state says what succeeded, no more and no less. */
function checkState(story: Story, store: Store, db: Database.Database): string[] {
  const succeeded = db.prepare(
    `SELECT count(*) FROM script_runs AS run JOIN workflows AS w ON w.id = run.workflow_id
     WHERE w.name = ? AND run.state = 'succeeded'`,
  )
  const problems: string[] = []
  const counters = [
    ['counter', 'count', 'counter'],
    ['listener', 'heard', 'counter'],
    ['files', 'cursor', 'files'],
  ] as const
  for (const [name, key, by] of counters) {
    const value = stateOf(store, name, key) ?? 0
    const runs = succeeded.pluck().get(by) as number
    if (value !== runs)
      problems.push(`J2 ${name}.${key} is ${JSON.stringify(value)} after ${String(runs)} runs of ${by}`)
  }
  for (const name of ['items', 'items-at-once']) {
    for (const key of new Set(tokensOf(story.events, name).flatMap(entriesOf)))
      if (stateOf(store, name, `seen:${key}`) !== true) problems.push(`J2 ${name} does not remember ${key}`)
  }
  return problems
}

function stateOf(store: Store, workflow: string, key: string): unknown {
  const id = workflowByName(store, workflow)?.id
  return id === undefined ? undefined : stateValue(store, id, key)
}

const JOURNAL_RULES: readonly [promise: string, sql: string][] = [
  [
    'J2 a step has two ends',
    `SELECT step_id AS at FROM script_run_steps WHERE kind IN ('call', 'end') GROUP BY step_id HAVING count(*) > 1`,
  ],
  [
    'J3 a turn was given twice',
    `SELECT run_id || ' ' || turn AS at FROM script_run_steps WHERE turn IS NOT NULL GROUP BY run_id, turn HAVING count(*) > 1`,
  ],
  [
    'J3 turns have a gap',
    `SELECT run_id AS at FROM script_run_steps WHERE turn IS NOT NULL GROUP BY run_id HAVING max(turn) <> count(*)`,
  ],
  [
    'J1 a write ended that had not begun',
    `SELECT step_id AS at FROM script_run_steps AS ended WHERE kind = 'end' AND NOT EXISTS
     (SELECT 1 FROM script_run_steps WHERE step_id = ended.step_id AND kind = 'begin')`,
  ],
  [
    'J4 a write has no end',
    `SELECT step_id AS at FROM script_run_steps AS begun WHERE kind = 'begin' AND NOT EXISTS
     (SELECT 1 FROM script_run_steps WHERE step_id = begun.step_id AND kind = 'end')`,
  ],
  [
    'R2 a run is not over',
    `SELECT id || ' ' || state AS at FROM script_runs WHERE slot IS NOT NULL OR ended_at IS NULL OR waiting_items > 0`,
  ],
  ['R1 an event is not over', `SELECT id || ' ' || state AS at FROM inbox WHERE state IN ('new', 'claimed')`],
  ['J6 a wait was left behind', `SELECT step_id || ' ' || kind AS at FROM waits`],
  [
    'J7 an item is not over',
    `SELECT id || ' ' || state AS at FROM items WHERE state NOT IN ('done', 'declined')`,
  ],
  [
    'J7 an item was done by two journals',
    `SELECT key AS at FROM items GROUP BY workflow_id, name, key HAVING count(*) > 1`,
  ],
  [
    'P4 an approval was left open',
    `SELECT step_id AS at FROM approvals WHERE state IN ('pending', 'granted')`,
  ],
  ['a question was left open', `SELECT kind || ' ' || id AS at FROM actions WHERE state = 'open'`],
]

function checkJournal(db: Database.Database): string[] {
  return JOURNAL_RULES.flatMap(([promise, sql]) =>
    (db.prepare(sql).all() as { at: string }[]).map(row => `${promise}: ${row.at}`),
  )
}

/** P1, P5: the audit log is whole, and no write began without its decision. */
function checkAudit(store: Store, db: Database.Database): string[] {
  const verdict = store.audit.verify()
  const undecided = db
    .prepare(
      `SELECT step_id AS at FROM script_run_steps WHERE kind = 'begin' AND step_id NOT IN
       (SELECT json_extract(body, '$.step') FROM audit_log WHERE kind = 'decision' AND json_extract(body, '$.verdict') = 'allow')`,
    )
    .all() as { at: string }[]
  return [
    ...(verdict.ok ? [] : [`P5 the audit log does not verify: ${JSON.stringify(verdict)}`]),
    ...undecided.map(row => `P1 a write began without a decision: ${row.at}`),
  ]
}

/** Nothing went wrong inside that a person was not told of. */
function checkLog(story: Story): string[] {
  const file = path.join(story.folder, 'logs', 'steward.log')
  const lines = fs.existsSync(file) ? fs.readFileSync(file, 'utf8').split('\n') : []
  return lines.filter(line => line.includes('"level":"error"')).map(line => `logged: ${line}`)
}

function tokensOf(events: readonly EventSent[], job: string): string[] {
  return events.filter(event => event.job.name === job).map(event => event.token)
}

function nameOf(write: ExpectedWrite): string {
  return `${write.server} ${write.path}`
}
