/**
 * Tells of new items of feeds that have the wanted words. Which items are new is the trigger's to know; what is told
 * is remembered by its link, because two feeds often bring the same article. Started by hand, it says which items that
 * are there now would have been told, and tells nobody.
 */
import { read } from 'tools/feeds'
import { send } from 'tools/notify'
import { get, set } from 'tools/state'

const slots = /*slots*/ {}

const TOLD = 'told'
const MOST_TOLD = 1000
const SHOWN = 12
/** Scripts that put no space between words. */
const UNSPACED = /[\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}\p{sc=Thai}\p{sc=Lao}\p{sc=Khmer}\p{sc=Myanmar}]/u

export default async function run(event) {
  if (event?.trigger !== 'feed') return byHand()
  const told = (await get(TOLD)) ?? []
  const found = event.items.filter(isWanted)
  const fresh = found.filter(({ link }) => link === null || !told.includes(link))
  if (fresh.length > 0) {
    await tell(fresh, event.title ?? hostOf(event.url))
    const links = fresh.flatMap(({ link }) => link ?? [])
    await set(TOLD, [...told, ...links].slice(-MOST_TOLD))
  }
  return {
    summary: `${fresh.length} of ${counted(event.items)} told.`,
    looked: event.items.length,
    matching: fresh.map(shown),
  }
}

function isWanted({ title, text, categories }) {
  const places = slots.where === 'titles' ? [title ?? ''] : [title ?? '', ...categories, text]
  const searched = places.map(folded)
  const has = word => searched.some(place => beginsIn(place, folded(word)))
  const { any, none } = slots.words
  return !none.some(has) && (any.length === 0 || any.some(all => all.every(has)))
}

/** Case, accents and the kind of blank do not matter. */
function folded(text) {
  return text
    .normalize('NFKD')
    .replaceAll(/\p{M}/gu, '')
    .toLowerCase()
    .replaceAll('ß', 'ss')
    .replaceAll(/\s+/g, ' ')
}

/** Whether a word of the text begins so. */
function beginsIn(text, start) {
  for (let at = text.indexOf(start); at !== -1; at = text.indexOf(start, at + 1)) {
    const before = [...text.slice(Math.max(0, at - 2), at)].at(-1) ?? ' '
    if (!/[\p{L}\p{N}]/u.test(before) || UNSPACED.test(before)) return true
  }
  return false
}

async function tell(items, source) {
  const [first] = items
  if (items.length === 1) {
    const parts = [source, first.link, cut(oneLine(first.text), 500)]
    await send(cut(titleOf(first), 120), parts.filter(part => part !== null && part !== '').join('\n'))
    return
  }
  const lines = items
    .slice(0, SHOWN)
    .map(item => [titleOf(item), item.link].filter(part => part !== null).join('\n'))
  const more = items.length > SHOWN ? [`and ${items.length - SHOWN} more`] : []
  await send(`${items.length} new in ${cut(source, 80)}`, cut([...lines, ...more].join('\n\n'), 3_900))
}

async function byHand() {
  const items = []
  const problems = []
  for (const url of slots.feeds) {
    try {
      items.push(...(await read(url, { limit: 200, maxText: 5_000 })).items)
    } catch (error) {
      problems.push(`${hostOf(url)}: ${error instanceof Error ? error.message : 'It could not be read.'}`)
    }
  }
  const matching = items.filter(isWanted)
  return {
    summary: `${matching.length} of ${counted(items)} that are there now have the words. Only new ones are told.`,
    looked: items.length,
    matching: matching.map(shown),
    problems,
  }
}

function shown(item) {
  return { title: titleOf(item), link: item.link }
}

function titleOf({ title, text }) {
  return cut(oneLine(title ?? ''), 200) || cut(oneLine(text), 80) || 'Untitled'
}

function hostOf(url) {
  return url.split('/')[2]
}

function counted({ length }) {
  return length === 1 ? '1 item' : `${length} items`
}

function oneLine(text) {
  return text.replaceAll(/\s+/g, ' ').trim()
}

/** Never through the middle of a character. */
function cut(text, longest) {
  return text.length > longest ? `${text.slice(0, longest - 1).replace(/[\ud800-\udbff]$/, '')}…` : text
}
