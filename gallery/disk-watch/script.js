/**
 * Measures a folder and the room on its disk. What is out of bounds is told once, again when it is a good deal worse
 * than it was told, and when it is over: a size that goes up and down around its limit is no news each time.
 */
import { measure } from 'tools/files'
import { now } from 'tools/flow'
import { send } from 'tools/notify'
import { get, set } from 'tools/state'

const slots = /*slots*/ {}

const TOLD = 'told'
const GB = 1_000_000_000
/** By as much it has to be worse, or within bounds, to be told again. */
const MARGIN = 0.1
const MOST_NAMED = 5

export default async function run() {
  const looked = await now()
  const found = await measure(slots.folder)
  const told = fitting(await get(TOLD))
  const size = judgeSize(told.size, found)
  const free = judge(told.free, (slots.leastFreeGb * GB) / Math.max(found.disk.free, 1))
  await tellSize(size.is, found)
  await tellFree(free.is, found.disk)
  await set(TOLD, { folder: slots.folder, size: size.told, free: free.told })
  return {
    summary: `${atLeast(found)}${sizeText(found.bytes)} in ${counted(found.files)}, ${sizeText(found.disk.free)} free.`,
    looked: looked.iso,
    bytes: found.bytes,
    files: found.files,
    free: found.disk.free,
    complete: found.complete,
  }
}

/** What was told of another folder says nothing about this one. */
function fitting(told) {
  return told?.folder === slots.folder ? told : { folder: slots.folder, size: null, free: null }
}

/** `ratio` is 1 at the limit and above it beyond; `told` is what it was when it was told, null where nothing is. */
function judge(told, ratio) {
  if (told === null) return ratio > 1 ? { is: 'beyond', told: ratio } : { is: 'same', told }
  if (ratio > told * (1 + MARGIN)) return { is: 'worse', told: ratio }
  return ratio < 1 - MARGIN ? { is: 'over', told: null } : { is: 'same', told }
}

/** What was not seen may be the greater part: that is no reason to say that it is over. */
function judgeSize(told, { bytes, complete }) {
  const judged = judge(told, bytes / (slots.mostGb * GB))
  return judged.is === 'over' && !complete ? { is: 'same', told } : judged
}

async function tellSize(is, found) {
  if (is === 'same') return
  const title = `${nameOf(slots.folder)}: ${atLeast(found)}${sizeText(found.bytes)}`
  if (is === 'over') {
    await send(title, `It is below ${slots.mostGb} GB again.`)
    return
  }
  const largest = found.largest
    .slice(0, MOST_NAMED)
    .map(
      ({ display, kind, bytes }) => `${cut(display, 80)}${kind === 'folder' ? '/' : ''}: ${sizeText(bytes)}`,
    )
  const body = [`That is more than ${slots.mostGb} GB. The largest in it:`, ...largest].join('\n')
  await send(title, body, { level: 'warning' })
}

async function tellFree(is, { bytes, free }) {
  if (is === 'same') return
  const title = `The disk of ${nameOf(slots.folder)}: ${sizeText(free)} free`
  if (is === 'over') await send(title, `There are ${slots.leastFreeGb} GB again.`)
  else {
    const body = `Less than ${slots.leastFreeGb} GB are left of ${sizeText(bytes)}.`
    await send(title, body, { level: 'warning' })
  }
}

function atLeast({ complete }) {
  return complete ? '' : 'at least '
}

/** As disks are sold: a thousand at a time. */
function sizeText(bytes) {
  if (bytes >= GB) return `${(bytes / GB).toFixed(1)} GB`
  return bytes >= 1_000_000 ? `${(bytes / 1_000_000).toFixed(1)} MB` : `${Math.ceil(bytes / 1_000)} KB`
}

function counted(number) {
  return number === 1 ? '1 file' : `${number} files`
}

function nameOf(path) {
  return cut(path.split(/[\\/]/).at(-1), 60)
}

/** Never through the middle of a character. */
function cut(text, longest) {
  if (text.length <= longest) return text
  return `${text.slice(0, longest - 1).replace(/[\ud800-\udbff]$/, '')}…`
}
