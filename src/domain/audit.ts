/**
 * The arithmetic of the audit log (P5): each row's mac covers a keyed hash of its content and the mac before it,
 * so that without the key no row can be changed, taken out, put in or moved, and with the head kept elsewhere none
 * can be cut off the end. Owns how a row is hashed, erased and checked; rows and head are kept by the store.
 *
 * Erasure by the user: the row becomes a tombstone that keeps the hash of what it was, so the links still hold. A
 * tombstone is believed only when a later row of kind `erasure` names it; that row cannot be made without the key.
 */
import { hmac } from '@noble/hashes/hmac.js'
import { sha256 } from '@noble/hashes/sha2.js'
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js'
import { canonicalJson, isJsonObject } from './json.ts'
import type { Json, JsonObject } from './json.ts'

/** What a row says. `seq` counts from 1 without gaps. */
export interface AuditContent {
  seq: number
  at: number
  kind: string
  workflowId: string | null
  runId: string | null
  body: Json
}

export interface AuditRow extends AuditContent {
  /** 64 hexadecimal characters. */
  mac: string
}

/** The last row known to have been written, kept outside the log. `seq` 0: none yet. */
export interface AuditHead {
  seq: number
  mac: string
}

/** What is found where the head was kept. */
export type KeptHead = AuditHead | 'damaged'

export type AuditProblem = 'edited' | 'gap' | 'truncated' | 'head'

/** Whether the chain holds; otherwise the first row at which it does not. */
export type AuditVerdict =
  { ok: true; rows: number } | { ok: false; problem: AuditProblem; seq: number; message: string }

export const GENESIS_MAC = ''
export const TOMBSTONE_KIND = 'erased'
export const ERASURE_KIND = 'erasure'

/** The mac of a row, from the mac of the row before (`GENESIS_MAC` for the first) and a key of 32 bytes. */
export function auditMac(key: Uint8Array, previousMac: string, row: AuditContent): string {
  return linkMac(key, previousMac, contentHash(key, row))
}

/** What stays of a row the user erased. An erasure itself holds nothing of the user's and stays as it is. */
export function tombstoneOf(key: Uint8Array, row: AuditRow): AuditRow {
  if (row.kind === ERASURE_KIND || row.kind === TOMBSTONE_KIND) return row
  const erased = contentHash(key, row)
  return { ...blank(row.seq, { erased }), mac: row.mac }
}

/** Body of the `erasure` row that vouches for tombstones: inclusive ranges of `seq`. Written before the erasing. */
export function erasureBody(ranges: readonly (readonly [from: number, to: number])[]): JsonObject {
  return { ranges: ranges.map(([from, to]) => [from, to]) }
}

/** Recomputes every link. `kept`, where there is one, also proves that nothing is missing at the end. */
export function verifyChain(key: Uint8Array, rows: Iterable<AuditRow>, kept?: KeptHead): AuditVerdict {
  const head = kept === 'damaged' ? undefined : kept
  const tombstones: number[] = []
  const erasures: Erasure[] = []
  let last: AuditHead = { seq: 0, mac: GENESIS_MAC }
  for (const row of rows) {
    const problem = linkProblem(key, last, row) ?? headProblem(row, head)
    if (problem !== null) return problem
    if (row.kind === TOMBSTONE_KIND) tombstones.push(row.seq)
    if (row.kind === ERASURE_KIND) erasures.push({ seq: row.seq, ranges: rangesOf(row.body) })
    last = { seq: row.seq, mac: row.mac }
  }
  if (head !== undefined && last.seq < head.seq) return truncated(last.seq + 1, head.seq)
  const unvouched = tombstones.find(seq => !erasures.some(erasure => vouchesFor(erasure, seq)))
  if (unvouched !== undefined) return edited(unvouched, 'was erased, but no erasure was recorded')
  return kept === 'damaged' ? headless(last.seq) : { ok: true, rows: last.seq }
}

interface Erasure {
  seq: number
  ranges: readonly (readonly [number, number])[]
}

type Broken = Extract<AuditVerdict, { ok: false }>

function linkProblem(key: Uint8Array, before: AuditHead, row: AuditRow): Broken | null {
  if (row.seq !== before.seq + 1) {
    return {
      ok: false,
      problem: 'gap',
      seq: before.seq + 1,
      message: `Row ${before.seq + 1} of the audit log is missing or out of order: row ${row.seq} came in its place.`,
    }
  }
  const content = row.kind === TOMBSTONE_KIND ? erasedHash(row) : contentHash(key, row)
  if (content === null || linkMac(key, before.mac, content) !== row.mac) {
    return edited(row.seq, 'does not fit its signature')
  }
  return null
}

function headProblem(row: AuditRow, head: AuditHead | undefined): Broken | null {
  if (head === undefined || row.seq !== head.seq || row.mac === head.mac) return null
  return edited(row.seq, 'is not the row that was last written there')
}

function edited(seq: number, what: string): Broken {
  return { ok: false, problem: 'edited', seq, message: `Row ${seq} of the audit log ${what}.` }
}

function truncated(seq: number, upTo: number): Broken {
  const message = `Rows ${seq} to ${upTo} of the audit log were written and are no longer there.`
  return { ok: false, problem: 'truncated', seq, message }
}

function headless(seq: number): Broken {
  const message = `The chain holds up to row ${seq} of the audit log, but the record of its last row is damaged: whether rows after it are missing cannot be told.`
  return { ok: false, problem: 'head', seq, message }
}

/** Keyed, so that what was erased cannot be guessed from its hash. */
function contentHash(key: Uint8Array, row: AuditContent): string {
  const { seq, at, kind, workflowId, runId, body } = row
  return sign(key, `content\n${canonicalJson({ seq, at, kind, workflowId, runId, body })}`)
}

function linkMac(key: Uint8Array, previousMac: string, content: string): string {
  return sign(key, `link\n${previousMac}\n${content}`)
}

function sign(key: Uint8Array, text: string): string {
  return bytesToHex(hmac(sha256, key, utf8ToBytes(text)))
}

/** A tombstone is exactly a blank row around one hash: anything else in it would be unsigned. */
function erasedHash(row: AuditRow): string | null {
  const erased = isJsonObject(row.body) ? row.body['erased'] : undefined
  if (typeof erased !== 'string') return null
  const { mac: _mac, ...content } = row
  return canonicalJson({ ...content }) === canonicalJson({ ...blank(row.seq, { erased }) }) ? erased : null
}

function blank(seq: number, body: Json): AuditContent {
  return { seq, at: 0, kind: TOMBSTONE_KIND, workflowId: null, runId: null, body }
}

function rangesOf(body: Json): [number, number][] {
  const ranges = isJsonObject(body) ? body['ranges'] : undefined
  if (!Array.isArray(ranges)) return []
  return ranges.flatMap(range => {
    const [from, to] = Array.isArray(range) ? range : []
    return typeof from === 'number' && typeof to === 'number' ? [[from, to] as [number, number]] : []
  })
}

function vouchesFor(erasure: Erasure, seq: number): boolean {
  return erasure.seq > seq && erasure.ranges.some(([from, to]) => from <= seq && seq <= to)
}
