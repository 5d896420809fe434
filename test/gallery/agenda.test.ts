import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { Stage } from './stage.ts'
import type { Automation, Result } from './stage.ts'

/** A Saturday, 13:00 in Berlin. */
const START = Date.UTC(2026, 0, 10, 12)
const HOUR = 3_600_000

let stage: Stage
let tests = 0
/** Of this test: where its calendars are. */
let place: string

beforeAll(async () => {
  stage = await Stage.open(START)
})

beforeEach(() => {
  place = `/${String(++tests)}`
})

afterAll(() => stage.close())

function event(title: string, start: string, end: string, ...more: string[]): string {
  const of = (name: string, time: string) => {
    const kind = time.includes('T') ? (time.endsWith('Z') ? '' : ';TZID=Europe/Berlin') : ';VALUE=DATE'
    return `${name}${kind}:${time}`
  }
  const lines = [`UID:${title}`, `SUMMARY:${title}`, of('DTSTART', start), of('DTEND', end), ...more]
  return ['BEGIN:VEVENT', ...lines, 'END:VEVENT'].join('\r\n')
}

/** From now on this calendar holds these events; answers with its address. */
function publish(name: string, ...events: string[]): string {
  const body = ['BEGIN:VCALENDAR', 'VERSION:2.0', ...events, 'END:VCALENDAR', ''].join('\r\n')
  stage.pages.set(`${place}/${name}`, { type: 'text/calendar', body })
  return stage.site.url(`${place}/${name}`)
}

function day(agenda: Automation): Promise<Result> {
  return agenda.after(24 * HOUR, 'schedule')
}

/** The date in Berlin that is so many days after now, as calendars write it. */
function dated(days: number): string {
  const at = new Date(stage.clock.now() + HOUR + days * 24 * HOUR)
  return at.toISOString().slice(0, 10).replaceAll('-', '')
}

function plain(date: string): string {
  return date.replace(/(\d{4})(\d\d)(\d\d)/, '$1-$2-$3')
}

