/**
 * Writes each delivery down as it was, or the fields of it that are wanted: into a file of the month, or a note of the
 * day, which goes on in another when it is full: whoever posted was told that it was taken. What is posted is somebody
 * else's text: it can begin no line of the file as an entry of its own.
 */
import { append, stat } from 'tools/files'
import { now } from 'tools/flow'
import { append as note, list as notes } from 'tools/notes'
import { send } from 'tools/notify'
import { get, set } from 'tools/state'

const slots = /*slots*/ {}

const TOLD = 'told'
/** In an hour; of what comes beyond it the number is told when the hour is over and more comes. */
const MOST_TOLD = 5
const HOUR = 3_600_000
/** The note that was written to last: its title and, where it is not the first of that title, its number. */
const LAST_NOTE = 'note'
/** Characters: what is longer is slow to add to. */
const NOTE_HOLDS = 250_000
/** JSON as long as this is kept as it came: indented it could be a hundred times that. */
const LONGEST_INDENTED = 20_000

export default async function run(event) {
  if (event?.trigger !== 'webhook')
    return { summary: 'Nothing was posted. Its address is what “steward hooks” shows.', kept: null }
  const at = await now()
  const wanted = wantedOf(event)
  const text = slots.format === 'json' ? jsonText(at, event, wanted) : plainText(at, wanted)
  const kept = await keep(text, at)
  if (slots.tell === 'yes') await tell(wanted, at.ms)
  return { summary: `Kept what was posted in ${kept.name}.`, kept, delivery: event.delivery }
}

/** What is said to have been kept is there. */
export async function verify({ result }) {
  if (result.kept === null) return { ok: true }
  const { name, note: title, file, length } = result.kept
  const found = file === null ? await charactersOf(title) : (await stat(file)).bytes
  return { ok: (found ?? 0) >= length, evidence: `the delivery is not where it was written: ${name}` }
}

/** Fields by their names where some are wanted and there are such; otherwise all of it. */
function wantedOf(event) {
  const body = bodyOf(event)
  if (slots.fields === null || !isObject(body)) return { fields: null, body }
  return { fields: slots.fields.map(({ name, path }) => [name, valueAt(body, path)]), body }
}

function bodyOf({ json, body, type }) {
  if (json !== null) return json
  return (type.startsWith('application/x-www-form-urlencoded') ? formOf(body) : null) ?? body
}

/** Null where it is no form. */
function formOf(body) {
  try {
    const pairs = body.split('&').map(pair => pair.replaceAll('+', ' ').split('='))
    return Object.fromEntries(
      pairs.map(([name, ...value]) => [decodeURIComponent(name), decodeURIComponent(value.join('='))]),
    )
  } catch {
    return null
  }
}

function valueAt(body, path) {
  let found = body
  for (const name of path) {
    if (!isObject(found) || !Object.hasOwn(found, name)) return null
    found = found[name]
  }
  return found
}

function isObject(value) {
  return typeof value === 'object' && value !== null
}

function jsonText(at, { delivery, type, encoding }, { fields, body }) {
  const said = fields === null ? { type, encoding, body } : { fields: Object.fromEntries(fields) }
  return `${JSON.stringify({ at: at.iso, delivery, ...said })}\n`
}

function plainText(at, wanted) {
  const lines = shown(wanted).split(/\r\n|[\n\r\u2028\u2029]/)
  return `${at.local.replace('T', ' ')}\n\n    ${lines.join('\n    ')}\n\n`
}

function shown({ fields, body }) {
  if (fields === null) return whole(typeof body === 'string' ? body : indented(body)).trimEnd()
  const lines = fields.map(
    ([name, value]) => `${name}: ${typeof value === 'string' ? value : JSON.stringify(value)}`,
  )
  return whole(lines.join('\n')).trimEnd()
}

/** JSON can say half a character, which no text holds. */
function whole(text) {
  return text.replaceAll(/\p{Cs}/gu, '\ufffd')
}

function indented(value) {
  const json = JSON.stringify(value)
  return json.length > LONGEST_INDENTED ? json : JSON.stringify(value, null, 2)
}

async function keep(text, at) {
  if (slots.folder === null) return keepInNotes(`${oneLine(slots.label)} ${at.date}`, text)
  const name = `${fileName()} ${at.date.slice(0, 7)}.${slots.format === 'json' ? 'jsonl' : 'txt'}`
  const { path, bytes } = await append(`${slots.folder}/${name}`, text)
  return { name, note: null, file: path, length: bytes }
}

/** A delivery is in one note, if one can hold it. */
async function keepInNotes(title, text) {
  const last = await get(LAST_NOTE)
  let number = last?.title === title ? last.number : 1
  let characters = 0
  for (const piece of piecesOf(text)) {
    while ((await charactersOf(numbered(title, number))) + piece.length > NOTE_HOLDS) number++
    characters = (await note(numbered(title, number), piece, { tags: ['webhook'] })).characters
  }
  await set(LAST_NOTE, { title, number })
  const called = numbered(title, number)
  return { name: `the note “${called}”`, note: called, file: null, length: characters }
}

async function charactersOf(title) {
  const [found] = await notes({ title, limit: 1 })
  return found?.characters ?? 0
}

function numbered(title, number) {
  return number === 1 ? title : `${title} (${number})`
}

/** None ends in the middle of a character. */
function piecesOf(text) {
  const pieces = []
  for (let from = 0; from < text.length; from += pieces.at(-1).length)
    pieces.push(text.slice(from, from + NOTE_HOLDS).replace(/[\ud800-\udbff]$/, ''))
  return pieces
}

/** As far as every disk takes it. */
function fileName() {
  const name = slots.label.replaceAll(/[^\p{L}\p{N}_-]+/gu, ' ').trim()
  return name === '' ? 'Webhook' : name
}

async function tell(wanted, ms) {
  const before = (await get(TOLD)) ?? { since: 0, told: 0, untold: 0 }
  const isNewHour = ms - before.since >= HOUR
  const hour = isNewHour ? { since: ms, told: 0, untold: before.untold } : before
  if (hour.told === MOST_TOLD) {
    await set(TOLD, { ...hour, untold: hour.untold + 1 })
    return
  }
  const remarks = [
    ...(hour.untold > 0 ? [`${hour.untold} more came since you were told last.`] : []),
    ...(hour.told === MOST_TOLD - 1 ? ['Of what comes within the hour you are not told any more.'] : []),
  ]
  const body = [cut(shown(wanted), 600), ...(remarks.length > 0 ? ['', ...remarks] : [])]
  await send(`${oneLine(slots.label)}: something was posted`, body.join('\n'))
  await set(TOLD, { ...hour, told: hour.told + 1, untold: 0 })
}

function oneLine(text) {
  return text.replaceAll(/[\s\p{C}]+/gu, ' ').trim()
}

/** Never through the middle of a character. */
function cut(text, longest) {
  if (text.length <= longest) return text
  return `${text.slice(0, longest - 1).replace(/[\ud800-\udbff]$/, '')}…`
}
