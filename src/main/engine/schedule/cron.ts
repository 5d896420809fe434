/**
 * Cron expressions as local times. croner reads the expression and walks the calendar as if there were no time
 * zones; when those local times happen is decided in `due.ts`, because croner's own rule for moved clocks skips
 * "0,30 2 * * *" in a gap and runs it twice in an overlap (docs/08-scheduler-routing.md).
 */
import { Cron, CronPattern } from 'croner'
import { fail } from '../../../domain/failure.ts'

export interface CronTimes {
  /** The first matching local time after `wall`; null where there is none before the year 3000. */
  nextWall: (wall: number) => number | null
  /** It matches in every hour of the day: a rhythm, not a time of day. */
  everyHour: boolean
  pattern: CronPattern
}

const MODE = '5-or-6-parts'
const FIELDS = 'minute, hour, day of month, month, day of week, with seconds in front where they matter'
const ADVICE = `Nothing was changed. Write five fields (${FIELDS}), such as "0 8 * * 1-5" for weekdays at 08:00.`

/** Reads five or six fields; anything else fails as `invalid-input` and is never guessed. */
export function parseCron(expression: string): CronTimes {
  refuseExtensions(expression)
  try {
    const pattern = new CronPattern(expression, undefined, { mode: MODE })
    const cron = new Cron(expression, { mode: MODE, utcOffset: 0 })
    return {
      nextWall: wall => cron.nextRun(new Date(Math.floor(wall / 1_000) * 1_000))?.getTime() ?? null,
      everyHour: pattern.hour.every(hour => hour === 1),
      pattern,
    }
  } catch (error) {
    if (!(error instanceof TypeError || error instanceof RangeError)) throw error
    return refuse(expression, error.message.replace(/^CronPattern: /, '').replace(/\.$/, ''))
  }
}

/** `@daily` and `+` in the weekday mean something here only to croner: no one would know what was agreed. */
function refuseExtensions(expression: string): void {
  const foreign = /[@+]/.exec(expression)?.[0]
  if (foreign !== undefined) refuse(expression, `"${foreign}" has no meaning in it`)
}

function refuse(expression: string, why: string): never {
  return fail({
    kind: 'invalid-input',
    path: 'expression',
    message: `The cron expression "${expression}" was not understood: ${why}. ${ADVICE}`,
  })
}
