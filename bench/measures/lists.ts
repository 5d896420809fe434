/**
 * A folder with 1,000,000 runs, events and actions, every second action open, put in by SQL in one transaction: how
 * long the pages of the local API take.
 */
import path from 'node:path'
import Database from 'better-sqlite3'
import { createCodec } from '../../src/domain/seal.ts'
import { cursorText } from '../../src/main/engine/views/common.ts'
import { keyFile } from '../../src/main/store/key-file.ts'
import { contractFor } from '../support/contracts.ts'
import { startCore } from '../support/core.ts'
import type { BenchCore } from '../support/core.ts'
import { percentile } from '../support/figure.ts'
import type { Figure, Measure } from '../support/figure.ts'
import { monotonicMs } from '../support/peer.ts'

const ROWS = 1_000_000
const AUTOMATIONS = 20
const LOOKS = 100

const BODY = JSON.stringify({
  cause: 'The page at https://example.com/prices was answered with 404.',
  effect: 'The run ended there. What it had done before stays done, and nothing else was changed.',
  detail: 'https://example.com/prices was asked for at 08:00 and was there the day before.',
})

/**
 * Rows like those that real runs leave, ids in order of time. Pages of runs open nothing that is sealed, so nothing is;
 * pages of actions open every body.
 */
const FILL = `
  CREATE TEMP TABLE numbers AS WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < ${String(ROWS)}) SELECT n FROM n;
  CREATE TEMP TABLE owners AS SELECT row_number() OVER (ORDER BY id) - 1 AS place, id, script_id, intent_id FROM workflows;
  INSERT INTO inbox (id, source_type, source_id, target_type, target_id, type, dedupe_key, sealed_payload, state, created_at, done_at)
    SELECT printf('evt_00%024d', n), 'api', 'local', 'workflow', owners.id, 'manual', printf('%d', n), x'00', 'done', n, n
    FROM numbers JOIN owners ON owners.place = n % ${String(AUTOMATIONS)};
  INSERT INTO script_runs (id, workflow_id, script_id, intent_id, inbox_id, state, boot, engine, seed, created_at, started_at, ended_at)
    SELECT printf('run_00%024d', n), owners.id, owners.script_id, owners.intent_id, printf('evt_00%024d', n),
           CASE n % 50 WHEN 0 THEN 'failed' WHEN 1 THEN 'cancelled' ELSE 'succeeded' END, 'boot', 'engine', 'seed', n, n, n
    FROM numbers JOIN owners ON owners.place = n % ${String(AUTOMATIONS)};
  INSERT INTO actions (id, kind, cause_key, workflow_id, run_id, choices, sealed_body, state, choice, created_at, resolved_at)
    SELECT printf('act_00%024d', n), 'run-failed', printf('cause-%d', n), owners.id, NULL, '[]', sealed_body(printf('act_00%024d', n)),
           iif(n % 2, 'closed', 'open'), NULL, n, iif(n % 2, n, NULL)
    FROM numbers JOIN owners ON owners.place = n % ${String(AUTOMATIONS)};
`

function fill(home: string): void {
  const codec = createCodec(keyFile(home))
  const db = new Database(path.join(home, 'steward.db'))
  db.pragma('synchronous = OFF')
  db.function('sealed_body', (id: string) => Buffer.from(codec.seal(BODY, `action:${id}`)))
  db.transaction(() => db.exec(FILL))()
  db.close()
}

async function pageFigure(core: BenchCore, name: string, at: (look: number) => string): Promise<Figure> {
  const took: number[] = []
  for (let look = 0; look < LOOKS; look++) {
    const startedAt = monotonicMs()
    const { status, body } = await core.request('GET', at(look))
    took.push(monotonicMs() - startedAt)
    if (status !== 200) throw new Error(`${at(look)} was answered with ${JSON.stringify(body)}`)
  }
  return { name: `${name}, p95`, unit: 'ms', rounds: [percentile(took, 95)], aim: { atMost: 50 } }
}

/** A place in the list for each look, from the newest to the oldest. */
const cursor = (list: 'runs' | 'actions', look: number) =>
  cursorText(
    list,
    `${list === 'runs' ? 'run' : 'act'}_00${String(ROWS - Math.floor((ROWS / LOOKS) * look)).padStart(24, '0')}`,
  )

export default {
  title: `Pages of 50 out of ${ROWS.toLocaleString('en')} runs, events and actions`,
  measure: async () => {
    let core = await startCore()
    for (let index = 0; index < AUTOMATIONS; index++)
      await core.install(
        `list-${String(index)}`,
        'export default async function run() { return {} }',
        contractFor(),
      )
    await core.stop()
    fill(core.home)
    core = await startCore({ home: core.home })
    const figures = [
      await pageFigure(core, 'runs, newest', () => '/api/v1/runs'),
      await pageFigure(core, 'runs, anywhere', look => `/api/v1/runs?cursor=${cursor('runs', look)}`),
      await pageFigure(core, 'runs of one automation', () => '/api/v1/runs?automation=list-7'),
      await pageFigure(
        core,
        'failed runs of one automation',
        () => '/api/v1/runs?automation=list-10&state=failed',
      ),
      await pageFigure(
        core,
        'failed runs, anywhere',
        look => `/api/v1/runs?state=failed&cursor=${cursor('runs', look)}`,
      ),
      await pageFigure(core, 'running runs', () => '/api/v1/runs?state=running'),
      await pageFigure(core, 'inbox, newest', () => '/api/v1/actions'),
      await pageFigure(core, 'inbox, anywhere', look => `/api/v1/actions?cursor=${cursor('actions', look)}`),
      await pageFigure(
        core,
        'closed actions, anywhere',
        look => `/api/v1/actions?state=closed&cursor=${cursor('actions', look)}`,
      ),
      await pageFigure(core, 'automations', () => '/api/v1/automations'),
    ]
    const { readyMs } = core
    await core.remove()
    return [...figures, { name: 'start to ready', unit: 'ms', rounds: [readyMs] }]
  },
} satisfies Measure
