/**
 * Finds files with exactly the same content: first by their size, then by their hash. The oldest stays; for each of
 * the others the contract asks before it goes into the trash, and what is answered holds only while the oldest is
 * there and holds the same. A copy that was answered for is not asked about again.
 */
import { hash, list, stat, trash } from 'tools/files'
import { each, now } from 'tools/flow'
import { get, set } from 'tools/state'
import { hash as hashText } from 'tools/text'

const slots = /*slots*/ {}

const MOST_FILES = 20000
/** Hashed in one run, those first that take up the most. */
const MOST_HASHED = 3000
/** Copies to be asked about at once. */
const AT_ONCE = 20
/** Keys of copies that are dealt with and still there. */
const SETTLED = 'settled'
const MOST_SETTLED = 500
/** So that the keys of all that is settled can be kept, and none is too long to be one. */
const LONGEST_IN_KEY = 120

export default async function run() {
  const looked = await now()
  const { entries, truncated } = await list(slots.folder, {
    recursive: true,
    kind: 'file',
    limit: MOST_FILES,
  })
  const candidates = ofSameSize(entries.filter(isWanted))
  const { copies, unread } = await copiesIn(candidates.slice(0, MOST_HASHED))
  const known = (await get(SETTLED)) ?? []
  const open = copies.filter(({ key }) => !known.includes(key))
  const asked = await ask(open)
  await remember(known, asked.settled, copies)
  return {
    summary: summaryOf(copies, asked.waiting.length),
    looked: looked.iso,
    files: entries.length,
    complete: !truncated && candidates.length <= MOST_HASHED && unread === 0,
    copies: asked.waiting.map(({ path, keeps }) => ({ path, keeps })),
  }
}

/** Of every copy that was asked about, the file that stays is there, and is another one. */
export async function verify({ result }) {
  const gone = new Set(result.copies.map(({ path }) => path))
  const keeps = [...new Set(result.copies.map(copy => copy.keeps))]
  const found = await Promise.all(keeps.map(path => stat(path)))
  const missing = found.filter(({ path, kind }) => kind !== 'file' || gone.has(path))
  return {
    ok: missing.length === 0,
    evidence: `does not stay: ${missing.map(({ display }) => display).join(', ')}`,
  }
}

/** Asks until enough wait for an answer: those that were answered before are no question. */
async function ask(open) {
  const waiting = []
  const settled = []
  for (let rest = open; rest.length > 0 && waiting.length < AT_ONCE;) {
    const batch = rest.slice(0, AT_ONCE - waiting.length)
    const asked = await each(
      'copy',
      batch,
      ({ key }) => key,
      ({ path, keeps }) => trash(path, { copyOf: keeps }),
    )
    const keys = new Set(asked.waiting.map(({ key }) => key))
    waiting.push(...batch.filter(({ key }) => keys.has(key)))
    settled.push(...asked.declined, ...asked.aside)
    rest = rest.slice(batch.length)
  }
  return { waiting, settled }
}

/** Nothing hidden: programs keep copies there for reasons of their own. */
function isWanted({ path, bytes }) {
  const below = path.slice(slots.folder.length)
  return bytes > 0 && bytes >= slots.smallestKb * 1024 && !/[\\/]\./.test(below)
}

/** Files that share their size with another, the largest first. */
function ofSameSize(files) {
  const sizes = grouped(files, ({ bytes }) => bytes)
  return [...sizes.values()]
    .filter(group => group.length > 1)
    .sort((a, b) => b[0].bytes - a[0].bytes)
    .flat()
}

async function copiesIn(candidates) {
  const read = []
  for (const file of candidates) read.push({ ...file, content: await contentOf(file.path) })
  const known = read.filter(({ content }) => content !== null)
  const groups = grouped(known, ({ content }) => content)
  const copies = []
  for (const [content, group] of groups) copies.push(...(await copiesOf(content, group)))
  return { copies, unread: read.length - known.length }
}

function grouped(files, by) {
  const groups = new Map()
  for (const file of files) {
    const group = groups.get(by(file))
    if (group === undefined) groups.set(by(file), [file])
    else group.push(file)
  }
  return groups
}

/** Null for what cannot be read, and for two names of one and the same file. */
async function contentOf(path) {
  try {
    return (await hash(path)).hash
  } catch {
    return null
  }
}

async function copiesOf(content, group) {
  const [oldest, ...others] = group.sort(byAge)
  const copies = []
  for (const { path, bytes } of others) {
    const place = path.length > LONGEST_IN_KEY ? await hashText(path) : path
    copies.push({ path, bytes, keeps: oldest.path, key: `${content.slice(0, 24)} ${place}` })
  }
  return copies
}

/** Of the same age, the one whose path is shorter was there before. */
function byAge(a, b) {
  return a.modified - b.modified || a.path.length - b.path.length || (a.path < b.path ? -1 : 1)
}

/** So that copies which stay never take the place of others. */
async function remember(known, settled, copies) {
  const here = new Set(copies.map(({ key }) => key))
  const keys = [...known, ...settled.map(({ key }) => key)].filter(key => here.has(key))
  const kept = keys.slice(-MOST_SETTLED)
  if (kept.join('\n') !== known.join('\n')) await set(SETTLED, kept)
}

function summaryOf(copies, waiting) {
  if (copies.length === 0) return 'No duplicates.'
  const bytes = copies.reduce((sum, copy) => sum + copy.bytes, 0)
  const parts = [`Found ${counted(copies.length)} of ${sizeText(bytes)} in all`]
  if (waiting > 0) parts.push(`${waiting} ${waiting === 1 ? 'waits' : 'wait'} for your answer`)
  return `${parts.join(', ')}.`
}

function counted(number) {
  return number === 1 ? '1 copy' : `${number} copies`
}

function sizeText(bytes) {
  const mega = bytes / 1_048_576
  return mega < 1 ? `${Math.ceil(bytes / 1024)} KB` : `${mega.toFixed(1)} MB`
}
