import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { auditMac, erasureBody, GENESIS_MAC, tombstoneOf, verifyChain } from './audit.ts'
import type { Json } from './json.ts'
import type { AuditContent, AuditHead, AuditRow } from './audit.ts'

const KEY = new Uint8Array(32).fill(7)

function chain(contents: readonly Omit<AuditContent, 'seq'>[]): AuditRow[] {
  let mac = GENESIS_MAC
  return contents.map((content, index) => {
    const row = { ...content, seq: index + 1 }
    mac = auditMac(KEY, mac, row)
    return { ...row, mac }
  })
}

function headOf(rows: readonly AuditRow[]): AuditHead {
  return { seq: rows.length, mac: rows.at(-1)?.mac ?? GENESIS_MAC }
}

const id = fc.option(fc.string({ maxLength: 6 }), { nil: null })
const content = fc.record({
  at: fc.nat(),
  kind: fc.constantFrom('decision', 'grant', 'approval'),
  workflowId: id,
  runId: id,
  body: fc.dictionary(fc.string({ maxLength: 4 }), fc.integer(), { maxKeys: 3 }),
})
const log = fc.array(content, { minLength: 1, maxLength: 12 }).map(chain)

type Damage = { does: string; harm: (rows: AuditRow[], at: number) => AuditRow[] }

function replace(rows: AuditRow[], at: number, change: Partial<AuditRow>): AuditRow[] {
  return rows.map((row, index) => (index === at ? { ...row, ...change } : row))
}

const DAMAGES: Damage[] = [
  { does: 'a later time', harm: (rows, at) => replace(rows, at, { at: (rows[at]?.at ?? 0) + 1 }) },
  { does: 'another kind', harm: (rows, at) => replace(rows, at, { kind: 'forged' }) },
  { does: 'another workflow', harm: (rows, at) => replace(rows, at, { workflowId: 'wf_other_one' }) },
  { does: 'another run', harm: (rows, at) => replace(rows, at, { runId: 'run_other_one' }) },
  { does: 'another body', harm: (rows, at) => replace(rows, at, { body: { forged: true } }) },
  { does: 'another mac', harm: (rows, at) => replace(rows, at, { mac: '0'.repeat(64) }) },
  { does: 'a row taken out', harm: (rows, at) => rows.toSpliced(at, 1) },
  {
    does: 'a row taken out and the rest renumbered',
    harm: (rows, at) => rows.toSpliced(at, 1).map((row, index) => ({ ...row, seq: index + 1 })),
  },
  { does: 'a row twice', harm: (rows, at) => rows.toSpliced(at, 0, ...rows.slice(at, at + 1)) },
  { does: 'the end cut off', harm: (rows, at) => rows.slice(0, at) },
  { does: 'a row erased by someone without the key', harm: (rows, at) => eraseSilently(rows, at) },
]

function eraseSilently(rows: AuditRow[], at: number): AuditRow[] {
  const target = rows[at]
  return target === undefined ? rows : rows.with(at, tombstoneOf(KEY, target))
}

describe('the chain of the audit log', () => {
  it('P5 an untouched chain verifies, with its head and without', () => {
    fc.assert(
      fc.property(log, rows => {
        expect(verifyChain(KEY, rows)).toEqual({ ok: true, rows: rows.length })
        expect(verifyChain(KEY, rows, headOf(rows))).toEqual({ ok: true, rows: rows.length })
      }),
    )
    expect(verifyChain(KEY, [])).toEqual({ ok: true, rows: 0 })
    expect(verifyChain(KEY, [], { seq: 0, mac: GENESIS_MAC })).toEqual({ ok: true, rows: 0 })
  })

  it.each(DAMAGES)('P5 $does is found, wherever it is', ({ harm }) => {
    fc.assert(
      fc.property(log, fc.nat(), (rows, place) => {
        expect(verifyChain(KEY, harm(rows, place % rows.length), headOf(rows)).ok).toBe(false)
      }),
    )
  })

  it('P5 two rows that changed places are found', () => {
    fc.assert(
      fc.property(log, fc.nat(), fc.nat(), (rows, one, other) => {
        const [a, b] = [one % rows.length, other % rows.length]
        fc.pre(a !== b)
        const [first, second] = [rows[a], rows[b]]
        if (first === undefined || second === undefined) throw new Error('both places are within the log')
        const swapped = rows.with(a, second).with(b, first)
        expect(verifyChain(KEY, swapped, headOf(rows)).ok).toBe(false)
        const renumbered = swapped.map((row, index) => ({ ...row, seq: index + 1 }))
        expect(verifyChain(KEY, renumbered, headOf(rows)).ok).toBe(false)
      }),
    )
  })

  it('P5 the verdict names the problem and the row', () => {
    const rows = chain([1, 2, 3].map(at => ({ at, kind: 'k', workflowId: null, runId: null, body: {} })))
    const head = headOf(rows)
    expect(verifyChain(KEY, replace(rows, 1, { body: 1 }), head)).toMatchObject({ problem: 'edited', seq: 2 })
    expect(verifyChain(KEY, rows.toSpliced(1, 1), head)).toMatchObject({ problem: 'gap', seq: 2 })
    expect(verifyChain(KEY, rows.slice(0, 2), head)).toMatchObject({ problem: 'truncated', seq: 3 })
    expect(verifyChain(KEY, [], head)).toMatchObject({ problem: 'truncated', seq: 1 })
  })

  it('P5 where the kept head is damaged, a whole chain is not called whole, and an edit is still named', () => {
    const rows = chain([1, 2, 3].map(at => ({ at, kind: 'k', workflowId: null, runId: null, body: {} })))
    expect(verifyChain(KEY, rows, 'damaged')).toMatchObject({ ok: false, problem: 'head', seq: 3 })
    const changed = replace(rows, 1, { body: 1 })
    expect(verifyChain(KEY, changed, 'damaged')).toMatchObject({ problem: 'edited', seq: 2 })
  })

  it('P5 a chain made under another key does not verify', () => {
    const rows = chain([{ at: 1, kind: 'k', workflowId: null, runId: null, body: {} }])
    expect(verifyChain(new Uint8Array(32).fill(8), rows)).toMatchObject({ problem: 'edited', seq: 1 })
  })

  it('P5 rows after a head that lags are accepted; another history at the head is not', () => {
    const content = (at: number) => ({ at, kind: 'k', workflowId: null, runId: null, body: {} })
    const rows = chain([1, 2, 3].map(content))
    expect(verifyChain(KEY, rows, headOf(rows.slice(0, 2)))).toEqual({ ok: true, rows: 3 })
    const rewritten = chain([1, 9, 3].map(content))
    expect(verifyChain(KEY, rewritten, headOf(rows.slice(0, 2)))).toMatchObject({ problem: 'edited', seq: 2 })
  })
})

