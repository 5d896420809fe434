/** Columns of a report as people write them (`name, owner.login as Owner`), read into data. Pure. */

export interface ReportColumn {
  /** Names that lead from a row to the value. */
  path: string[]
  name: string
}

export type ColumnsAnswer = { ok: true; columns: ReportColumn[] } | { ok: false; problem: string }

const MOST = 100
const LONGEST = 100

/** `problem` is the end of a sentence about the text. */
export function parseColumns(text: string): ColumnsAnswer {
  const entries = text.split(/[,;\n]/).flatMap(entry => (entry.trim() === '' ? [] : [entry.trim()]))
  if (entries.length === 0) return { ok: false, problem: 'holds no column' }
  if (entries.length > MOST) return { ok: false, problem: `holds more than ${MOST} columns` }
  const columns = entries.map(columnOf)
  const odd = columns.findIndex(({ path, name }) => name === '' || path.some(part => part === ''))
  if (odd !== -1) return { ok: false, problem: `has a column that is none: “${entries[odd] ?? ''}”` }
  if (columns.some(({ name, path }) => name.length > LONGEST || path.length > 20))
    return { ok: false, problem: `has a column longer than ${LONGEST} characters` }
  const names = columns.map(({ name }) => name)
  const twice = names.find((name, place) => names.indexOf(name) !== place)
  return twice === undefined ? { ok: true, columns } : { ok: false, problem: `names “${twice}” twice` }
}

function columnOf(entry: string): ReportColumn {
  const [, place = entry, name] = /^(.*?)\s+(?:as|als)\s+(.*)$/i.exec(entry) ?? []
  return { path: place.split('.').map(part => part.trim()), name: name ?? place.trim() }
}
