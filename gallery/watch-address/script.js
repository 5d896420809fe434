/**
 * Looks at an address once and compares with what was seen before. Tells of: down (after some failures in a row),
 * back (and for how long it was down), changed. The first look only draws the line from which changes count.
 */
import { now } from 'tools/flow'
import { probe } from 'tools/http'
import { send } from 'tools/notify'
import { get, set } from 'tools/state'

const slots = /*slots*/ {}

const KEY = 'seen'
/** Changes in this many looks in a row: content that is never the same is no news. */
const RESTLESS = 3
const REASONS = {
  dns: 'Its name was not found.',
  refused: 'The connection was refused.',
  unreachable: 'Its network could not be reached.',
  timeout: 'It did not answer in time.',
  tls: 'Its certificate or encryption was not in order.',
  reset: 'The connection broke off.',
  content: 'Its answer was not what was expected.',
}

export default async function run() {
  const before = fitting(await get(KEY))
  const answer = await probe(slots.url, wanted())
  const looked = await now()
  const { after, news } = answer.ok ? whenWell(before, answer, looked) : whenNot(before, answer, looked)
  for (const { heading, body, isWarning } of news) {
    await send(heading, body, { level: isWarning ? 'warning' : 'info' })
  }
  await set(KEY, after)
  return {
    summary: `${title(statusOf(after))}${news.length === 0 ? '' : ', and said so'}.`,
    status: statusOf(after),
    looked: looked.iso,
    answered: answer.status,
    ms: answer.ms,
  }
}

function wanted() {
  return {
    ...(slots.expectStatus === null ? {} : { expectStatus: slots.expectStatus }),
    ...(slots.contains === null ? {} : { contains: slots.contains }),
  }
}

/** What was seen of another address says nothing about this one. */
function fitting(seen) {
  if (seen !== null && seen.url === slots.url) return seen
  return { url: slots.url, failures: 0, failingSince: null, told: false, hash: null, restless: 0 }
}

function statusOf({ failures, told }) {
  if (failures === 0) return 'up'
  return told ? 'down' : 'failing'
}

function whenNot(before, answer, looked) {
  const failures = before.failures + 1
  const failingSince = before.failures === 0 ? looked.ms : before.failingSince
  const isNews = !before.told && failures >= slots.failuresBeforeAlert
  const after = { ...before, failures, failingSince, told: before.told || isNews }
  const often = failures === 1 ? 'It was looked at once.' : `It failed ${failures} looks in a row.`
  const body = `${shown()}\n${reasonOf(answer)} ${often} Last look: ${clock(looked)}.`
  return { after, news: isNews ? [{ heading: title('down'), body, isWarning: true }] : [] }
}

function reasonOf({ reason, status }) {
  if (reason === 'status') return `It answered with status ${status}.`
  return REASONS[reason] ?? 'It did not answer as it should.'
}

function whenWell(before, answer, looked) {
  const changed = slots.watchChanges === 'yes' && before.hash !== null && answer.hash !== before.hash
  const restless = changed ? before.restless + 1 : 0
  const after = { ...before, failures: 0, failingSince: null, told: false, hash: answer.hash, restless }
  const news = []
  if (before.told) news.push(backAgain(before, looked))
  if (changed && restless <= RESTLESS) news.push(changeOf(restless, looked))
  return { after, news }
}

function backAgain({ failingSince }, looked) {
  const body = `${shown()}\nIt was down for ${lengthOf(looked.ms - failingSince)}. Seen at ${clock(looked)}.`
  return { heading: title('back up'), body, isWarning: false }
}

function changeOf(restless, looked) {
  const hush =
    restless < RESTLESS
      ? ''
      : ' It changed with every look of late; further changes are not reported until it has stayed the same once.'
  return {
    heading: title('changed'),
    body: `${shown()}\nIts content is not what it was before. Seen at ${clock(looked)}.${hush}`,
    isWarning: false,
  }
}

/** Without its query, which may hold a key. */
function shown() {
  const [place, query] = slots.url.split('?', 2)
  return query === undefined ? place : `${place}?…`
}

function title(what) {
  const name = shown()
    .replace(/^https?:\/\//, '')
    .replace(/\/$/, '')
  return `${name.length > 80 ? `${name.slice(0, 79)}…` : name}: ${what}`
}

function clock({ local, zone }) {
  return `${local.slice(0, 16).replace('T', ' ')} (${zone})`
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
