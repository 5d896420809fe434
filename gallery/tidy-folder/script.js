/**
 * Moves what lies in a folder into its sub-folders, by rules, and says what it moved. Left alone: what changed a
 * moment ago or is still arriving, hidden files, folders, and what no rule speaks of. A file that was moved and put
 * back by hand stays where it was put.
 */
import { append, list, move, stat } from 'tools/files'
import { each, now, uuid } from 'tools/flow'
import { send } from 'tools/notify'
import { get, set } from 'tools/state'

const slots = /*slots*/ {}

const NOTE = 'Tidied.md'
/** Files in one run. The next run goes on. */
const AT_ONCE = 100
/** Endings that programs give to what they have not finished. */
const UNFINISHED = [
  ...['.part', '.partial', '.crdownload', '.download', '.opdownload', '.filepart'],
  ...['.aria2', '.!ut', '.tmp', '.temp', '.swp', '.lock'],
]
/** Keys of files that are dealt with and still lie here. */
const SETTLED = 'settled'
const MOST_SETTLED = 1000

export default async function run() {
  const looked = await now()
  const mark = await uuid()
  const { entries } = await list(slots.folder)
  const known = (await get(SETTLED)) ?? []
  const due = dueFiles(entries, looked.ms).filter(({ key }) => !known.includes(key))
  const batch = due.slice(0, AT_ONCE)
  const files = await each(
    'file',
    batch,
    file => file.key,
    file => put(file, mark),
  )
  const moved = files.done.flatMap(({ result }) => (result.run === mark && !result.gone ? [result] : []))
  // A key that an earlier run had finished answers with that run's result: the file was put back by hand.
  const putBack = files.done.filter(({ result }) => result.run !== mark)
  await remember(known, [...putBack, ...files.aside, ...files.declined], entries)
  if (moved.length > 0) await tell(moved, looked)
  return {
    summary: summaryOf(moved, files, due.length - batch.length),
    looked: looked.iso,
    moved: moved.map(({ name, path }) => ({ name, path })),
  }
}

/** What is said to have been moved is at its new place. */
export async function verify({ result }) {
  const places = await Promise.all(result.moved.map(({ path }) => stat(path)))
  const missing = places.filter(({ exists }) => !exists).map(({ display }) => display)
  return { ok: missing.length === 0, evidence: `not where it was moved to: ${missing.join(', ')}` }
}

function dueFiles(entries, at) {
  const names = new Set(entries.map(({ name }) => name))
  const folders = entries.filter(({ kind }) => kind === 'folder').map(({ name }) => name)
  return entries
    .filter(entry => entry.kind === 'file' && !isPassedOver(entry.name) && !isArriving(entry.name, names))
    .filter(({ modified }) => modified <= at - slots.minAgeMinutes * 60_000)
    .flatMap(entry => {
      const rule = ruleFor(entry.name)
      if (rule === undefined) return []
      const { name, display, path } = entry
      return [{ key: keyOf(entry), name, display, path, folder: asSpelled(rule.folder, folders) }]
    })
}

function keyOf({ name, modified, bytes }) {
  return `${name}#${modified}#${bytes}`
}

function isPassedOver(name) {
  const lower = name.toLowerCase()
  return (
    name === NOTE ||
    /^[.~]/.test(name) ||
    lower === 'desktop.ini' ||
    UNFINISHED.some(end => lower.endsWith(end))
  )
}

/** Some browsers hold the name with an empty file while the content arrives beside it. */
function isArriving(name, names) {
  return UNFINISHED.some(end => names.has(name + end))
}

/** The rule with the longest ending that fits, so that `tar.gz` comes before `gz`; `*` takes what is left. */
function ruleFor(name) {
  const lower = name.toLowerCase()
  let best
  for (const rule of slots.rules) {
    for (const ending of rule.extensions) {
      const fits = ending === '*' || lower.endsWith(`.${ending}`)
      const length = ending === '*' ? 0 : ending.length
      if (fits && (best === undefined || length > best.length)) best = { folder: rule.folder, length }
    }
  }
  return best
}

/** A folder that is there already in other letters is used as it is. */
function asSpelled(folder, folders) {
  const [first, ...rest] = folder.split('/')
  if (folders.includes(first)) return folder
  const there = folders.find(name => name.toLowerCase() === first.toLowerCase())
  return [there ?? first, ...rest].join('/')
}

async function put(file, run) {
  const to = `${slots.folder}/${file.folder}/${file.name}`
  try {
    const { path } = await move(file.path, to, { ifExists: 'rename', parents: true })
    return { name: file.display, folder: file.folder, path, run, gone: false }
  } catch (error) {
    const { exists } = await stat(file.path)
    if (exists) throw error
    return { name: file.display, folder: file.folder, path: null, run, gone: true }
  }
}

/** So that files which stay are not looked at again in every run, and never take the place of others. */
async function remember(known, settled, entries) {
  const here = new Set(entries.map(keyOf))
  const keys = [...known, ...settled.map(({ key }) => key)].filter(key => here.has(key)).slice(-MOST_SETTLED)
  if (keys.join('\n') !== known.join('\n')) await set(SETTLED, keys)
}

async function tell(moved, looked) {
  const when = looked.local.slice(0, 16).replace('T', ' ')
  if (slots.digest === 'note') {
    const line = byFolder(moved, name => `\`${name.replaceAll('`', "'")}\``).join('; ')
    await append(`${slots.folder}/${NOTE}`, `- ${when} · ${line}\n`)
  }
  if (slots.digest === 'notify') {
    const lines = byFolder(moved, name => name)
    await send(`Sorted ${counted(moved.length)} in ${cut(placeName(), 60)}`, cut(lines.join('\n'), 3_900))
  }
}

function byFolder(moved, shown) {
  const folders = [...new Set(moved.map(({ folder }) => folder))].sort()
  return folders.map(folder => {
    const names = moved.filter(file => file.folder === folder).map(({ name }) => shown(cut(name, 80)))
    const more = names.length > 12 ? ` and ${names.length - 12} more` : ''
    return `${folder}: ${names.slice(0, 12).join(', ')}${more}`
  })
}

function summaryOf(moved, { aside, waiting }, left) {
  const parts = moved.length > 0 ? [`Moved ${counted(moved.length)}`] : []
  if (waiting.length > 0) parts.push(`${counted(waiting.length)} waiting for an answer or for their turn`)
  if (parts.length === 0) parts.push('Nothing to move')
  if (aside.length > 0) parts.push(`${counted(aside.length)} could not be moved`)
  if (left > 0) parts.push(`${counted(left)} left for the next run`)
  return `${parts.join(', ')}.`
}

function counted(number) {
  return number === 1 ? '1 file' : `${number} files`
}

function placeName() {
  return slots.folder.split(/[\\/]/).at(-1)
}

function cut(text, longest) {
  return text.length > longest ? `${text.slice(0, longest - 1)}…` : text
}
