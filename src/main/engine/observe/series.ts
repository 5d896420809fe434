/**
 * Numbers that are counted as things happen, kept in memory for as long as the process lives, and their text as
 * Prometheus reads it (exposition format 0.0.4). Owns its counts. Bounded: what would be one series too many is
 * counted under `other`.
 */
export interface Sample {
  labels: Readonly<Record<string, string>>
  value: number
  /** Of a histogram: `_bucket`, `_sum`, `_count`. */
  suffix?: string
}

export interface Family {
  name: string
  help: string
  type: 'counter' | 'gauge' | 'histogram'
  samples: readonly Sample[]
}

interface Declared<L extends string> {
  name: string
  help: string
  labels: readonly L[]
}

type Labels<L extends string> = Readonly<Record<L, string>>

export const MOST_SERIES = 200

class Series<L extends string, S> {
  readonly #known = new Map<string, { labels: Readonly<Record<string, string>>; state: S }>()
  readonly #names: readonly L[]
  readonly #fresh: () => S

  constructor(names: readonly L[], fresh: () => S) {
    this.#names = names
    this.#fresh = fresh
  }

  get(labels: Labels<L>): S {
    const own = Object.fromEntries(this.#names.map(name => [name, labels[name]]))
    const key = JSON.stringify(own)
    const found = this.#known.get(key)
    if (found !== undefined) return found.state
    if (this.#known.size >= MOST_SERIES) return this.#other()
    const made = { labels: own, state: this.#fresh() }
    this.#known.set(key, made)
    return made.state
  }

  #other(): S {
    const labels = Object.fromEntries(this.#names.map(name => [name, 'other']))
    const key = JSON.stringify(labels)
    const found = this.#known.get(key) ?? { labels, state: this.#fresh() }
    this.#known.set(key, found)
    return found.state
  }

  all(): { labels: Readonly<Record<string, string>>; state: S }[] {
    return [...this.#known.values()]
  }
}

export class Counter<L extends string> {
  readonly #declared: Declared<L>
  readonly #series: Series<L, { value: number }>

  constructor(declared: Declared<L>) {
    this.#declared = declared
    this.#series = new Series(declared.labels, () => ({ value: 0 }))
  }

  add(labels: Labels<L>, by = 1): void {
    this.#series.get(labels).value += by
  }

  family(): Family {
    const { name, help } = this.#declared
    const samples = this.#series.all().map(({ labels, state }) => ({ labels, value: state.value }))
    return { name, help, type: 'counter', samples }
  }
}

interface Observed {
  /** How many were at most each bound; not cumulative, the last one above all bounds. */
  buckets: number[]
  sum: number
}

export class Histogram<L extends string> {
  readonly #declared: Declared<L>
  readonly #bounds: readonly number[]
  readonly #series: Series<L, Observed>

  constructor(declared: Declared<L>, bounds: readonly number[]) {
    this.#declared = declared
    this.#bounds = bounds
    this.#series = new Series(declared.labels, () => ({
      buckets: new Array<number>(bounds.length + 1).fill(0),
      sum: 0,
    }))
  }

  observe(labels: Labels<L>, value: number): void {
    const observed = this.#series.get(labels)
    const found = this.#bounds.findIndex(bound => value <= bound)
    const place = found < 0 ? this.#bounds.length : found
    observed.buckets[place] = (observed.buckets[place] ?? 0) + 1
    observed.sum += value
  }

  family(): Family {
    const { name, help } = this.#declared
    const samples = this.#series.all().flatMap(({ labels, state }) => this.#samplesOf(labels, state))
    return { name, help, type: 'histogram', samples }
  }

  #samplesOf(labels: Readonly<Record<string, string>>, { buckets, sum }: Observed): Sample[] {
    let count = 0
    const cumulative = buckets.map((of, place) => {
      count += of
      const le = this.#bounds[place]
      return {
        suffix: '_bucket',
        labels: { ...labels, le: le === undefined ? '+Inf' : String(le) },
        value: count,
      }
    })
    return [...cumulative, { suffix: '_sum', labels, value: sum }, { suffix: '_count', labels, value: count }]
  }
}

export function expositionOf(families: readonly Family[]): string {
  return families.map(familyText).join('')
}

function familyText({ name, help, type, samples }: Family): string {
  const head = `# HELP ${name} ${help.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')}\n# TYPE ${name} ${type}\n`
  return head + samples.map(sample => sampleText(name, sample)).join('')
}

function sampleText(name: string, { labels, value, suffix = '' }: Sample): string {
  const pairs = Object.entries(labels).map(([label, text]) => `${label}="${escaped(text)}"`)
  return `${name}${suffix}${pairs.length === 0 ? '' : `{${pairs.join(',')}}`} ${numberText(value)}\n`
}

function escaped(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')
}

function numberText(value: number): string {
  if (value === Number.POSITIVE_INFINITY) return '+Inf'
  return value === Number.NEGATIVE_INFINITY ? '-Inf' : String(value)
}
