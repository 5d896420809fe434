/**
 * Tells what a day brings. Which day that is follows from the time the agenda was due, so that one which is told late
 * is still of the day that was meant; of a day that is over nothing is told. A calendar that cannot be read is named,
 * and keeps nothing from the others.
 */
import { fetch } from 'tools/calendar'
import { now } from 'tools/flow'
import { send } from 'tools/notify'
import { addToDate, formatDate } from 'tools/text'

const slots = /*slots*/ {}

/** Of more the number is told. */
const MOST_TOLD = 20
const LONGEST = 3900

export default async function run(event) {
  const at = await now()
  const due = event?.dueAt ?? at.ms
  const { date } = await addToDate(due, { days: slots.day === 'tomorrow' ? 1 : 0 })
  if (date < at.date) return ended('over', date, [], [])
  const from = await addToDate(date)
  const to = await addToDate(date, { days: 1 })
  const calendars = await Promise.all(slots.calendars.map((url, place) => read(url, place, from.ms, to.ms)))
  const unread = calendars.filter(({ error }) => error !== null)
  if (unread.length === calendars.length) throw unread[0].error
  const events = inOrder(
    calendars.flatMap(calendar => calendar.events),
    from.ms,
    to.ms,
  )
  const remarks = calendars.flatMap(remarksOn)
  const isTold = events.length > 0 || remarks.length > 0 || slots.empty === 'yes'
  if (isTold) await tell({ events, remarks, from, to, isToday: date === at.date })
  return ended(isTold ? 'told' : 'empty', date, events, calendars)
}

/** One that cannot be read has its error with it: what it means depends on the others. */
async function read(url, place, from, to) {
  const host = url.split('/')[2]
  const named = slots.calendars.length > 1 ? `Calendar ${place + 1} (${host})` : host
  try {
    const { events, truncated, problems } = await fetch(url, from, to)
    return { named, events, isWhole: !truncated, problems, error: null }
  } catch (error) {
    return { named, events: [], isWhole: false, problems: [], error }
  }
}

function remarksOn({ named, isWhole, error }) {
  if (error !== null) return [`${named} could not be read; what is in it is missing here.`]
  return isWhole ? [] : [`${named} has more entries than could be read; something may be missing here.`]
}

/** What is in two calendars is told once. */
function inOrder(events, from, to) {
  const isWhole = ({ allDay, start, end }) => allDay || (start.ms <= from && end.ms >= to)
  const unlike = new Map(
    events.map(event => [`${event.start.ms} ${event.end.ms} ${oneLine(event.title).toLowerCase()}`, event]),
  )
  return [...unlike.values()]
    .map(event => ({ ...event, isWhole: isWhole(event) }))
    .sort((a, b) => b.isWhole - a.isWhole || a.start.ms - b.start.ms || a.end.ms - b.end.ms)
}

async function tell({ events, remarks, from, to, isToday }) {
  const day = await formatDate(from.ms, 'EEEE, d MMMM')
  const told = events.slice(0, MOST_TOLD).map(event => lineOf(event, from, to))
  const more = events.length - told.length
  const body = [...told, ...(more > 0 ? [`and ${more} more`] : [])]
  const apart = body.length > 0 && remarks.length > 0 ? [''] : []
  await send(
    `${isToday ? 'Today' : 'Tomorrow'}, ${day}: ${counted(events.length, remarks.length > 0)}`,
    cut([...body, ...apart, ...remarks].join('\n'), LONGEST),
    { level: remarks.length > 0 ? 'warning' : 'info' },
  )
}

function lineOf(event, from, to) {
  const { title, location, status } = event
  const name = cut(oneLine(title), 80) || 'Without a title'
  const place = cut(oneLine(location), 50)
  const parts = [
    `${timesOf(event, from, to)}  ${name}`,
    ...(place === '' ? [] : [` · ${place}`]),
    ...(status === 'tentative' ? [' (tentative)'] : []),
  ]
  return parts.join('')
}

function timesOf({ isWhole, start, end, lastDate }, from, to) {
  if (isWhole) return lastDate > from.date ? `All day until ${lastDate}` : 'All day'
  if (start.ms < from.ms) return `Until ${clock(end)}`
  if (end.ms > to.ms) return `From ${clock(start)}`
  return start.ms === end.ms ? clock(start) : `${clock(start)}–${clock(end)}`
}

function clock({ time }) {
  return time.slice(0, 5)
}

function counted(number, isMissing) {
  if (number === 0) return isMissing ? 'nothing that could be read' : 'nothing planned'
  return number === 1 ? '1 event' : `${number} events`
}

function ended(status, date, events, calendars) {
  const unread = calendars.filter(({ error }) => error !== null).length
  const words = {
    told: `Told you of ${date}: ${counted(events.length, unread > 0)}.`,
    empty: `Nothing is planned for ${date}.`,
    over: `${date} was over before Steward could tell you of it.`,
  }
  const problems = calendars.flatMap(calendar => calendar.problems).slice(0, MOST_TOLD)
  return { summary: words[status], date, status, events: events.length, unread, problems }
}

function oneLine(text) {
  return text.replaceAll(/[\s\p{Cc}]+/gu, ' ').trim()
}

/** Never through the middle of a character. */
function cut(text, longest) {
  if (text.length <= longest) return text
  return `${text.slice(0, longest - 1).replace(/[\ud800-\udbff]$/, '')}…`
}
