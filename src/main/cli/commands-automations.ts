/** `automations`, `pause`, `resume`, `archive`, `delete`, and stopping everything. */
import type { Command } from 'commander'
import type { AutomationSummary, AutomationView, ClauseChange, WatchView } from '../server/api.ts'
import { theCore } from './client.ts'
import { answering } from './command.ts'
import type { Answer } from './command.ts'
import { count, facts, localTime, safe, section, table } from './terminal.ts'

export function addAutomationCommands(program: Command): void {
  const automations = program.command('automations').description('what is delegated')
  answering(automations, listAutomations)
  answering(
    automations.command('show').argument('<automation>', 'name or id').description('its contract, in words'),
    showAutomation,
  )
  answering(
    automations
      .command('changes')
      .argument('<automation>', 'name or id')
      .argument('[version]', 'such as 2.0; the deployed one')
      .option('--earlier <version>', 'the one before it')
      .description('what its contract grants or forbids that an earlier one did not'),
    showChanges,
  )
  for (const [verb, done, description] of MOVES) {
    answering(
      program.command(verb).argument('<automation>', 'name or id').description(description),
      (name: string) => move(name, verb, done),
    )
  }
  answering(
    program.command('delete').argument('<automation>', 'name or id').description('end it and free its name'),
    deleteAutomation,
  )
  answering(program.command('stop-everything').description('pause every automation now'), async () => {
    const answer = await theCore().post('/stop-everything')
    return {
      document: answer,
      text: `Paused ${count(answer.paused, 'automation')}. Go on with: steward resume-everything`,
    }
  })
  answering(program.command('resume-everything').description('undo stop-everything'), async () => {
    const answer = await theCore().post('/resume-everything')
    return {
      document: answer,
      text: `Resumed ${count(answer.resumed, 'automation')}. What was paused one by one stayed paused.`,
    }
  })
}

/** When an automation runs, or that it does not. */
export function whenText(automation: AutomationSummary): string {
  const { name, state, pauseReason, when } = automation
  if (state !== 'paused') return `${when.join('; ')}.`
  return `It is paused: ${pauseReason ?? ''} Go on with: steward resume ${name}`
}

const MOVES = [
  ['pause', 'Paused', 'hold an automation: new events wait, nothing is lost'],
  ['resume', 'Resumed', 'let a paused automation go on'],
  ['archive', 'Archived', 'end an automation and keep its history'],
] as const

async function listAutomations(): Promise<Answer> {
  const items = await theCore().all('/automations')
  const rows = items.map(item => [
    item.name,
    item.state,
    item.lastRun === null ? 'never ran' : `${item.lastRun.state} ${localTime(item.lastRun.createdAt)}`,
    nextText(item),
    item.needsYou === 0 ? '' : count(item.needsYou, 'needs you', 'need you'),
    item.title,
  ])
  return {
    document: { items },
    text:
      rows.length === 0
        ? 'No automations yet. Ready-made ones: steward gallery list'
        : table(['NAME', 'STATE', 'LAST RUN', 'NEXT', 'INBOX', 'TITLE'], rows),
  }
}

function nextText({ nextDue, nextLook }: AutomationSummary): string {
  if (nextDue !== null && (nextLook === null || nextDue <= nextLook)) return localTime(nextDue)
  return nextLook === null ? '-' : `looks ${localTime(nextLook)}`
}

async function showAutomation(name: string): Promise<Answer> {
  const view = await theCore().get('/automations/:id', { param: { id: name } })
  const head = facts([
    ['Name', view.name],
    ['State', view.pauseReason === null ? view.state : `${view.state}: ${view.pauseReason}`],
    ['Promise', view.promise],
    ['Version', `${view.version} (script ${view.script.hash.slice(0, 12)})`],
    ['Next', nextText(view)],
    ['Missed', missedText(view)],
  ])
  const clauses = view.contractText.map(({ heading, lines }) => section(heading, lines))
  const looks = section('Looks', view.watches.map(lookText))
  return { document: view, text: [head, looks, ...clauses].filter(part => part !== '').join('\n') }
}

const EFFECTS = { widened: 'Grants more', narrowed: 'Grants less', changed: 'Says otherwise' } as const

async function showChanges(
  name: string,
  version: string | undefined,
  { earlier }: { earlier?: string },
): Promise<Answer> {
  const shown = version ?? (await theCore().get('/automations/:id', { param: { id: name } })).version
  const view = await theCore().get('/automations/:id/versions/:version/changes', {
    param: { id: name, version: shown },
    query: earlier === undefined ? {} : { earlier },
  })
  const parts = (['widened', 'narrowed', 'changed'] as const).map(effect =>
    section(EFFECTS[effect], view.changes.filter(change => change.effect === effect).map(changeText)),
  )
  const none =
    view.earlier === null
      ? `There is no version before ${view.version}.`
      : `The contract of ${view.version} says what that of ${view.earlier} says.`
  return {
    document: view,
    text:
      view.changes.length === 0
        ? none
        : parts
            .filter(part => part !== '')
            .join('\n')
            .trimStart(),
  }
}

function changeText({ heading, before, after }: ClauseChange): string {
  if (before === null) return `${heading}: ${safe(after ?? '', 1_000)} (new)`
  return `${heading}: ${safe(before, 1_000)} → ${after === null ? '(gone)' : safe(after, 1_000)}`
}

/** Of the last time off: only where something of this automation was due. */
function missedText({ absence }: AutomationView): string | null {
  if (absence === null) return null
  const { from, to, why, caughtUp, merged, skipped } = absence
  if (caughtUp + merged + skipped === 0) return null
  const meanwhile = `${why === 'off' ? 'Steward was off' : 'the computer was asleep'} ${localTime(from)} to ${localTime(to)}`
  return `${count(caughtUp + merged, 'due time')} caught up, ${String(skipped)} let go: ${meanwhile}`
}

function lookText({ when, lookedAt, saw, found, foundAt, failing }: WatchView): string {
  if (failing !== null) return `${when}: cannot look since ${localTime(failing.since)}. ${failing.message}`
  if (lookedAt === null) return `${when}: not looked yet.`
  const news =
    foundAt === null
      ? 'nothing new so far'
      : `${count(found, 'new thing')} so far, last ${localTime(foundAt)}`
  return `${when}: looked ${localTime(lookedAt)}, ${count(saw ?? 0, 'thing')} there, ${news}.`
}

async function move(name: string, verb: (typeof MOVES)[number][0], done: string): Promise<Answer> {
  const answer = await theCore().post(`/automations/:id/${verb}`, { param: { id: name } })
  const waiting = answer.waitingEvents > 0 ? ` ${count(answer.waitingEvents, 'event')} waited.` : ''
  return { document: answer, text: `${done} ${answer.name}.${waiting}` }
}

async function deleteAutomation(name: string): Promise<Answer> {
  const answer = await theCore().delete('/automations/:id', { param: { id: name } })
  return { document: answer, text: `Deleted ${answer.name}. Its name is free again; its audit log stays.` }
}
