/**
 * Looks at what was added to a file since the last look. A log that was put away as `.1` and begun anew is read to its
 * end there first; one that was emptied is read from its start. The first look only draws the line.
 */
import { lines, stat } from 'tools/files'
import { now } from 'tools/flow'
import { send } from 'tools/notify'
import { get, set } from 'tools/state'

const slots = /*slots*/ {}

const SEEN = 'seen'
/** Readings in one look, each of 8 MB at most; what is beyond them is read at the next. */
const MOST_READINGS = 16
/** Lines to be told; of more the number is. */
const MOST_TOLD = 15
/** After this many looks in a row with news there is a notice once an hour. */
const RESTLESS = 3
const HOUR = 3_600_000
/** Logs are away for a moment while they are changed. */
const GONE_AFTER = 2

export default async function run() {
  const looked = await now()
  const seen = fitting(await get(SEEN))
  const { kind } = await stat(slots.file)
  if (kind !== 'file') return gone(seen, looked)
  if (seen.after === null) return begin(seen, looked)
  const news = await readOn(seen.after)
  const pending = {
    count: seen.pending.count + news.found.length,
    lines: [...seen.pending.lines, ...news.found.map(shown)].slice(0, MOST_TOLD),
    lost: seen.pending.lost || news.lost,
  }
  const streak = news.found.length > 0 ? seen.streak + 1 : 0
  const isTold = pending.count > 0 && (streak <= RESTLESS || looked.ms - seen.toldAt >= HOUR)
  if (isTold) await tell(pending, streak)
  await set(SEEN, {
    ...seen,
    after: news.after,
    missing: 0,
    streak,
    toldAt: isTold ? looked.ms : seen.toldAt,
    pending: isTold ? NOTHING : pending,
  })
  return ended(news.more ? 'behind' : 'watched', looked, news.found.length)
}

const NOTHING = { count: 0, lines: [], lost: false }

/** What was seen of another file says nothing about this one. */
function fitting(seen) {
  if (seen?.file === slots.file) return seen
  return { file: slots.file, after: null, missing: 0, streak: 0, toldAt: 0, pending: NOTHING }
}

async function begin(seen, looked) {
  const { after } = await lines(slots.file, { from: 'end' })
  await set(SEEN, { ...seen, after, missing: 0 })
  return ended('begun', looked, 0)
}

async function gone(seen, looked) {
  const missing = seen.missing + 1
  if (missing === GONE_AFTER) {
    const body = `There was no such file in ${missing} looks. It is looked for further on.`
    await send(`${nameOf(slots.file)} is gone`, body, { level: 'warning' })
  }
  await set(SEEN, { ...seen, missing })
  return ended('gone', looked, 0)
}

async function readOn(after) {
  const first = await reading(slots.file, after)
  if (!first.replaced) return readMore(first, MOST_READINGS - 1)
  const old = await restOf(`${slots.file}.1`, after)
  const rest = await readMore(first, MOST_READINGS - 1)
  return { ...rest, found: [...(old ?? []), ...rest.found], lost: old === null }
}

async function readMore(first, readings) {
  const found = first.lines.filter(isWanted)
  let last = first
  for (let left = readings; last.more && left > 0; left--) {
    last = await reading(slots.file, last.after)
    found.push(...last.lines.filter(isWanted))
  }
  return { found, after: last.after, more: last.more, lost: false }
}

/** What came to the old log after the last look; null where it is not to be found. */
async function restOf(path, after) {
  const { kind } = await stat(path)
  if (kind !== 'file') return null
  const found = []
  let last = await reading(path, after)
  if (last.replaced) return null
  found.push(...last.lines)
  for (let left = MOST_READINGS; last.more && left > 0; left--) {
    last = await reading(path, last.after)
    found.push(...last.lines)
  }
  return found.filter(isWanted)
}

/** Of every group of words one is looked for already while reading, so that few lines come here. */
function reading(path, after) {
  const { any } = slots.words
  return lines(path, any.length === 0 ? { after } : { after, containing: any.map(([word]) => word) })
}

function isWanted(line) {
  const text = line.toLowerCase()
  const has = word => text.includes(word.toLowerCase())
  const { any, none } = slots.words
  return (any.length === 0 || any.some(words => words.every(has))) && !none.some(has)
}

async function tell({ count, lines: told, lost }, streak) {
  const more = count - told.length
  const body = [
    ...told,
    ...(more > 0 ? [`and ${more} more`] : []),
    ...(lost ? ['The file was begun anew; what was written just before that may be missing here.'] : []),
    ...(streak === RESTLESS ? ['From now on you are told of such lines once an hour, until they stop.'] : []),
  ]
  await send(
    `${count === 1 ? '1 line' : `${count} lines`} in ${cut(nameOf(slots.file), 60)}`,
    body.join('\n'),
  )
}

function ended(status, looked, found) {
  const words = {
    begun: 'Looks from here on.',
    gone: 'The file is not there.',
    behind: `Found ${found}; there is more to read.`,
    watched: found === 0 ? 'Nothing new of that kind.' : `Found ${found}.`,
  }
  return { summary: words[status], looked: looked.iso, status, found }
}

/** Without what a terminal would take for commands. */
function shown(line) {
  return cut(
    line
      .replaceAll(/\u001b\[[0-9;]*[A-Za-z]/g, '')
      .replaceAll(/\p{Cc}+/gu, ' ')
      .trim(),
    220,
  )
}

function nameOf(path) {
  return path.split(/[\\/]/).at(-1)
}

/** Never through the middle of a character. */
function cut(text, longest) {
  if (text.length <= longest) return text
  return `${text.slice(0, longest - 1).replace(/[\ud800-\udbff]$/, '')}…`
}
