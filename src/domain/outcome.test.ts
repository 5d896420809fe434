import { describe, expect, it } from 'vitest'
import type { Check } from './contract.ts'
import { evaluateCheck, missingOutcome, openChecks } from './outcome.ts'
import type { OutcomeFacts } from './outcome.ts'

const FACTS: OutcomeFacts = {
  result: { summary: 'ok', none: null, empty: '', report: { total: 3 }, 'a.b': 1, zero: 0 },
  effects: [
    { tool: 'files.move', count: 2 },
    { tool: 'files.move', count: 1 },
    { tool: 'http.request', count: 1 },
  ],
  items: {
    mail: { done: 6, aside: 1, waiting: 0, declined: 0, total: 7 },
    open: { done: 1, aside: 0, waiting: 0, declined: 0, total: 2 },
  },
  file: path => {
    if (path === '/out/a') return { exists: true, size: 3 }
    if (path === '/out/empty') return { exists: true, size: 0 }
    return path === '/out/none' ? { exists: false, size: 0 } : undefined
  },
  verify: { ok: true, evidence: '' },
}

const holds = (check: Check, facts: Partial<OutcomeFacts> = {}) =>
  evaluateCheck(check, { ...FACTS, ...facts })

describe('done when', () => {
  it.each<[Check, true | string]>([
    [{ kind: 'file-exists', path: '/out/a', notEmpty: true }, true],
    [{ kind: 'file-exists', path: '/out/empty' }, true],
    [{ kind: 'file-exists', path: '/out/empty', notEmpty: true }, '/out/empty is empty'],
    [{ kind: 'file-exists', path: '/out/none' }, '/out/none does not exist'],
    [{ kind: 'file-exists', path: '/elsewhere' }, '/elsewhere could not be looked at'],
    [{ kind: 'result-has', field: 'summary' }, true],
    [{ kind: 'result-has', field: 'zero' }, true],
    [{ kind: 'result-has', field: 'report.total' }, true],
    [{ kind: 'result-has', field: 'a.b' }, true],
    [{ kind: 'result-has', field: 'none' }, 'the result has no “none”'],
    [{ kind: 'result-has', field: 'report.other' }, 'the result has no “report.other”'],
    [{ kind: 'result-has', field: 'toString' }, 'the result has no “toString”'],
    [{ kind: 'result-has', field: '__proto__' }, 'the result has no “__proto__”'],
    [{ kind: 'effects-at-least', tool: 'files.move', count: 3 }, true],
    [{ kind: 'effects-at-least', tool: 'files.move', count: 4 }, 'files.move made 3 changes'],
    [{ kind: 'effects-at-least', tool: 'mail.send', count: 1 }, 'mail.send made 0 changes'],
    [{ kind: 'effects-at-most', tool: 'files.move', count: 3 }, true],
    [{ kind: 'effects-at-most', tool: 'files.move', count: 2 }, 'files.move made 3 changes'],
    [{ kind: 'items-settled', each: 'mail', maxSetAside: 1 }, true],
    [{ kind: 'items-settled', each: 'mail', maxSetAside: 0 }, '1 of 7 items of “mail” were set aside'],
    [{ kind: 'items-settled', each: 'open', maxSetAside: 9 }, '1 of 2 items of “open” were not finished'],
    [{ kind: 'items-settled', each: 'constructor', maxSetAside: 0 }, true],
    [{ kind: 'script-verifies' }, true],
  ])('O1 %o: %s', (check, expected) => {
    const verdict = holds(check)
    if (expected === true) expect(verdict).toEqual({ held: true })
    else expect(verdict).toMatchObject({ held: false, evidence: expect.stringContaining(expected) as string })
  })

  const waiting = { mail: { done: 1, aside: 1, waiting: 2, declined: 0, total: 4 } }
  const declined = { mail: { done: 1, aside: 0, waiting: 0, declined: 1, total: 2 } }
  const no = { ok: false, evidence: 'no' }

  it.each<[Check, boolean]>([
    [{ kind: 'items-settled', each: 'mail', maxSetAside: 1 }, true],
    [{ kind: 'items-settled', each: 'mail', maxSetAside: 0 }, false],
    [{ kind: 'effects-at-least', tool: 'mail.send', count: 1 }, true],
    [{ kind: 'effects-at-most', tool: 'files.move', count: 2 }, false],
    [{ kind: 'file-exists', path: '/out/none' }, true],
    [{ kind: 'file-exists', path: '/elsewhere' }, true],
    [{ kind: 'result-has', field: 'none' }, false],
    [{ kind: 'script-verifies' }, true],
  ])('O1 R5 while items wait, %o may still come: %s', (check, mayCome) => {
    const facts = { ...FACTS, items: waiting, verify: no }
    expect(evaluateCheck(check, facts)).toMatchObject({ held: false, mayCome })
    expect(missingOutcome([check], facts) === null).toBe(mayCome)
    expect(evaluateCheck(check, { ...facts, items: {} })).toMatchObject(
      check.kind === 'items-settled' ? { held: true } : { held: false, mayCome: false },
    )
  })

  it('O1 what is judged again when items end is what counts, and what did not hold yet', () => {
    const checks: Check[] = [
      { kind: 'result-has', field: 'summary' },
      { kind: 'file-exists', path: '/out/a' },
      { kind: 'file-exists', path: '/out/none' },
      { kind: 'effects-at-most', tool: 'files.move', count: 9 },
      { kind: 'script-verifies' },
    ]
    expect(openChecks(checks, { ...FACTS, items: waiting })).toEqual([2, 3])
    expect(openChecks(checks, { ...FACTS, items: waiting, verify: no })).toEqual([2, 3, 4])
    expect(openChecks(checks, FACTS)).toEqual([])
  })

  it('O1 P4 what a person declined is not missing', () => {
    const facts = { items: declined }
    expect(holds({ kind: 'items-settled', each: 'mail', maxSetAside: 0 }, facts).held).toBe(true)
    expect(holds({ kind: 'effects-at-least', tool: 'mail.send', count: 1 }, facts).held).toBe(true)
    expect(holds({ kind: 'file-exists', path: '/out/none' }, facts).held).toBe(true)
    expect(holds({ kind: 'file-exists', path: '/elsewhere' }, facts).held).toBe(false)
    expect(holds({ kind: 'result-has', field: 'none' }, facts).held).toBe(false)
  })

  it('O1 a script without a verify, or one that says no, does not hold', () => {
    expect(holds({ kind: 'script-verifies' }, { verify: null }).held).toBe(false)
    expect(
      holds({ kind: 'script-verifies' }, { verify: { ok: false, evidence: '3 rows missing' } }),
    ).toMatchObject({ held: false, evidence: '3 rows missing' })
    expect(holds({ kind: 'script-verifies' }, { verify: { ok: false, evidence: '' } })).toMatchObject({
      held: false,
    })
  })

  it('O1 a result that is no object has no fields', () => {
    for (const result of [null, 'summary', 3, ['summary']]) {
      expect(holds({ kind: 'result-has', field: 'summary' }, { result }).held).toBe(false)
    }
  })

  it('O1 the first check that does not hold is a failure of its own, with the evidence', () => {
    const checks: Check[] = [
      { kind: 'result-has', field: 'summary' },
      { kind: 'file-exists', path: '/out/none' },
      { kind: 'result-has', field: 'none' },
    ]
    expect(missingOutcome(checks, FACTS)).toMatchObject({
      kind: 'outcome-missing',
      check: 'file-exists',
      message: expect.stringContaining('/out/none does not exist') as string,
    })
    expect(missingOutcome(checks.slice(0, 1), FACTS)).toBeNull()
    expect(missingOutcome([], FACTS)).toBeNull()
  })
})
