/** `inbox`: what needs a person, and the person's answer. */
import { Option } from 'commander'
import type { Command } from 'commander'
import type { Json } from '../../domain/json.ts'
import type { ActionView } from '../server/api.ts'
import { numberText, theCore } from './client.ts'
import { answering, jsonArgument, wholeNumberOption } from './command.ts'
import type { Answer } from './command.ts'
import { facts, localTime, safe, section } from './terminal.ts'

const STATES = ['open', 'resolved', 'closed'] as const satisfies ActionView['state'][]

export function addInboxCommands(program: Command): void {
  const inbox = program
    .command('inbox')
    .option('--automation <name>', 'of this one only')
    .addOption(new Option('--state <state>', 'in this state; otherwise open').choices(STATES))
    .option('--cursor <place>', 'where the list begins, as the page before said')
    .option('--limit <number>', 'how many', wholeNumberOption)
    .description('what needs you')
  answering(inbox, listActions)
  answering(inbox.command('show').argument('<id>').description('one of them, whole'), showAction)
  answering(
    inbox
      .command('resolve')
      .argument('<id>')
      .argument('<choice>', 'one of its choices')
      .argument('[json]', 'the answer, where it asks for one', jsonArgument)
      .description('answer it'),
    resolve,
  )
}

interface ListOptions {
  automation?: string
  state?: ActionView['state']
  cursor?: string
  limit?: number
}

async function listActions({ automation, state, cursor, limit }: ListOptions): Promise<Answer> {
  const query = { automation, state, cursor, limit: numberText(limit) }
  const page = await theCore().get('/actions', { query })
  const more = page.next === null ? '' : `\n\nOlder ones: add --cursor ${page.next}`
  return {
    document: page,
    text: page.items.length === 0 ? 'Nothing needs you.' : page.items.map(actionText).join('\n\n') + more,
  }
}

function actionText(action: ActionView): string {
  const choices = action.choices.map(({ id, label }) => (id === label ? id : `${id} (${label})`)).join(', ')
  const waiting = action.waiting.map(waiter => waiter.name).join(', ')
  return facts([
    [action.id, action.cause],
    ['', action.effect],
    ['Waiting', waiting === '' ? null : waiting],
    ['Expires', action.expiresAt === null ? null : localTime(action.expiresAt)],
    ['Choices', action.state === 'open' && choices !== '' ? choices : null],
    ['Ended', action.state === 'open' ? null : `${action.state}: ${action.choice ?? 'its cause cleared'}`],
  ])
}

async function showAction(id: string): Promise<Answer> {
  const action = await theCore().get('/actions/:id', { param: { id } })
  const detail = action.detail === null ? [] : action.detail.split('\n').map(line => safe(line, 2_000))
  return { document: action, text: actionText(action) + section('Detail', detail) }
}

async function resolve(id: string, choice: string, payload?: Json): Promise<Answer> {
  const action = await theCore().post('/actions/:id', {
    param: { id },
    json: { choice, payload: payload ?? null },
  })
  return { document: action, text: `Answered “${choice}”: ${safe(action.cause)}` }
}
