/** A run in plain text: effects first, then what it waits for, its items and its steps. */
import type { RunOutcome, RunView, StepView, WaitView } from '../server/api.ts'
import { count, facts, localTime, safe, section, table, took } from './terminal.ts'

export function runText(run: RunView): string {
  const head = facts([
    ['Run', run.id],
    ['Automation', `${run.automation.name} ${run.version}`],
    ['State', stateText(run)],
    ['Started', localTime(run.startedAt)],
    ['Took', run.endedAt === null ? null : took(run.endedAt - run.createdAt)],
    ['Attempt', run.attempt === 1 ? null : String(run.attempt)],
    ['Failure', run.failure?.message ?? null],
    ['Result', resultText(run)],
  ])
  const effects = run.effects.map(effect => safe(`${EFFECT_MARKS[effect.state]}${effect.sentence}`))
  return [
    head,
    section('Effects', effects.length === 0 ? ['Nothing was changed.'] : effects),
    section('Waits', run.waits.map(waitText)),
    section('Items', itemLines(run)),
    run.recorded ? stepsText(run.steps) : '\nIts steps are no longer kept.',
    run.nextSteps === null
      ? ''
      : `\nMore steps follow: steward runs show ${run.id} --json lists the first 100.`,
  ]
    .filter(part => part !== '')
    .join('\n')
}

/** The script's own words where it has any; otherwise what it returned. */
function resultText({ summary, result }: Pick<RunOutcome | RunView, 'summary' | 'result'>): string | null {
  if (summary !== null) return summary
  return result === null ? null : JSON.stringify(result)
}

const EFFECT_MARKS = {
  done: '',
  failed: 'Failed: ',
  unknown: 'Not known whether done: ',
  'at-work': 'At work: ',
  undone: 'Undone: ',
} as const

export function stateText(run: { state: string; cancelling: boolean; waitingItems: number }): string {
  const cancelling = run.cancelling ? ', being cancelled' : ''
  const items = run.waitingItems > 0 ? `, ${count(run.waitingItems, 'item')} still waiting` : ''
  return `${run.state}${cancelling}${items}`
}

const WAIT_WORDS: Readonly<Record<WaitView['kind'], string>> = {
  sleep: 'sleeps',
  signal: 'waits for a signal',
  ask: 'waits for your answer',
  approval: 'waits for your approval',
  unknown: 'waits for you to say whether it was done',
  retry: 'will try again',
  defer: 'waits for its next window or quota',
  fix: 'waits for you to put something right',
}

export function waitText(wait: WaitView): string {
  const until = wait.until === null ? '' : ` until ${localTime(wait.until)}`
  const signal = wait.kind === 'signal' && wait.name !== null ? ` “${safe(wait.name)}”` : ''
  const action = wait.actionId === null ? '' : ` (steward inbox, ${wait.actionId})`
  return `${WAIT_WORDS[wait.kind]}${signal}${until}${action}`
}

/** How a run that was waited for came out, in one paragraph. */
export function outcomeText(run: RunOutcome): string {
  const result = resultText(run)
  const lines = [
    `${run.automation.name}: ${stateText(run)} (${run.id})`,
    ...(run.failure === null ? [] : [safe(run.failure.message, 2_000)]),
    ...(result === null ? [] : [safe(result, 2_000)]),
    ...run.waits.map(waitText),
  ]
  return lines.join('\n')
}

function itemLines(run: RunView): string[] {
  const counts = Object.entries(run.items.counts).map(([state, number]) => `${String(number)} ${state}`)
  if (counts.length === 0) return []
  const unsettled = run.items.first.filter(item => item.state !== 'done')
  return [
    counts.join(', '),
    ...unsettled.map(item =>
      safe(
        `${item.id}  ${item.name} “${item.key}”: ${item.state}${item.error === null ? '' : `. ${item.error.message}`}`,
      ),
    ),
  ]
}

function stepsText(steps: readonly StepView[]): string {
  if (steps.length === 0) return ''
  const rows = steps.map(step => [
    localTime(step.begunAt),
    took(step.ms),
    step.tool,
    step.ok === null ? step.state : step.ok ? 'ok' : (step.error?.code ?? 'failed'),
    `${step.scope === null ? '' : `[${step.scope}] `}${step.sentence}`,
  ])
  return `\nSteps\n${table(['AT', 'TOOK', 'TOOL', 'END', 'WHAT'], rows)
    .split('\n')
    .map(line => `  ${line}`)
    .join('\n')}`
}
