/** One turn of a conversation in plain text: what was said, what is known, what is asked. */
import type { ConversationView } from '../server/api.ts'
import { count, safe, section } from './terminal.ts'

const FROM = { sentence: ' (as you said)', answer: '', usual: ' (as usual)', empty: '(empty)' } as const

export function conversationText(view: ConversationView): string {
  const { text, offers, settings, contract, dryRun, question, assumptions, notes, changes, script, runs } =
    view
  const lines =
    dryRun === null
      ? []
      : [...dryRun.lines, ...(dryRun.linesLeftOut === 0 ? [] : [`… ${String(dryRun.linesLeftOut)} more`])]
  return [
    text
      .split('\n')
      .map(line => safe(line, 2_000))
      .join('\n'),
    ...offers.map(
      ({ title, promise }, place) => `  ${String(place + 1)}  ${safe(title)}: ${safe(promise, 400)}`,
    ),
    section(
      'Settings',
      settings.map(({ label, value, from }) => `${safe(label)}: ${safe(value, 500)}${FROM[from]}`),
    ),
    section('Grants more', changes.filter(({ effect }) => effect === 'widened').map(changeText)),
    section('Also different', changes.filter(({ effect }) => effect !== 'widened').map(changeText)),
    ...contract.map(({ heading, lines: clauses }, place) =>
      section(
        `${String(place + 1)} ${heading}`,
        clauses.map(line => safe(line, 500)),
      ),
    ),
    section(
      'Dry run',
      lines.map(line => safe(line, 500)),
    ),
    section('Not as it should be', missedLines(view)),
    section(
      'Granted, not used',
      (dryRun?.untouched ?? []).map(line => safe(line, 500)),
    ),
    section(
      'Made careful',
      notes.map(line => safe(line, 500)),
    ),
    section(
      'Assumed',
      assumptions.map(line => safe(line, 500)),
    ),
    script === null ? '' : `Script ${script.hash.slice(0, 12)}, ${count(linesOf(script.source), 'line')}`,
    section(
      'To look closer',
      runs.map(run => `steward runs show ${safe(run)}`),
    ),
    question === null ? '' : questionText(question),
  ]
    .filter(part => part !== '')
    .join('\n')
}

function missedLines({ dryRun, despite }: ConversationView): string[] {
  const missed = (dryRun?.missed ?? []).map(line => `Would not hold: ${safe(line, 500)}`)
  return despite === null ? missed : [...missed, `The planner says: ${safe(despite, 500)}`]
}

function changeText({ heading, before, after }: ConversationView['changes'][number]): string {
  return safe(`${heading}: ${before ?? 'nothing'} → ${after ?? 'nothing'}`, 1_000)
}

function linesOf(text: string): number {
  return text.trimEnd().split('\n').length
}

function questionText({ text, example, choices }: NonNullable<ConversationView['question']>): string {
  const width = Math.max(0, ...choices.map(({ value }) => value.length))
  const shown = example === null ? '' : ` (for example: ${safe(example, 300)})`
  return [
    `\n${safe(text, 2_000)}${shown}`,
    ...choices.map(
      ({ value, label }) => `  ${safe(value, 100).padEnd(Math.min(width, 20))}  ${safe(label, 300)}`,
    ),
  ].join('\n')
}
