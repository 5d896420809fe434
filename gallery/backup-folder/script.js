/**
 * Packs a folder into a zip that carries its date, unless nothing has changed since the last one. Takes away only what
 * it made itself: of every zip it remembers the hash, and one that somebody changed meanwhile stays.
 */
import { create, list as entriesOf } from 'tools/archive'
import { hash, list, stat, trash } from 'tools/files'
import { each, now } from 'tools/flow'
import { send } from 'tools/notify'
import { get, set } from 'tools/state'
import { hash as hashText } from 'tools/text'

const slots = /*slots*/ {}

/** What was made and is kept, the newest first, and what the folder looked like then. */
const MADE = 'made'
const MOST_FILES = 20000
const LONGEST_IN_KEY = 400

export default async function run() {
  const { zips, look } = fitting(await get(MADE))
  const seen = await lookAt(zips)
  if (seen.files === 0) return { summary: 'Nothing to back up: the folder is empty.', zip: null, removed: [] }
  const [last] = zips
  if (last !== undefined && look !== null && look === seen.look && (await isWhole(last))) {
    return { summary: `Nothing has changed since ${nameOf(last.path)}.`, zip: last, removed: [] }
  }
  const packed = await pack()
  const zip = { path: packed.path, bytes: packed.bytes, hash: packed.hash, files: packed.files }
  const made = [zip, ...zips]
  const removed = await rotate(made.slice(slots.keep))
  await set(MADE, { folder: slots.folder, to: slots.to, look: seen.look, zips: made.slice(0, slots.keep) })
  const summary = summaryOf(packed, removed)
  if (slots.tell === 'yes') await send(`Backed up ${cut(nameOf(slots.folder), 80)}`, summary)
  return { summary, zip, removed }
}

/** The zip is where it was made, as long as it was made, and opens. */
export async function verify({ result }) {
  if (result.zip === null) return { ok: true, evidence: '' }
  const { path, bytes, files } = result.zip
  const found = await stat(path)
  if (found.bytes !== bytes) return { ok: false, evidence: `${found.display} is not what was packed` }
  const { total } = await entriesOf(path, { limit: 1 })
  return { ok: total >= files, evidence: `${found.display} holds ${total} entries of ${files} files` }
}

async function isWhole({ path, bytes }) {
  return (await stat(path)).bytes === bytes
}

/** What was made of another folder, or elsewhere, is none of this one's. */
function fitting(made) {
  if (made?.folder === slots.folder && made.to === slots.to) return made
  return { zips: [], look: null }
}

/** How the folder looks now; null where there is too much in it to say. */
async function lookAt(zips) {
  const { entries, truncated } = await list(slots.folder, {
    recursive: true,
    kind: 'file',
    limit: MOST_FILES,
  })
  const own = new Set(zips.map(({ path }) => path))
  const files = entries.filter(({ path }) => !own.has(path))
  const lines = files.map(({ path, bytes, modified }) => `${path} ${bytes} ${modified}`)
  return { files: files.length, look: truncated ? null : await hashText(lines.join('\n')) }
}

async function pack() {
  const { date, time } = await now()
  const name = nameOf(slots.folder)
  const to = `${slots.to}/${name} ${date} ${time.slice(0, 8).replaceAll(':', '')}.zip`
  const unwanted = (slots.leaveOut ?? '').split(/[,;\n]/).map(each => each.trim())
  const exclude = unwanted.filter(each => each !== '')
  // Backups that lie in the folder itself are not packed again.
  return create([slots.folder], to, { exclude: [...exclude, `${name} ????-??-?? ??????.zip`] })
}

async function rotate(old) {
  const keys = new Map()
  for (const { path } of old) keys.set(path, await keyOf(path))
  const { done } = await each('zip', old, ({ path }) => keys.get(path), remove)
  return done.flatMap(({ result }) => (result === null ? [] : [result]))
}

/** A key is no longer than 512 characters; a path may be. */
async function keyOf(path) {
  return path.length > LONGEST_IN_KEY ? hashText(path) : path
}

async function remove({ path, bytes, hash: made }) {
  const found = await stat(path)
  if (found.kind !== 'file' || found.bytes !== bytes || (await hash(path)).hash !== made) return null
  await trash(path)
  return path
}

function summaryOf({ path, files, skippedCount }, removed) {
  const parts = [`Packed ${counted(files, 'file')} into ${nameOf(path)}`]
  if (skippedCount > 0) parts.push(`left out ${counted(skippedCount, 'link')} and the like`)
  if (removed.length > 0) parts.push(`put ${counted(removed.length, 'old one')} into the trash`)
  return `${parts.join(', ')}.`
}

function nameOf(path) {
  return path.split(/[\\/]/).at(-1)
}

function counted(number, what) {
  return number === 1 ? `1 ${what}` : `${number} ${what}s`
}

/** Never through the middle of a character. */
function cut(text, longest) {
  if (text.length <= longest) return text
  return `${text.slice(0, longest - 1).replace(/[\ud800-\udbff]$/, '')}…`
}