describe('agenda', () => {
  it('tells in the evening what the next day brings: whole days first, the others by time', async () => {
    const [next, after] = [dated(1), dated(2)]
    const mine = publish(
      'me.ics',
      event('Lunch', `${next}T110000Z`, `${next}T120000Z`, 'LOCATION:Café\\, Mitte', 'STATUS:TENTATIVE'),
      event('Stand-up', '20251201T090000', '20251201T091500', 'RRULE:FREQ=DAILY'),
      event('Off', next, after),
      event('Trip', dated(0), dated(4)),
      event('Not that day', `${after}T000000`, `${after}T010000`),
      event('Night train', `${next}T220000`, `${after}T070000`),
      event('Party', `${dated(0)}T210000`, `${next}T020000`),
      event('Call off', `${next}T100000`, `${next}T110000`, 'STATUS:CANCELLED'),
      event('Bell', `${next}T080000`, `${next}T080000`),
    )
    const team = publish(
      'team.ics',
      event('stand-up', '20260101T090000', '20260101T091500', 'RRULE:FREQ=DAILY'),
    )
    const agenda = await stage.install('agenda', { calendars: `${mine} ${team}` })
    expect(await agenda.after(8 * HOUR, 'schedule')).toMatchObject({ status: 'told', events: 7, unread: 0 })
    expect(agenda.notices()).toEqual([
      {
        title: 'Tomorrow, Sunday, 11 January: 7 events',
        body: [
          `All day until ${plain(dated(3))}  Trip`,
          'All day  Off',
          'Until 02:00  Party',
          '08:00  Bell',
          '09:00–09:15  stand-up',
          '12:00–13:00  Lunch · Café, Mitte (tentative)',
          'From 22:00  Night train',
        ].join('\n'),
        level: 'info',
      },
    ])
    expect(await day(agenda)).toMatchObject({ status: 'told' })
    expect(agenda.notices()).toHaveLength(2)
  })

  it('keeps a series at its hour when summer time begins, and leaves out what was taken from it', async () => {
    const series = event(
      'Yoga',
      '20260301T180000',
      '20260301T190000',
      'RRULE:FREQ=DAILY;UNTIL=20260401T000000Z',
    )
    const calendars = publish(
      'y.ics',
      series.replace('END:VEVENT', 'EXDATE;TZID=Europe/Berlin:20260330T180000\r\nEND:VEVENT'),
    )
    stage.clock.advance(Date.UTC(2026, 2, 28, 12) - stage.clock.now())
    const agenda = await stage.install('agenda', { calendars })
    await agenda.after(8 * HOUR, 'schedule')
    expect(await day(agenda)).toMatchObject({ date: '2026-03-30', events: 0 })
    await day(agenda)
    expect(agenda.notices().map(({ title, body }) => `${title} | ${body}`)).toEqual([
      'Tomorrow, Sunday, 29 March: 1 event | 18:00–19:00  Yoga',
      'Tomorrow, Monday, 30 March: nothing planned | ',
      'Tomorrow, Tuesday, 31 March: 1 event | 18:00–19:00  Yoga',
    ])
  })

  it('says nothing of an empty day where that is not wanted, and tells of the same day where it is', async () => {
    const calendars = publish('me.ics', event('Dentist', `${dated(1)}T100000`, `${dated(1)}T110000`))
    const agenda = await stage.install('agenda', { calendars, at: '07:00', day: 'today', empty: 'no' })
    expect(await day(agenda)).toMatchObject({ status: 'told', date: plain(dated(0)) })
    expect(await day(agenda)).toMatchObject({ status: 'empty', date: plain(dated(0)) })
    expect(agenda.notices().map(({ title }) => title.split(',')[0])).toEqual(['Today'])
  })

  it('R7 names a calendar that cannot be read, and fails when there is no other', async () => {
    const fine = publish('a.ics', event('Fine', `${dated(1)}T100000`, `${dated(1)}T110000`))
    const gone = stage.site.url(`${place}/gone.ics`)
    const both = await stage.install('agenda', { calendars: `${fine} ${gone}`, empty: 'no' })
    expect(await both.run()).toMatchObject({ status: 'told', events: 1, unread: 1 })
    const missing = `Calendar 2 (${new URL(gone).host}) could not be read; what is in it is missing here.`
    expect(both.notices()[0]).toMatchObject({ level: 'warning', body: `10:00–11:00  Fine\n\n${missing}` })
    publish('a.ics')
    await both.run()
    expect(both.notices()[1]?.title).toContain('nothing that could be read')

    const alone = await stage.install('agenda', { calendars: gone })
    expect(await alone.run()).toMatchObject({ state: 'failed' })
    expect(alone.notices()).toEqual([])
    publish('gone.ics')
    await alone.answer('run-failed', 'retry')
    await expect.poll(() => alone.notices().length).toBe(1)
  })

  it('told late, it is still of the day that was meant, and of none that is over', async () => {
    stage.clock.advance(Date.UTC(2026, 3, 4, 10) - stage.clock.now())
    const calendars = publish('me.ics', event('Brunch', '20260405T100000', '20260405T110000'))
    const [evening, morning] = [
      await stage.install('agenda', { calendars }),
      await stage.install('agenda', { calendars, at: '22:30', day: 'today' }),
    ]
    stage.clock.jump(16 * HOUR)
    await expect
      .poll(() => [evening, morning].map(agenda => agenda.results('schedule').length))
      .toEqual([1, 1])
    await Promise.all([evening.idle(), morning.idle()])
    expect(evening.notices().map(({ title }) => title)).toEqual(['Today, Sunday, 5 April: 1 event'])
    expect(morning.results('schedule')).toMatchObject([{ status: 'over', date: '2026-04-04' }])
    expect(morning.notices()).toEqual([])
  })

  it('S2 tells twenty of very many, of any title, and tolerates entries that are broken', async () => {
    const many = Array.from({ length: 45 }, (_, number) =>
      event(`${'🎈'.repeat(60)} ${String(number)}\\n\u202e`, `${dated(1)}T100000`, `${dated(1)}T110000`),
    )
    const calendars = publish('many.ics', ...many, event('Broken', '2026', 'never'))
    const agenda = await stage.install('agenda', { calendars, empty: 'no' })
    expect(await agenda.run()).toMatchObject({ status: 'told', events: 45, unread: 0 })
    const [{ body, level } = { body: '', level: '' }] = agenda.notices()
    expect([body.split('\n').length, body.split('\n').at(-1), level]).toEqual([21, 'and 25 more', 'info'])
    expect(body.isWellFormed()).toBe(true)
  })
})
