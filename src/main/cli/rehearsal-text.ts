/** A rehearsal in plain text: what was read, what would have been done, asked and refused, and whether it were done. */
import type { RehearsalReport, RehearsedStep } from '../server/api.ts'
import { count, facts, localTime, safe, section, took } from './terminal.ts'

const VERDICTS = {
  holds: 'Holds',
  'does-not-hold': 'Does not hold',
  'cannot-be-judged': 'Cannot be judged in a rehearsal',
} as const

const STATES = {
  running: 'still plays',
  returned: 'the script came to its end',
  failed: 'failed',
  stopped: 'was stopped',
} as const

export function rehearsalText(report: RehearsalReport, payloads: boolean): string {
  const of = (...kinds: RehearsedStep['kind'][]) =>
    report.steps.filter(step => step.refused === null && kinds.includes(step.kind))
  const lines = (steps: readonly RehearsedStep[]) => steps.flatMap(step => stepLines(step, payloads))
  const changes = lines(of('change'))
  return [
    headOf(report),
    section('Was read', lines(of('read'))),
    section('Changes', changes.length === 0 ? ['Nothing outside Steward would have been changed.'] : changes),
    section("In Steward's own data", lines(of('keep'))),
    section('Waits', lines(of('wait'))),
    section('Refused', lines(report.steps.filter(step => step.refused !== null))),
    section('Items', itemLines(report)),
    section('Done when', checkLines(report)),
    section('Result', report.result === null ? [] : [safe(JSON.stringify(report.result), 2_000)]),
    report.stepsLeftOut === 0 ? '' : `\n${count(report.stepsLeftOut, 'more step')} came after these.`,
    '\nNothing was changed, sent or remembered.',
  ]
    .filter(part => part !== '')
    .join('\n')
}

function headOf(report: RehearsalReport): string {
  const { script, automation, failure } = report
  const version = script.version === null ? '' : ` ${script.version}`
  return facts([
    ['Rehearsed', automation === null ? report.title : `${automation.name}${version}`],
    ['Script', script.hash],
    ['Outcome', STATES[report.state]],
    ['Failure', failure?.message ?? null],
    ['Took', took(report.ms)],
  ])
}

function stepLines(step: RehearsedStep, payloads: boolean): string[] {
  const item = step.scope === null ? '' : `[${safe(step.scope, 80)}] `
  const duration = step.kind === 'read' ? ` (${took(step.ms)})` : ''
  const lost = step.kind === 'keep' && !step.isKept ? ', and taken it back: what fails leaves no trace' : ''
  const { wouldAsk, wouldWait, assumed } = step
  const later = wouldWait === null ? '' : `  It would have waited until ${localTime(wouldWait.until)}: `
  return [
    `${item}${safe(step.sentence, 1_000)}${lost}${duration}`,
    ...(wouldWait === null ? [] : [`${later}${safe(wouldWait.reason, 500)}`]),
    ...(wouldAsk === null ? [] : [`  It would have asked you first: ${safe(wouldAsk.reason, 500)}`]),
    ...(assumed === null ? [] : [`  ${safe(assumed, 500)}`]),
    ...(payloads && step.payload !== null ? step.payload.split('\n').map(line => `  | ${line}`) : []),
  ]
}

function itemLines({ items, itemsLeftOut }: RehearsalReport): string[] {
  const counts = new Map<string, number>()
  for (const { state } of items) counts.set(state, (counts.get(state) ?? 0) + 1)
  if (counts.size === 0) return []
  const more = itemsLeftOut === 0 ? '' : `, and ${String(itemsLeftOut)} more`
  return [
    [...counts].map(([state, number]) => `${String(number)} ${state}`).join(', ') + more,
    ...items
      .filter(item => item.message !== null)
      .map(item => safe(`${item.name} “${item.key}”: ${item.state}. ${item.message ?? ''}`, 500)),
  ]
}

function checkLines({ checks }: RehearsalReport): string[] {
  return checks.map(({ verdict, text, evidence }) => {
    const why = evidence === null ? '' : `: ${safe(evidence, 1_000)}`
    return `${VERDICTS[verdict]}: ${safe(text, 500)}${why}`
  })
}
