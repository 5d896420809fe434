/** What a measure brings home: one number per round, with the aim it is held against. */

export type Aim = { atLeast: number } | { atMost: number }

export interface Figure {
  name: string
  unit: string
  /** One per round; the median is the figure, the others say how far it can be trusted. */
  rounds: number[]
  aim?: Aim
  /** What has to be known to read it: a count, a peer, a circumstance. */
  note?: string
}

export interface Summary extends Figure {
  median: number
  least: number
  most: number
  /** Null where there is no aim. */
  met: boolean | null
}

/** One file of `measures/`. */
export interface Measure {
  title: string
  measure: (options: MeasureOptions) => Promise<Figure[]>
}

export interface MeasureOptions {
  rounds: number
}

export function summaryOf(figure: Figure): Summary {
  const median = percentile(figure.rounds, 50)
  return {
    ...figure,
    median,
    least: Math.min(...figure.rounds),
    most: Math.max(...figure.rounds),
    met: figure.aim === undefined ? null : isMet(median, figure.aim),
  }
}

/** Nearest rank; NaN where there is no value. */
export function percentile(values: readonly number[], percent: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  const place = Math.min(sorted.length - 1, Math.max(0, Math.ceil((percent / 100) * sorted.length) - 1))
  return sorted[place] ?? NaN
}

function isMet(median: number, aim: Aim): boolean {
  return 'atLeast' in aim ? median >= aim.atLeast : median <= aim.atMost
}
