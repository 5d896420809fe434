/**
 * Keeps what its feeds bring until the hour of the digest, and then writes it down once. A feed that is down keeps
 * nothing from the others: each is looked at by itself, and what it brings later is in a later digest.
 */
import { read } from 'tools/feeds'
import { append, stat } from 'tools/files'
import { each, now } from 'tools/flow'
import { append as note, list as notes } from 'tools/notes'
import { send } from 'tools/notify'
import { get, set } from 'tools/state'

const slots = /*slots*/ {}

/** The digest that is being collected: its number and its items. */
const OPEN = 'open'
/** A digest with as many items, or of as many characters, is written at once, so that nothing has to be left out. */
const FULL = 150
const FULL_CHARACTERS = 80_000
const EXCERPT = 280
/** The note that was written to last: its title and, where it is not the first of that title, its number. */
const LAST_NOTE = 'note'
/** Characters: what is longer is slow to add to. */
const NOTE_HOLDS = 250_000

export default async function run(event) {
  const open = (await get(OPEN)) ?? { number: 1, items: [] }
  if (event?.trigger !== 'feed') return open.items.length > 0 ? written(open) : nothingNew(event)
  const items = keep(open.items, event)
  const collected = { number: open.number, items }
  if (isFull(items)) return written(collected)
  await set(OPEN, collected)
  const kept = items.length - open.items.length
  return { summary: `Kept ${counted(kept)} for the next digest, which has ${items.length}.`, digest: null }
}

function isFull(items) {
  return items.length >= FULL || JSON.stringify(items).length > FULL_CHARACTERS
}

/** What is said to have been written is there. */
export async function verify({ result }) {
  const { digest } = result
  if (digest === null) return { ok: true }
  const found = digest.file === null ? await charactersOf(digest.note) : (await stat(digest.file)).bytes
  return { ok: (found ?? 0) > 0, evidence: `the digest is not where it was written: ${digest.name}` }
}

/** Two feeds often bring the same article. */
function keep(before, { url, title, items }) {
  const links = new Set(before.map(({ link }) => link))
  const source = cut(title ?? hostOf(url), 80)
  const fresh = items.filter(({ link }) => link === null || !links.has(fitting(link)))
  return [...before, ...fresh.map(item => shortened(item, source))]
}

function shortened({ title, link, text }, source) {
  const begins = cut(oneLine(text), EXCERPT)
  const name = cut(oneLine(title ?? ''), 200) || cut(begins, 80) || 'Untitled'
  return { source, title: name, link: fitting(link), text: slots.detail === 'excerpts' ? begins : '' }
}

/** Only what leads to a page, and is no novel. */
function fitting(link) {
  return link !== null && /^https?:/.test(link) && link.length <= 600 ? link : null
}

async function written(open) {
  const at = await now()
  const { done, aside } = await each(
    'digest',
    [open],
    ({ number }) => number,
    digest => write(digest, at),
  )
  // An item that is not done has its digest with it, for whenever it goes on: collecting begins anew.
  if (done.length === 0) await set(OPEN, { number: open.number + 1, items: [] })
  const [digest = null] = done.map(({ result }) => result)
  const [failed] = aside
  if (failed !== undefined)
    return { summary: `The digest could not be written: ${failed.error.message}`, digest }
  return { summary: digest === null ? 'The digest waits.' : `Wrote ${digest.name}.`, digest }
}

async function write({ number, items }, at) {
  const digest = await put(digestText(items, at), at.date.slice(0, 7))
  const open = await get(OPEN)
  if (open === null || open.number === number) await set(OPEN, { number: number + 1, items: [] })
  if (slots.tell === 'yes') await tell(items, digest.name)
  return digest
}

async function put(text, month) {
  const title = `Digest ${month}`
  if (slots.folder === null) return putInNotes(title, text)
  const { path } = await append(`${slots.folder}/${title}.md`, text)
  return { name: `${title}.md`, note: null, file: path }
}

/** A digest is in one note, if one can hold it. */
async function putInNotes(title, text) {
  const last = await get(LAST_NOTE)
  let number = last?.title === title ? last.number : 1
  for (const piece of piecesOf(text)) {
    while ((await charactersOf(numbered(title, number))) + piece.length > NOTE_HOLDS) number++
    await note(numbered(title, number), piece, { tags: ['digest'] })
  }
  await set(LAST_NOTE, { title, number })
  const called = numbered(title, number)
  return { name: `the note “${called}”`, note: called, file: null }
}

async function charactersOf(title) {
  const [found] = await notes({ title, limit: 1 })
  return found?.characters ?? 0
}

function numbered(title, number) {
  return number === 1 ? title : `${title} (${number})`
}

/** Each ends with an item. */
function piecesOf(text) {
  const pieces = []
  for (let from = 0; from < text.length; from += pieces.at(-1).length) {
    const isLast = text.length - from <= NOTE_HOLDS
    pieces.push(text.slice(from, isLast ? text.length : text.lastIndexOf('\n- ', from + NOTE_HOLDS - 3) + 1))
  }
  return pieces
}

function digestText(items, at) {
  const sources = [...new Set(items.map(({ source }) => source))]
  const parts = sources.map(source => {
    const lines = items.filter(item => item.source === source).map(lineOf)
    return `### ${plain(source)}\n\n${lines.join('\n')}\n`
  })
  return `## ${at.local.slice(0, 16).replace('T', ' ')}\n\n${parts.join('\n')}\n`
}

function lineOf({ title, link, text }) {
  const head =
    link === null ? plain(title) : `[${plain(title)}](<${link.replaceAll(/[<>\s]/g, encodeURIComponent)}>)`
  return `- ${head}${text === '' ? '' : `\n  ${plain(text)}`}`
}

/** What a feed says is text, never markup. */
function plain(text) {
  return text.replaceAll(/[\\`*_[\]<>#|~]/g, '\\$&')
}

async function tell(items, name) {
  const titles = items.slice(0, 8).map(({ title }) => title)
  const more = items.length > titles.length ? [`and ${items.length - titles.length} more`] : []
  await send(`Digest: ${counted(items.length)}`, [...titles, ...more, '', `In ${name}.`].join('\n'))
}

/** Started by hand with nothing to write: whether the feeds can be read is what there is to say. */
async function nothingNew(event) {
  if (event?.dueAt !== undefined) return { summary: 'Nothing new.', digest: null }
  const feeds = []
  for (const url of slots.feeds) feeds.push(await lookAt(url))
  return { summary: 'Nothing new has been collected yet.', digest: null, feeds }
}

async function lookAt(url) {
  try {
    const { title, items } = await read(url, { limit: 100, maxText: 0 })
    return { feed: title ?? hostOf(url), items: items.length, problem: null }
  } catch (error) {
    return {
      feed: hostOf(url),
      items: 0,
      problem: error instanceof Error ? error.message : 'It could not be read.',
    }
  }
}

function hostOf(url) {
  return url.split('/')[2]
}

function counted(number) {
  return number === 1 ? '1 item' : `${number} items`
}

function oneLine(text) {
  return text.replaceAll(/\s+/g, ' ').trim()
}

/** Never through the middle of a character. */
function cut(text, longest) {
  const characters = [...text]
  return characters.length > longest ? `${characters.slice(0, longest - 1).join('')}…` : text
}
