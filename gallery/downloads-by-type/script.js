/**
 * Moves finished downloads into a sub-folder for their kind. It is told which files came; run by hand it takes all
 * that lie there. Left alone: hidden files, what is still arriving, and what is gone by now. A file that was moved and
 * put back by hand stays where it was put.
 */
import { list, move, stat } from 'tools/files'
import { each, uuid } from 'tools/flow'
import { send } from 'tools/notify'

const slots = /*slots*/ {}

/** Files in one run; more are told of in further events. */
const AT_ONCE = 100
const UNFINISHED = [
  '.part',
  '.partial',
  '.crdownload',
  '.download',
  '.opdownload',
  '.filepart',
  '.aria2',
  '.tmp',
]
const KINDS = {
  Documents: 'pdf doc docx odt rtf txt md epub mobi pages tex djvu xls xlsx ods csv ppt pptx odp key numbers',
  Pictures: 'jpg jpeg png gif webp heic heif avif tif tiff bmp svg raw cr2 cr3 nef arw dng psd',
  Music: 'mp3 m4a aac flac wav ogg opus wma aiff mid',
  Videos: 'mp4 m4v mov mkv avi webm wmv mpg mpeg 3gp',
  Archives: 'zip rar 7z gz tgz bz2 xz zst tar',
  Programs: 'exe msi msix dmg pkg deb rpm appimage apk flatpak snap iso img jar',
  Calendars: 'ics vcf',
}
const OTHER = 'Other'

export default async function run(event) {
  const mark = await uuid()
  const files = await filesOf(event)
  const due = files.flatMap(file => {
    const folder = isPassedOver(file.name) ? null : kindOf(file.name)
    return folder === null ? [] : [{ ...file, folder }]
  })
  const batch = due.slice(0, AT_ONCE)
  const sorted = await each(
    'file',
    batch,
    ({ name, modified, bytes }) => `${name}#${modified}#${bytes}`,
    file => put(file, mark),
  )
  // A key that an earlier run had finished answers with that run's result: the file was put back by hand.
  const moved = sorted.done.flatMap(({ result }) =>
    result.run === mark && result.path !== null ? [result] : [],
  )
  if (slots.tell === 'yes' && moved.length > 0) await tell(moved)
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

async function filesOf(event) {
  const { entries } = await list(slots.folder, { kind: 'file', limit: 20000 })
  const names = new Set(entries.map(({ name }) => name))
  // Some browsers hold the name with an empty file while the content arrives beside it.
  if (!Array.isArray(event?.files))
    return entries.filter(({ name }) => !UNFINISHED.some(end => names.has(name + end)))
  // Told of by name, and taken as they are now: what changed or went meanwhile is another file, or none.
  const told = new Set(event.files.map(({ name }) => name))
  return entries.filter(({ name }) => told.has(name))
}

function isPassedOver(name) {
  const lower = name.toLowerCase()
  return /^[.~]/.test(name) || lower === 'desktop.ini' || UNFINISHED.some(end => lower.endsWith(end))
}

/** The folder for a name; null where it stays. */
function kindOf(name) {
  const [ending, ...rest] = name.toLowerCase().split('.').reverse()
  const found = Object.keys(KINDS).find(kind => rest.length > 0 && KINDS[kind].split(' ').includes(ending))
  return found ?? (slots.others === 'move' ? OTHER : null)
}

async function put(file, run) {
  try {
    const to = `${slots.folder}/${file.folder}/${file.name}`
    const { path } = await move(file.path, to, { ifExists: 'rename', parents: true })
    return { name: file.display, folder: file.folder, path, run }
  } catch (error) {
    const { exists } = await stat(file.path)
    if (exists) throw error
    return { name: file.display, folder: file.folder, path: null, run }
  }
}

async function tell(moved) {
  const folders = [...new Set(moved.map(({ folder }) => folder))].sort()
  const lines = folders.map(folder => {
    const names = moved.filter(file => file.folder === folder).map(({ name }) => cut(name, 80))
    const more = names.length > 12 ? ` and ${names.length - 12} more` : ''
    return `${folder}: ${names.slice(0, 12).join(', ')}${more}`
  })
  await send(`Sorted ${counted(moved.length)}`, lines.join('\n'))
}

function summaryOf(moved, { aside, waiting }, left) {
  const parts = moved.length > 0 ? [`Sorted ${counted(moved.length)}`] : []
  if (waiting.length > 0) parts.push(`${counted(waiting.length)} waiting for an answer or for their turn`)
  if (parts.length === 0) parts.push('Nothing to sort')
  if (aside.length > 0) parts.push(`${counted(aside.length)} could not be moved`)
  if (left > 0) parts.push(`${counted(left)} left: run it again for them`)
  return `${parts.join(', ')}.`
}

function counted(number) {
  return number === 1 ? '1 file' : `${number} files`
}

/** Never through the middle of a character. */
function cut(text, longest) {
  if (text.length <= longest) return text
  return `${text.slice(0, longest - 1).replace(/[\ud800-\udbff]$/, '')}…`
}
