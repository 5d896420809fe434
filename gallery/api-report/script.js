/**
 * Fetches rows once a day at most and writes them into the file of that day. A report that is there already stays as
 * it is, whoever wrote it, so that starting it again writes nothing twice.
 */
import { stat, write } from 'tools/files'
import { now } from 'tools/flow'
import { get } from 'tools/http'
import { send } from 'tools/notify'
import { toMarkdown } from 'tools/tables'
import { csvFormat, csvParse } from 'tools/text'

const slots = /*slots*/ {}

const MOST_ROWS = 10_000
const MOST_COLUMNS = 100

export default async function run() {
  const { date } = await now()
  const name = `${fileName()} ${date}.${slots.format}`
  const path = `${slots.folder}/${name}`
  const { exists } = await stat(path)
  if (exists) return { summary: `${name} was there already.`, rows: 0, file: path, problems: [] }
  const { rows, problems } = await fetchRows()
  if (rows.length === 0) return { summary: 'The answer had no rows.', rows: 0, file: null, problems }
  await put(path, rows)
  if (slots.tell === 'yes') await send(`Report: ${counted(rows)}`, `${name} in ${slots.folder}`)
  return { summary: `Wrote ${counted(rows)} into ${name}.`, rows: rows.length, file: path, problems }
}

/** What is said to have been written is there, and is not empty. */
export async function verify({ result }) {
  if (result.file === null) return { ok: result.rows === 0, evidence: 'there were rows, and no file' }
  const { exists, bytes } = await stat(result.file)
  return { ok: exists && bytes !== 0, evidence: `${result.file} is missing or empty` }
}

async function fetchRows() {
  const { body, headers } = await get(slots.url, {
    headers: { accept: 'application/json, text/csv;q=0.9, */*;q=0.1' },
  })
  const { found, problems } =
    typeof body === 'string' ? await fromText(body, headers) : { found: body, problems: [] }
  const rows = rowsOf(at(found, slots.rows === null ? [] : slots.rows.split('.')))
  if (rows.length > MOST_ROWS) throw new Error(`There are ${rows.length} rows; a report takes ${MOST_ROWS}.`)
  return { rows: shaped(rows), problems }
}

async function fromText(text, headers) {
  const type = headers['content-type'] ?? ''
  if (!/csv|text\/plain|octet-stream/.test(type) || text.trimStart().startsWith('<'))
    throw new Error('The answer was neither JSON nor CSV. Nothing was written.')
  const { rows, problems } = await csvParse(text)
  return { found: rows, problems: problems.slice(0, 20).map(({ row, message }) => `row ${row}: ${message}`) }
}

function at(value, path) {
  let found = value
  for (const name of path) {
    if (typeof found !== 'object' || found === null || !Object.hasOwn(found, name))
      throw new Error(`The answer has no “${slots.rows}”. Nothing was written.`)
    found = found[name]
  }
  return found
}

/** One object is one row, and an object of objects is none: which part of it has the rows is not for guessing. */
function rowsOf(value) {
  if (value === null) return []
  return Array.isArray(value) ? value : [value]
}

function shaped(rows) {
  if (slots.format === 'json' && slots.columns === null) return rows
  const flat = rows.map(row => (slots.columns === null ? flattened(row) : chosen(row, slots.columns)))
  const names = new Set(flat.flatMap(row => Object.keys(row)))
  if (names.size > MOST_COLUMNS) throw new Error(`There are ${names.size} columns; name those that you want.`)
  return flat
}

function chosen(row, columns) {
  return Object.fromEntries(columns.map(({ name, path }) => [name, cell(valueAt(row, path))]))
}

function valueAt(row, path) {
  let found = row
  for (const name of path) {
    if (typeof found !== 'object' || found === null || !Object.hasOwn(found, name)) return null
    found = found[name]
  }
  return found
}

/** Objects in a row become columns of their own, one level deep; what lies deeper stays as JSON. */
function flattened(row) {
  if (typeof row !== 'object' || row === null || Array.isArray(row)) return { value: cell(row) }
  return Object.fromEntries(
    Object.entries(row).flatMap(([name, value]) =>
      typeof value === 'object' && value !== null && !Array.isArray(value)
        ? Object.entries(value).map(([inner, deeper]) => [`${name}.${inner}`, cell(deeper)])
        : [[name, cell(value)]],
    ),
  )
}

function cell(value) {
  return typeof value === 'object' && value !== null ? JSON.stringify(value) : value
}

async function put(path, rows) {
  if (slots.format === 'json') {
    await write({ path, json: rows })
    return
  }
  const columns = [...new Set(rows.flatMap(row => Object.keys(row)))]
  const isTable = slots.format === 'md'
  await write(
    path,
    isTable
      ? `${await toMarkdown(rows, { columns })}\n`
      : await csvFormat(rows, { columns, escapeFormulas: true }),
  )
}

/** Host and last part of the address, as far as every disk takes them. */
function fileName() {
  const [host, ...parts] = slots.url
    .replace(/^https?:\/\//, '')
    .split(/[?#]/, 1)[0]
    .split('/')
  const last = parts.filter(part => part !== '').at(-1)
  const named = last === undefined ? host : `${host} ${last}`
  return named
    .replaceAll(/[^a-zA-Z0-9._-]+/g, ' ')
    .slice(0, 80)
    .trim()
}

function counted({ length }) {
  return length === 1 ? '1 row' : `${length} rows`
}
