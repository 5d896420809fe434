/** `quiet` and `notifications`: when nobody is disturbed, and what you were told of. */
import { InvalidArgumentError } from 'commander'
import type { Command } from 'commander'
import type { ItemOf, QuietNow } from '../server/api.ts'
import { numberText, theCore } from './client.ts'
import { answering, wholeNumberOption } from './command.ts'
import type { Answer } from './command.ts'
import { count, localTime, safe } from './terminal.ts'

interface Hours {
  from: string
  to: string
}

interface QuietOptions {
  zone?: string
  days?: number[]
}

interface ListOptions {
  limit?: number
  cursor?: string
}

const DAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun']

export function addQuietCommands(program: Command): void {
  answering(
    program
      .command('quiet')
      .argument('[hours]', '22:00-07:00, or off; without it, what is set', hoursArgument)
      .option('--zone <zone>', 'whose clock it goes by (that of this computer)')
      .option('--days <days>', 'on which they begin: mon-fri, or fri,sat (every day)', daysOption)
      .description('hold notifications for some hours; what is urgent by contract comes through'),
    quiet,
  )
  answering(
    program
      .command('notifications')
      .option('--limit <n>', 'how many at most', wholeNumberOption)
      .option('--cursor <place>', 'where the list begins, as the page before said')
      .description('what you were told of, newest first'),
    listNotifications,
  )
}

async function quiet(hours: Hours | 'off' | undefined, { zone, days }: QuietOptions): Promise<Answer> {
  if (hours !== undefined) {
    const own = zone ?? Intl.DateTimeFormat().resolvedOptions().timeZone
    const quietHours = hours === 'off' ? null : { ...hours, zone: own, days: days ?? null }
    await theCore().change('/settings', { json: { quietHours } })
  }
  const now = await theCore().get('/quiet')
  return { document: now, text: quietText(now) }
}

function quietText({ words, until, held }: QuietNow): string {
  if (words === null) return 'It is never quiet: you are told everything at once.'
  const holding = held === 0 ? '' : ` ${count(held, 'notification is', 'notifications are')} held.`
  const now = until === null ? '' : ` It is quiet until ${localTime(until)}.`
  return `Quiet ${safe(words)}.${now}${holding}`
}

async function listNotifications({ limit, cursor }: ListOptions): Promise<Answer> {
  const query = { limit: numberText(limit), cursor }
  const page = await theCore().get('/notifications', { query })
  const more = page.next === null ? '' : `\n\nOlder ones: add --cursor ${page.next}`
  return {
    document: page,
    text:
      page.items.length === 0
        ? 'You were told of nothing yet.'
        : page.items.map(notificationText).join('\n\n') + more,
  }
}

function notificationText({ at, automation, title, text }: ItemOf<'/notifications'>): string {
  const from = automation === null ? '' : `${safe(automation.name)}: `
  const lines = text === '' ? [] : text.split('\n').map(line => `  ${safe(line, 1_000)}`)
  return [`${localTime(at)}  ${from}${safe(title)}`, ...lines].join('\n')
}

function hoursArgument(text: string): Hours | 'off' {
  if (text === 'off') return 'off'
  const [, from = '', to = ''] = /^(\d\d:\d\d)-(\d\d:\d\d)$/.exec(text) ?? []
  if (from === '') throw new InvalidArgumentError('It is written 22:00-07:00, or off.')
  return { from, to }
}

/** Days in a row, or one by one. */
function daysOption(text: string): number[] {
  const days = text.split(',').flatMap(part => {
    const [first = -1, last = first] = part.split('-').map(name => DAYS.indexOf(name.trim().toLowerCase()))
    if (first < 0 || last < 0 || part.split('-').length > 2)
      throw new InvalidArgumentError('It is written mon-fri, or fri,sat.')
    const length = ((last - first + 7) % 7) + 1
    return Array.from({ length }, (_, ahead) => ((first + ahead) % 7) + 1)
  })
  return [...new Set(days)].sort((a, b) => a - b)
}
