/** Reads what Prometheus reads (text exposition format 0.0.4), and takes nothing that it would not. */
export interface ReadFamily {
  type: string
  help: string
  samples: { name: string; labels: Record<string, string>; value: number }[]
}

const NAME = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/
const SAMPLE = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)$/
const LABEL = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\\\|\\"|\\n)*)"(,|$)/y

export function readExposition(text: string): Map<string, ReadFamily> {
  if (!text.endsWith('\n')) throw new Error('the last line has no end')
  const families = new Map<string, ReadFamily>()
  let current: [string, ReadFamily] | undefined
  for (const line of text.slice(0, -1).split('\n')) {
    const [, is, name = '', rest = ''] = /^# (HELP|TYPE) (\S+) (.*)$/.exec(line) ?? []
    if (is === 'HELP') {
      if (families.has(name) || !NAME.test(name)) throw new Error(`twice or no name: ${line}`)
      current = [name, { type: '', help: rest, samples: [] }]
      families.set(...current)
    } else if (current === undefined) throw new Error(`of nothing: ${line}`)
    else if (is === 'TYPE') takeType(current, name, rest)
    else current[1].samples.push(readSample(line, ...current))
  }
  families.forEach((family, name) => {
    checkFamily(name, family)
  })
  return families
}

function takeType([family, read]: [string, ReadFamily], name: string, type: string): void {
  if (family !== name || read.type !== '') throw new Error(`out of place: ${name}`)
  if (!['counter', 'gauge', 'histogram'].includes(type)) throw new Error(`no type: ${type}`)
  read.type = type
}

function readSample(line: string, family: string, { type }: ReadFamily): ReadFamily['samples'][number] {
  const [, name = '', labels = '', value = ''] = SAMPLE.exec(line) ?? []
  const suffixes = type === 'histogram' ? ['_bucket', '_sum', '_count'] : ['']
  if (!suffixes.some(suffix => name === family + suffix)) throw new Error(`not of ${family}: ${line}`)
  const number = value === '+Inf' ? Infinity : Number(value)
  if (value === '' || Number.isNaN(number)) throw new Error(`no number: ${line}`)
  return { name, labels: readLabels(labels), value: number }
}

function readLabels(text: string): Record<string, string> {
  const labels: Record<string, string> = {}
  LABEL.lastIndex = 0
  while (LABEL.lastIndex < text.length) {
    const [whole, name = '', value = ''] = LABEL.exec(text) ?? []
    if (whole === undefined || name in labels) throw new Error(`no labels: ${text}`)
    labels[name] = value.replace(/\\([\\"n])/g, (_, sign: string) => (sign === 'n' ? '\n' : sign))
  }
  return labels
}

/** Buckets only grow, and the last one is the count. */
function checkFamily(name: string, { type, samples }: ReadFamily): void {
  if (type !== 'histogram') return
  const of = (suffix: string) => samples.filter(sample => sample.name === name + suffix)
  for (const { labels, value } of of('_count')) {
    const buckets = of('_bucket').filter(({ labels: { le: _le, ...rest } }) => same(rest, labels))
    const bounds = buckets.map(bucket =>
      bucket.labels['le'] === '+Inf' ? Infinity : Number(bucket.labels['le']),
    )
    const counts = buckets.map(bucket => bucket.value)
    if (!isSorted(bounds) || bounds.at(-1) !== Infinity)
      throw new Error(`bounds of ${name}: ${bounds.join()}`)
    if (!isSorted(counts) || counts.at(-1) !== value) throw new Error(`counts of ${name}: ${counts.join()}`)
  }
  if (of('_sum').length !== of('_count').length) throw new Error(`sums of ${name}`)
}

function isSorted(numbers: readonly number[]): boolean {
  return numbers.every((number, place) => place === 0 || (numbers[place - 1] ?? 0) <= number)
}

function same(a: Record<string, string>, b: Record<string, string>): boolean {
  return JSON.stringify(Object.entries(a).sort()) === JSON.stringify(Object.entries(b).sort())
}
