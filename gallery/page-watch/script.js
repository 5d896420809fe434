/**
 * Tells what changed on a page, or that a price on it has come to where it was wanted. What changed is the trigger's
 * to find. Started by hand, it says what it sees there, and tells nobody.
 */
import { now } from 'tools/flow'
import { send } from 'tools/notify'
import { changed } from 'tools/pages'
import { get, set } from 'tools/state'

const slots = /*slots*/ {}

/** When it was told, so that a page that never keeps still is not told of all day. */
const TOLD = 'told'
const MOST_A_DAY = 8
const DAY = 86_400_000
const PRICE = 'price'

export default async function run(event) {
  if (event?.trigger !== 'page') return byHand()
  const looked = await now()
  const news = slots.price === null ? changeOf(event) : await priceNews(event)
  const told = news !== null && (await tell(news, looked))
  return {
    summary: told ? `Told: ${news.heading}.` : (news?.quiet ?? 'Nothing to tell.'),
    looked: looked.iso,
    told,
    price: slots.price === null ? null : (priceIn(event.numbers)?.text ?? null),
  }
}

function changeOf({ title, summary, changes, seenBefore }) {
  const lines = changes.map(({ kind, text }) => `${kind === 'added' ? '+' : '−'} ${cut(text, 300)}`)
  const back = seenBefore ? ['It is again as it was lately.'] : []
  return {
    heading: `${nameOf(title)} changed`,
    body: [...back, ...(lines.length === 0 ? [`${summary}.`] : lines)],
    level: 'info',
    quiet: 'Changed again; enough was told of that for a day.',
  }
}

/** Once when it comes there; not again before it was elsewhere. */
async function priceNews({ title, numbers, numbersBefore }) {
  const before = await get(PRICE)
  const price = priceIn(numbers)
  if (price === null) return unreadable(before, title)
  const was = before ?? { isThere: isThere(priceIn(numbersBefore)), isUnread: false }
  await set(PRICE, { isThere: isThere(price), isUnread: false })
  if (!isThere(price) || was.isThere) return null
  const from = priceIn(numbersBefore)
  return {
    heading: `${nameOf(title)}: ${price.text}`,
    body: [
      `${from === null ? '' : `It was ${from.text}. `}You wanted to know of ${slots.price} ${wanted()}.`,
    ],
    level: 'info',
    quiet: null,
  }
}

/** Silence would look as if the price were the same. */
async function unreadable(before, title) {
  if (before?.isUnread) return null
  await set(PRICE, { isThere: before?.isThere ?? false, isUnread: true })
  return {
    heading: `${nameOf(title)}: no price found`,
    body: [
      'What is watched has no number any more. If the page was rebuilt, another part of it has to be named.',
    ],
    level: 'warning',
    quiet: null,
  }
}

/** What has a currency beside it, otherwise the first number. */
function priceIn(numbers) {
  return numbers.find(({ currency }) => currency !== null) ?? numbers[0] ?? null
}

function isThere(price) {
  if (price === null) return false
  return slots.side === 'falls' ? price.value <= slots.price : price.value >= slots.price
}

function wanted() {
  return slots.side === 'falls' ? 'or less' : 'or more'
}

async function tell({ heading, body, level, quiet }, looked) {
  const before = ((await get(TOLD)) ?? []).filter(at => at > looked.ms - DAY)
  if (quiet !== null && before.length >= MOST_A_DAY) return false
  const isLast = quiet !== null && before.length === MOST_A_DAY - 1
  const hush = isLast ? ['It changes often: no more of it is told for a day.'] : []
  const text = [shown(), ...hush, ...body].join('\n')
  await send(cut(heading, 120), cut(text, 3_900), { level })
  await set(TOLD, [...before, looked.ms].slice(-MOST_A_DAY))
  return true
}

async function byHand() {
  const looked = await now()
  const { selector, without } = slots
  const page = await changed({
    url: slots.url,
    as: 'by-hand',
    ...(selector === null ? {} : { selector }),
    ...(without === null ? {} : { without }),
  })
  const price = slots.price === null ? null : priceIn(page.numbers)
  const seen = slots.price === null ? `“${cut(page.text, 200)}”` : (price?.text ?? 'no price')
  return {
    summary: `Sees ${seen}. Nothing is told when started by hand.`,
    looked: looked.iso,
    told: false,
    price: price?.text ?? null,
  }
}

function nameOf(title) {
  return cut(title ?? shown().replace(/^https?:\/\//, ''), 80)
}

/** Without its query, which may hold a key. */
function shown() {
  const [place, query] = slots.url.split('?', 2)
  return query === undefined ? place : `${place}?…`
}

/** Never through the middle of a character. */
function cut(text, longest) {
  return text.length > longest ? `${text.slice(0, longest - 1).replace(/[\ud800-\udbff]$/, '')}…` : text
}
