/**
 * Looks at every address once and compares with what was seen before. Tells of those that are down, after some
 * failures in a row, and of those that are back. An outage that goes on becomes a question, which is asked again every
 * hour until it is answered or the address is well; other addresses are looked at all the same.
 */
import { ask, each, now, sleep } from 'tools/flow'
import { probe } from 'tools/http'
import { send } from 'tools/notify'
import { get, set } from 'tools/state'
import { hash } from 'tools/text'

const slots = /*slots*/ {}

const SEEN = 'seen'
const KNOWN = 'It is known'
const TOMORROW = 'Ask me tomorrow'
const LONGEST_IN_KEY = 400
/** Of twenty addresses all are told, however long they are. */
const LONGEST_TOLD = 120
/** Questions about one outage. */
const MOST_ASKED = 48
const REASONS = {
  dns: 'its name was not found',
  refused: 'the connection was refused',
  unreachable: 'its network could not be reached',
  timeout: 'it did not answer in time',
  tls: 'its certificate or encryption was not in order',
  reset: 'the connection broke off',
  content: 'its answer was not what was expected',
}

export default async function run() {
  const seen = new Map((await get(SEEN)) ?? [])
  const answers = await Promise.all(slots.urls.map(look))
  const looked = await now()
  const all = slots.urls.map((url, place) => judge(url, seen.get(url), answers[place], looked.ms))
  await tellDown(all.filter(({ isDown }) => isDown))
  await tellBack(
    all.filter(({ isBack }) => isBack),
    looked.ms,
  )
  await set(
    SEEN,
    all.map(({ url, after }) => [url, after]),
  )
  await escalate(all.filter(({ after }) => after.failures >= slots.askAfter))
  return {
    summary: summaryOf(all),
    looked: looked.iso,
    addresses: all.map(({ url, after, answer }) => ({
      address: shown(url),
      is: after.failures === 0 ? 'up' : after.told ? 'down' : 'failing',
      status: answer.status,
      ms: answer.ms,
    })),
  }
}

/** Every address was looked at. */
export function verify({ result }) {
  const { length } = result.addresses
  return {
    ok: length === slots.urls.length,
    evidence: `${length} of ${slots.urls.length} addresses were looked at`,
  }
}

function look(url) {
  return probe(url, {
    ...(slots.expectStatus === null ? {} : { expectStatus: slots.expectStatus }),
    ...(slots.contains === null ? {} : { contains: slots.contains }),
  })
}

function judge(url, before = { failures: 0, since: null, told: false }, answer, at) {
  if (answer.ok) {
    const after = { failures: 0, since: null, told: false }
    return { url, answer, before, after, isDown: false, isBack: before.told }
  }
  const failures = before.failures + 1
  const isDown = !before.told && failures >= slots.notifyAfter
  const after = { failures, since: before.since ?? at, told: before.told || isDown }
  return { url, answer, before, after, isDown, isBack: false }
}

async function tellDown(all) {
  const lines = all.map(
    ({ url, answer, after }) => `${short(url)}: ${reasonOf(answer)}, ${times(after.failures)}.`,
  )
  await tell(all, 'down', lines, 'warning')
}

async function tellBack(all, at) {
  const lines = all.map(({ url, before }) => `${short(url)}: it was down for ${lengthOf(at - before.since)}.`)
  await tell(all, 'back up', lines, 'info')
}

async function tell(all, what, lines, level) {
  const [first] = all
  if (first === undefined) return
  const who = all.length === 1 ? short(first.url).replace(/^https?:\/\//, '') : `${all.length} addresses`
  await send(`${cut(who, 90)}: ${what}`, cut(lines.join('\n'), 3_900), { level })
}

async function escalate(outages) {
  const keys = new Map()
  for (const outage of outages) keys.set(outage.url, await keyOf(outage))
  await each('outage', outages, ({ url }) => keys.get(url), askAbout, { concurrency: 8 })
}

/** A key is no longer than 512 characters; an address may be. */
async function keyOf({ url, after }) {
  return `${url.length > LONGEST_IN_KEY ? await hash(url) : url} ${after.since}`
}

/** Asked for an hour at a time, so that a question about what is well again does not stay. */
async function askAbout({ url, answer, after }) {
  const question = `${short(url)} stays down: ${reasonOf(answer)}. It failed ${times(after.failures)}.`
  for (let asked = 0; asked < MOST_ASKED; asked++) {
    const { answer: said } = await ask(question, [KNOWN, TOMORROW], { timeout: '1h' })
    if (said === KNOWN) return { end: 'known' }
    if (said === TOMORROW) await sleep('1d')
    const { ok } = await look(url)
    if (ok) return { end: 'back' }
  }
  return { end: 'nobody answered' }
}

function reasonOf({ reason, status }) {
  if (reason === 'status') return `it answered with status ${status}`
  return REASONS[reason] ?? 'it did not answer as it should'
}

function times(failures) {
  return failures === 1 ? 'once' : `${failures} times in a row`
}

function summaryOf(all) {
  const down = all.filter(({ after }) => after.failures > 0).length
  const well = all.length - down
  return down === 0 ? `All ${all.length} are up.` : `${well} up, ${down} not.`
}

/** Without its query, which may hold a key. */
function shown(url) {
  const [place, query] = url.split('?', 2)
  return query === undefined ? place : `${place}?…`
}

/** What it begins and what it ends with: its middle is what tells addresses apart the least. */
function short(url) {
  const text = shown(url)
  if (text.length <= LONGEST_TOLD) return text
  const half = (LONGEST_TOLD - 1) / 2
  return `${text.slice(0, Math.ceil(half))}…${text.slice(-Math.floor(half))}`.replaceAll(/\p{Cs}/gu, '')
}

function lengthOf(ms) {
  const minutes = Math.max(1, Math.round(ms / 60_000))
  const parts = [
    { amount: Math.floor(minutes / 1440), unit: 'day' },
    { amount: Math.floor((minutes % 1440) / 60), unit: 'hour' },
    { amount: minutes % 60, unit: 'minute' },
  ]
  const said = parts.filter(({ amount }) => amount > 0).slice(0, 2)
  return said.map(({ amount, unit }) => `${amount} ${unit}${amount === 1 ? '' : 's'}`).join(' ')
}

/** Never through the middle of a character. */
function cut(text, longest) {
  return text.length > longest ? `${text.slice(0, longest - 1).replace(/[\ud800-\udbff]$/, '')}…` : text
}
