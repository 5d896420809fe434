/**
 * Moves photos into folders by the day they were taken, as their camera wrote it; where it did not, or where that
 * cannot be, by the time of the file. Two of one name both stay: the second gets a number. A photo that was moved and
 * put back by hand stays where it was put.
 */
import { list, move, stat } from 'tools/files'
import { each, now, uuid } from 'tools/flow'
import { info } from 'tools/images'
import { send } from 'tools/notify'
import { get, set } from 'tools/state'
import { addToDate } from 'tools/text'

const slots = /*slots*/ {}

/** Photos in one run; more are told of in further events. */
const AT_ONCE = 100
const PHOTOS = 'jpg jpeg png heic heif webp avif tif tiff gif dng cr2 cr3 nef arw orf rw2 raf'.split(' ')
const VIDEOS = 'mp4 m4v mov avi mkv 3gp mts'.split(' ')
/** Before there were cameras that wrote it down: a clock that was never set. */
const FIRST_YEAR = 1990
/** How many were moved and not told of yet, because more of them came at once. */
const UNTOLD = 'untold'

export default async function run(event) {
  const looked = await now()
  const mark = await uuid()
  const due = await photosOf(event)
  const batch = due.slice(0, AT_ONCE)
  const sorted = await each(
    'photo',
    batch,
    ({ name, modified, bytes }) => `${name}#${modified}#${bytes}`,
    photo => put(photo, looked, mark),
  )
  // A key that an earlier run had finished answers with that run's result: it was put back by hand.
  const moved = sorted.done.flatMap(({ result }) =>
    result.run === mark && result.path !== null ? [result] : [],
  )
  const isLast = !Array.isArray(event?.files) || event.files.length < AT_ONCE
  if (slots.tell === 'yes') await tell(moved, isLast)
  return {
    summary: summaryOf(moved, sorted, due.length - batch.length),
    moved: moved.map(({ name, path }) => ({ name, path })),
  }
}

/** What is said to have been moved is at its new place. */
export async function verify({ result }) {
  const places = await Promise.all(result.moved.map(({ path }) => stat(path)))
  const missing = places.filter(({ exists }) => !exists).map(({ display }) => display)
  return { ok: missing.length === 0, evidence: `not where it was moved to: ${missing.join(', ')}` }
}

async function photosOf(event) {
  const { entries } = await list(slots.folder, { kind: 'file', limit: 20000 })
  const photos = entries.filter(({ name }) => kindOf(name) !== null && !/^[.~]/.test(name))
  if (!Array.isArray(event?.files)) return photos
  const told = new Set(event.files.map(({ name }) => name))
  return photos.filter(({ name }) => told.has(name))
}

function kindOf(name) {
  const ending = name.toLowerCase().split('.').slice(1).at(-1)
  if (PHOTOS.includes(ending)) return 'photo'
  return slots.videos === 'yes' && VIDEOS.includes(ending) ? 'video' : null
}

async function put(photo, looked, run) {
  const day = kindOf(photo.name) === 'photo' ? await takenOn(photo.path, looked) : null
  const folder = folderFor(day ?? (await addToDate(photo.modified, { days: 0 })).date)
  const known = { name: photo.display, run, byFile: day === null }
  try {
    const to = `${slots.to}/${folder}/${photo.name}`
    return { ...known, path: (await move(photo.path, to, { ifExists: 'rename', parents: true })).path }
  } catch (error) {
    const { exists } = await stat(photo.path)
    if (exists) throw error
    return { ...known, path: null }
  }
}

/** `2026`, `2026/2026-03` or `2026/2026-03-14`. */
function folderFor(day) {
  const year = day.slice(0, 4)
  if (slots.by === 'year') return year
  return `${year}/${slots.by === 'month' ? day.slice(0, 7) : day}`
}

/** The day by the camera's own clock; null where it did not say, or cannot be right. */
async function takenOn(path, looked) {
  const local = (await takenAt(path)) ?? ''
  const year = Number(local.slice(0, 4))
  return year >= FIRST_YEAR && year <= Number(looked.date.slice(0, 4)) + 1 ? local.slice(0, 10) : null
}

async function takenAt(path) {
  try {
    return (await info(path)).taken?.local ?? null
  } catch {
    // Damaged, of a kind that is not read, or too large: the time of the file is all there is.
    return null
  }
}

async function tell(moved, isLast) {
  const before = (await get(UNTOLD)) ?? 0
  const count = before + moved.length
  const untold = isLast ? 0 : count
  if (untold !== before) await set(UNTOLD, untold)
  if (!isLast || count === 0) return
  const names = moved.slice(0, 10).map(({ name }) => cut(name, 80))
  const more = count - names.length
  await send(`Sorted ${counted(count)}`, [...names, ...(more > 0 ? [`and ${more} more`] : [])].join('\n'))
}

function summaryOf(moved, { aside, waiting }, left) {
  const byFile = moved.filter(each => each.byFile).length
  const parts = moved.length > 0 ? [`Sorted ${counted(moved.length)}`] : []
  if (waiting.length > 0) parts.push(`${counted(waiting.length)} waiting for an answer or for their turn`)
  if (parts.length === 0) parts.push('No photo to sort')
  if (byFile > 0) parts.push(`${byFile} by the time of the file`)
  if (aside.length > 0) parts.push(`${counted(aside.length)} could not be moved`)
  if (left > 0) parts.push(`${counted(left)} left: run it again for them`)
  return `${parts.join(', ')}.`
}

function counted(number) {
  return number === 1 ? '1 photo' : `${number} photos`
}

/** Never through the middle of a character. */
function cut(text, longest) {
  if (text.length <= longest) return text
  return `${text.slice(0, longest - 1).replace(/[\ud800-\udbff]$/, '')}…`
}