describe('erasure by the user', () => {
  function erased(rows: AuditRow[], from: number, to: number): AuditRow[] {
    const record: AuditContent = {
      seq: rows.length + 1,
      at: 99,
      kind: 'erasure',
      workflowId: null,
      runId: null,
      body: erasureBody([[from, to]]),
    }
    const recorded = [...rows, { ...record, mac: auditMac(KEY, headOf(rows).mac, record) }]
    return recorded.map(row => (row.seq >= from && row.seq <= to ? tombstoneOf(KEY, row) : row))
  }

  it('P5 an erasure leaves tombstones, keeps the chain whole and nothing of the content', () => {
    fc.assert(
      fc.property(log, fc.nat(), fc.nat(), (rows, one, other) => {
        const [from, to] = [(one % rows.length) + 1, (other % rows.length) + 1].sort((a, b) => a - b)
        const left = erased(rows, from ?? 1, to ?? 1)
        expect(verifyChain(KEY, left, headOf(left))).toEqual({ ok: true, rows: rows.length + 1 })
        const tombstone = left[(from ?? 1) - 1]
        expect(tombstone).toMatchObject({ at: 0, workflowId: null, runId: null, kind: 'erased' })
        expect(Object.keys(tombstone?.body as object)).toEqual(['erased'])
      }),
    )
  })

  it('P5 a tombstone beyond what the erasure named, or one that carries more, is found', () => {
    const rows = chain([1, 2, 3].map(at => ({ at, kind: 'k', workflowId: null, runId: null, body: { at } })))
    const left = erased(rows, 1, 1)
    expect(verifyChain(KEY, eraseSilently(left, 1))).toMatchObject({ problem: 'edited', seq: 2 })
    expect(verifyChain(KEY, replace(left, 0, { at: 5 }))).toMatchObject({ problem: 'edited', seq: 1 })
    expect(verifyChain(KEY, replace(left, 0, { workflowId: 'wf_x' }))).toMatchObject({ problem: 'edited' })
  })

  it('P5 an erasure vouches for nothing that was written after it', () => {
    const content = (at: number, kind = 'k', body: Json = {}) => ({
      at,
      kind,
      workflowId: null,
      runId: null,
      body,
    })
    const rows = chain([content(1), content(2, 'erasure', erasureBody([[1, 9]])), content(3)])
    expect(verifyChain(KEY, eraseSilently(rows, 0))).toEqual({ ok: true, rows: 3 })
    expect(verifyChain(KEY, eraseSilently(rows, 2))).toMatchObject({ problem: 'edited', seq: 3 })
  })

  it('P5 an erasure cannot be erased, and a second one may cover the same rows', () => {
    const rows = chain([1, 2].map(at => ({ at, kind: 'k', workflowId: null, runId: null, body: { at } })))
    const twice = erased(erased(rows, 1, 1), 1, 3)
    expect(twice[2]?.kind).toBe('erasure')
    expect(verifyChain(KEY, twice, headOf(twice))).toEqual({ ok: true, rows: 4 })
  })
})
