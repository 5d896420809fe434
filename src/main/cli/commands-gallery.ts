/** `gallery`: ready-made automations. */
import type { Command } from 'commander'
import { whenText } from './commands-automations.ts'
import { theCore } from './client.ts'
import { answering, pairOption } from './command.ts'
import type { Answer } from './command.ts'
import { facts, safe, section, table } from './terminal.ts'

export function addGalleryCommands(program: Command): void {
  const gallery = program.command('gallery').description('ready-made automations')
  answering(gallery.command('list').description('what there is'), async () => {
    const list = await theCore().get('/gallery')
    const rows = list.items.map(entry => [entry.id, entry.title, entry.promise])
    return { document: list, text: table(['ID', 'TITLE', 'PROMISE'], rows) }
  })
  answering(gallery.command('show').argument('<id>').description('what one promises and asks'), show)
  answering(
    gallery
      .command('add')
      .argument('<id>')
      .option('--set <name=value>', 'a setting; as often as needed', pairOption)
      .option('--name <name>', 'what to call it')
      .description('install one with your settings'),
    add,
  )
}

async function show(id: string): Promise<Answer> {
  const entry = await theCore().get('/gallery/:id', { param: { id } })
  const slots = entry.slots.map(slot => {
    const otherwise = slot.default === null ? '' : `, otherwise ${slot.default}`
    const need = slot.required && slot.default === null ? 'needed' : 'optional'
    return safe(
      `${slot.name} (${need}${otherwise}): ${slot.question} ${slot.takes} For example: ${slot.example}`,
      1_000,
    )
  })
  return {
    document: entry,
    text:
      facts([
        [entry.id, entry.title],
        ['', entry.promise],
      ]) + section('Settings', slots),
  }
}

async function add(id: string, options: { set?: Record<string, string>; name?: string }): Promise<Answer> {
  const added = await theCore().post('/gallery/:id', {
    param: { id },
    json: { slots: options.set ?? {}, name: options.name },
  })
  const runNow = added.state === 'active' ? ` Run it now with: steward run ${added.name} --wait` : ''
  return {
    document: added,
    text: `${added.created ? 'Added' : 'Replaced'} ${added.name}: ${safe(added.promise, 400)} ${whenText(added)}${runNow}`,
  }
}
