/** `hooks`: where webhooks of an automation arrive, and what their senders sign with. */
import type { Command } from 'commander'
import type { HookAddress } from '../server/api.ts'
import { addressOf, theCore } from './client.ts'
import { answering } from './command.ts'
import type { Answer } from './command.ts'
import { CommandFailed, EXIT } from './exit.ts'
import { count, facts, localTime } from './terminal.ts'

export function addHookCommands(program: Command): void {
  const hooks = program.command('hooks').description('where webhooks arrive')
  answering(
    hooks
      .command('show', { isDefault: true })
      .argument('<automation>', 'name or id')
      .description('its addresses and their secrets'),
    show,
  )
  answering(
    hooks
      .command('rotate')
      .argument('<automation>', 'name or id')
      .argument('[webhook]', 'which, where there are several')
      .description('a new address and a new secret; the old ones end at once'),
    rotate,
  )
}

async function show(automation: string): Promise<Answer> {
  const items = await addressesOf(automation)
  return {
    document: { items: items.map(withUrl) },
    text:
      items.length === 0
        ? `${automation} has no webhook. One is had by a contract with the trigger { "kind": "webhook" }.`
        : items.map(addressText).join('\n\n'),
  }
}

async function rotate(automation: string, named: string | undefined): Promise<Answer> {
  const names = (await addressesOf(automation)).map(({ name }) => name)
  const name = named ?? (names.length === 1 ? names[0] : undefined)
  if (name === undefined)
    throw new CommandFailed(
      EXIT.usage,
      names.length === 0
        ? `${automation} has no webhook. Nothing was changed.`
        : `${automation} has several webhooks: ${names.join(', ')}. Nothing was changed. Say which: steward hooks rotate ${automation} ${names[0] ?? ''}`,
    )
  const address = await theCore().post('/automations/:id/webhooks/:name/rotate', {
    param: { id: automation, name },
  })
  return {
    document: withUrl(address),
    text: `Rotated. The old address and secret are worth nothing any more.\n\n${addressText(address)}`,
  }
}

async function addressesOf(automation: string): Promise<HookAddress[]> {
  const { items } = await theCore().get('/automations/:id/webhooks', { param: { id: automation } })
  return items
}

function withUrl(address: HookAddress) {
  return { ...address, url: addressOf(address.path) }
}

const PROOF: Readonly<Record<HookAddress['verify'], string>> = {
  signed: 'webhook-signature over id, time and body (Standard Webhooks)',
  hub: 'X-Hub-Signature-256 over the body',
  address: 'nothing more: whoever knows the address may post',
}

function addressText(address: HookAddress): string {
  const { name, verify, connection, secret, taken, lastAt, refused, path } = address
  const known = connection === null ? [] : ([['Secret', `that of the connection ${connection}`]] as const)
  const text = facts([
    ['Webhook', name],
    ['Address', addressOf(path)],
    ['Signed by', PROOF[verify]],
    ...(secret === null ? known : ([['Secret', secret]] as const)),
    [
      'Taken in',
      lastAt === null
        ? 'nothing yet'
        : `${count(taken, 'delivery', 'deliveries')}, last ${localTime(lastAt)}`,
    ],
    ...(refused === null ? [] : ([['Refused', `${localTime(refused.at)}: ${refused.reason}`]] as const)),
  ])
  return `${text}\nFrom elsewhere: the address of your tunnel, then ${path}`
}
