/** What came of all tries, as a table for a terminal and as JSON. Pure. */
import type { TriedIntent } from './evaluate.ts'
import { DIMENSIONS, passes } from './score.ts'
import type { Dimension } from './score.ts'

export interface Total {
  /** Intents to which it applies. */
  intents: number
  /** Of them: those where one try did it (pass@n) · where all did (pass^n). */
  any: number
  all: number
}

export interface Summary {
  intents: number
  tries: number
  /** Of one intent, at most. */
  triesEach: number
  totals: Readonly<Record<Dimension, Total>>
  questions: number
  costMicros: number
  ms: number
}

export function summaryOf(tried: readonly TriedIntent[]): Summary {
  const groups = groupsOf(tried)
  const totals = Object.fromEntries(
    DIMENSIONS.map(dimension => {
      const found = groups.flatMap(
        ([, own]) =>
          passes(
            own.map(({ score }) => score),
            dimension,
          ) ?? [],
      )
      const total: Total = {
        intents: found.length,
        any: found.filter(({ any }) => any).length,
        all: found.filter(({ all }) => all).length,
      }
      return [dimension, total]
    }),
  ) as Record<Dimension, Total>
  const sum = (value: (one: TriedIntent) => number) => tried.reduce((all, one) => all + value(one), 0)
  return {
    intents: groups.length,
    tries: tried.length,
    triesEach: Math.max(0, ...groups.map(([, own]) => own.length)),
    totals,
    questions: sum(({ score }) => score.questions),
    costMicros: sum(({ score }) => score.costMicros),
    ms: sum(({ score }) => score.ms),
  }
}

export function tableOf(tried: readonly TriedIntent[]): string {
  const rows = groupsOf(tried).map(([id, own]) => [
    id,
    ...DIMENSIONS.map(dimension => countText(own, dimension)),
    mean(own, ({ score }) => score.questions).toFixed(1),
    dollars(mean(own, ({ score }) => score.costMicros)),
    `${(mean(own, ({ score }) => score.ms) / 1000).toFixed(1)} s`,
    own
      .flatMap(({ score }) => score.reasons)[0]
      ?.replaceAll(/\s+/g, ' ')
      .slice(0, 100) ?? '',
  ])
  return aligned([[...HEAD], ...rows])
}

export function totalsTable({ totals, triesEach }: Summary): string {
  const share = (some: number, of: number) => (of === 0 ? '–' : `${((100 * some) / of).toFixed(0)} %`)
  const rows = DIMENSIONS.map(dimension => {
    const { intents, any, all } = totals[dimension]
    return [WORDS[dimension], String(intents), share(any, intents), share(all, intents)]
  })
  return aligned([['', 'intents', `pass@${String(triesEach)}`, `pass^${String(triesEach)}`], ...rows])
}

const WORDS: Readonly<Record<Dimension, string>> = {
  deployed: 'live',
  effects: 'effects',
  minimal: 'least',
  refusedRightly: 'refused',
  fewQuestions: 'few questions',
  pass: 'all',
}
const HEAD = ['', ...DIMENSIONS.map(dimension => WORDS[dimension]), 'asked', 'cost', 'time', 'first reason']

function groupsOf(tried: readonly TriedIntent[]): [id: string, own: TriedIntent[]][] {
  return [...Map.groupBy(tried, ({ id }) => id)]
}

function countText(own: readonly TriedIntent[], dimension: Dimension): string {
  const values = own.map(({ score }) => score[dimension])
  if (values.every(value => value === null)) return ''
  return `${String(values.filter(value => value === true).length)}/${String(values.length)}`
}

function mean(own: readonly TriedIntent[], value: (one: TriedIntent) => number): number {
  return own.reduce((sum, one) => sum + value(one), 0) / own.length
}

export function dollars(micros: number): string {
  return `$${(micros / 1_000_000).toFixed(4)}`
}

function aligned(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map(row => row[column]?.length ?? 0)))
  return rows
    .map(row =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}
