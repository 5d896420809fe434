/**
 * The audit log (P5): every decision of the host, each row chained to the one before under the audit key. The
 * chain's head is also kept outside the database, so that a truncated or replaced database shows.
 * Owns the head. It is saved only after the rows it names are on the disk, never before.
 */
import { auditMac, tombstoneOf, verifyChain } from '../../domain/audit.ts'
import type { AuditRow, AuditVerdict, KeptHead } from '../../domain/audit.ts'
import type { JsonObject } from '../../domain/json.ts'
import { AuditHeadFile } from './audit-head.ts'
import type { Head } from './audit-head.ts'
import type { Row } from './schema.ts'
import { insertion, query, statement } from './statement.ts'
import type { Reader, Tx } from './tx.ts'

export interface AuditEntry {
  kind: string
  workflowId: string | null
  runId: string | null
  body: JsonObject
}

const GENESIS: Head = { seq: 0, mac: '' }
/** How long rows may stand without the head outside knowing of them. */
const HEAD_EVERY_MS = 1_000

const insert = insertion('audit_log', ['seq', 'at', 'kind', 'workflow_id', 'run_id', 'body', 'mac'])
const last = statement((_p: object) =>
  query.selectFrom('audit_log').select(['seq', 'mac']).orderBy('seq', 'desc').limit(1),
)
const everything = statement((_p: object) => query.selectFrom('audit_log').selectAll().orderBy('seq'))

export class AuditChain {
  readonly #reader: Reader
  readonly #flushed: () => Promise<void>
  readonly #key: () => Uint8Array
  readonly #kept: AuditHeadFile
  #head: Head
  readonly #headEveryMs: number
  #headTimer: NodeJS.Timeout | null = null
  #saving: Promise<void> = Promise.resolve()

  /** `flushed` resolves when all that was committed before is on the disk; `key` fails while the vault is locked. */
  constructor(
    reader: Reader,
    flushed: () => Promise<void>,
    key: () => Uint8Array,
    folder: string,
    headEveryMs = HEAD_EVERY_MS,
  ) {
    this.#reader = reader
    this.#flushed = flushed
    this.#key = key
    this.#headEveryMs = headEveryMs
    this.#kept = new AuditHeadFile(folder)
    this.#head = reader.get(last, {}) ?? GENESIS
  }

  append(tx: Tx, at: number, entry: AuditEntry): void {
    const before = this.#head
    const seq = before.seq + 1
    const mac = auditMac(this.#key(), before.mac, { seq, at, ...entry })
    tx.run(insert, {
      seq,
      at,
      kind: entry.kind,
      workflow_id: entry.workflowId,
      run_id: entry.runId,
      body: JSON.stringify(entry.body),
      mac,
    })
    this.#head = { seq, mac }
    tx.onRollback.push(() => {
      this.#head = before
    })
    this.#headTimer ??= setTimeout(() => {
      // A flush that fails has broken the store already; the head then stays as it was.
      this.#saveHead().catch(() => undefined)
    }, this.#headEveryMs).unref()
  }

  /** What is left of a row that the user erases; `audit-erasure.ts` writes it. */
  tombstone(row: AuditRow): AuditRow {
    return tombstoneOf(this.#key(), row)
  }

  /** Recomputes the whole chain and holds it against the head kept outside (edits, gaps, truncation). */
  verify(): AuditVerdict {
    return verifyChain(this.#key(), auditRows(this.#reader), this.#kept.read())
  }

  /** What another thread needs to do the same. */
  evidence(): { key: Uint8Array; head: KeptHead | undefined } {
    return { key: this.#key(), head: this.#kept.read() }
  }

  /**
   * How the database's own end stands to the head kept outside. `behind`: an older copy was put in its place (J11).
   * `unknown`: what was kept cannot be read, so nobody can tell.
   */
  againstItsHead(): 'whole' | 'behind' | 'unknown' {
    const kept = this.#kept.read()
    if (kept === 'damaged') return 'unknown'
    return kept !== undefined && kept.seq > this.#head.seq ? 'behind' : 'whole'
  }

  /** Accepts the database's own end as the head, after the user was told (J11). */
  async adoptHead(): Promise<void> {
    await this.#saveHead()
  }

  async close(): Promise<void> {
    if (this.#headTimer !== null) await this.#saveHead()
    await this.#saving
  }

  /** One after the other: the file never goes back. */
  #saveHead(): Promise<void> {
    if (this.#headTimer !== null) clearTimeout(this.#headTimer)
    this.#headTimer = null
    const saved = this.#saving.then(async () => {
      const head = this.#head
      await this.#flushed()
      await this.#kept.save(head)
    })
    this.#saving = saved.catch(() => undefined)
    return saved
  }
}

export function* auditRows(reader: Reader) {
  for (const row of reader.iterate(everything, {})) yield contentOf(row)
}

export function contentOf(row: Row<'audit_log'>) {
  return {
    seq: row.seq,
    at: row.at,
    kind: row.kind,
    workflowId: row.workflow_id,
    runId: row.run_id,
    body: JSON.parse(row.body) as JsonObject,
    mac: row.mac,
  }
}
