/** `connections`: accounts with their credentials, which automations name and never see. */
import { Option } from 'commander'
import type { Command } from 'commander'
import type { ConnectionView, ProviderInfo } from '../server/api.ts'
import { askSecret } from './ask-secret.ts'
import { theCore } from './client.ts'
import { answering, pairOption } from './command.ts'
import type { Answer } from './command.ts'
import { CommandFailed, EXIT } from './exit.ts'
import { count, facts, localTime, table } from './terminal.ts'

const AUTHS = ['bearer', 'api-key', 'basic', 'none'] as const satisfies ConnectionView['auth'][]

export function addConnectionCommands(program: Command): void {
  const connections = program.command('connections').description('accounts that automations use')
  answering(
    connections.command('list', { isDefault: true }).description('what is connected, and how it is'),
    list,
  )
  answering(connections.command('kinds').description('what can be connected'), kinds)
  answering(
    connections
      .command('add')
      .argument('<name>', 'as contracts and scripts call it')
      .option('--kind <kind>', 'what it is: steward connections kinds')
      .addOption(new Option('--auth <auth>', 'where the kind takes several').choices(AUTHS))
      .option('--host <host>', 'where its credential may go; may be repeated', collect)
      .option('--set <name=value>', 'what is not secret; may be repeated', pairOption)
      .option('--secret-file <file>', 'file that holds the secret in its first line; - is standard input')
      .option('--no-check', 'do not ask the remote whether it accepts it')
      .description('connect an account, or replace its credential'),
    add,
  )
  answering(
    connections
      .command('check')
      .argument('<name>')
      .description('ask the remote whether it accepts the credential'),
    check,
  )
  answering(
    connections.command('remove').argument('<name>').description('forget it, with its credential'),
    remove,
  )
}

function collect(host: string, before: string[] | undefined): string[] {
  return [...(before ?? []), host]
}

async function list(): Promise<Answer> {
  const answer = await theCore().get('/connections')
  const rows = [
    ...answer.items.map(item => [
      item.name,
      item.kind,
      item.state,
      localTime(item.checkedAt),
      users(item),
      item.message ?? '',
    ]),
    ...answer.wanted.map(item => [
      item.name,
      '-',
      'MISSING',
      '-',
      users(item),
      `Add it with: steward connections add ${item.name}`,
    ]),
  ]
  return {
    document: answer,
    text:
      rows.length === 0
        ? 'Nothing is connected. What can be: steward connections kinds'
        : table(['NAME', 'KIND', 'STATE', 'LOOKED', 'USED BY', ''], rows),
  }
}

function users({ usedBy, waiting }: Pick<ConnectionView, 'usedBy' | 'waiting'>): string {
  const names = usedBy.map(automation => automation.name).join(', ')
  const runs = waiting.reduce((sum, waiter) => sum + waiter.runs, 0)
  return `${names === '' ? '-' : names}${runs === 0 ? '' : ` (${count(runs, 'run waits', 'runs wait')})`}`
}

async function kinds(): Promise<Answer> {
  const answer = await theCore().get('/connections/providers')
  const rows = answer.items.map(item => [
    item.kind,
    item.fields
      .map(field => `${field.name}${field.secret ? ' (secret)' : ''}${field.optional ? '?' : ''}`)
      .join(', '),
    item.auth.join(', '),
    item.purpose,
  ])
  return { document: answer, text: table(['KIND', 'TAKES', 'AUTH', 'FOR'], rows) }
}

interface AddOptions {
  kind?: string
  auth?: ConnectionView['auth']
  host?: string[]
  set?: Record<string, string>
  secretFile?: string
  check: boolean
}

async function add(name: string, options: AddOptions): Promise<Answer> {
  const core = theCore()
  const before = await present(name)
  const kind = options.kind ?? before?.kind ?? refuseWithoutKind(name)
  const known = await provider(kind)
  const same = before?.kind === kind ? before : undefined
  const auth = options.auth ?? same?.auth
  const hosts = hostsFor(known, options, same)
  const added = await core.post('/connections', {
    json: {
      name,
      kind,
      auth,
      hosts,
      settings: { ...same?.settings, ...options.set },
      secrets: await secretsFor(known, auth, options.secretFile),
    },
  })
  return options.check ? check(name) : shown(added)
}

/** A credential that is replaced goes where the one before went, unless said otherwise. */
function hostsFor(
  { takesHosts }: ProviderInfo,
  { host }: AddOptions,
  same: ConnectionView | undefined,
): string[] | undefined {
  return host ?? (takesHosts ? same?.origins.slice() : undefined)
}

function refuseWithoutKind(name: string): never {
  throw new CommandFailed(
    EXIT.usage,
    `There is no connection “${name}” yet: say what it is with --kind. Nothing was changed. Kinds: steward connections kinds`,
  )
}

async function present(name: string): Promise<ConnectionView | undefined> {
  const { items } = await theCore().get('/connections')
  return items.find(item => item.name === name)
}

async function provider(kind: string): Promise<ProviderInfo> {
  const { items } = await theCore().get('/connections/providers')
  const found = items.find(item => item.kind === kind)
  if (found !== undefined) return found
  throw new CommandFailed(
    EXIT.usage,
    `“${kind}” is not among the kinds: ${items.map(item => item.kind).join(', ')}. Nothing was changed.`,
  )
}

/** Every kind has one secret for each way of signing in. */
async function secretsFor(
  { fields, auth }: ProviderInfo,
  chosen: string | undefined,
  file: string | undefined,
): Promise<Record<string, string>> {
  const way = chosen ?? auth[0]
  const secret = fields
    .filter(field => field.secret)
    .find(field => (way === 'basic') === (field.name === 'password'))
  if (secret === undefined || way === 'none') return {}
  return { [secret.name]: await askSecret(secret.label, file) }
}

async function check(name: string): Promise<Answer> {
  return shown(await theCore().post('/connections/:name/check', { param: { name } }))
}

async function remove(name: string): Promise<Answer> {
  const answer = await theCore().delete('/connections/:name', { param: { name } })
  const names = answer.usedBy.map(automation => automation.name).join(', ')
  const stops = names === '' ? '' : ` These automations wait until it is connected again: ${names}.`
  return { document: answer, text: `Removed ${answer.name} and its credential.${stops}` }
}

function shown(view: ConnectionView): Answer {
  const isFine = view.state === 'connected' || view.state === 'unchecked'
  return {
    document: view,
    text: facts([
      ['Name', view.name],
      ['Kind', `${view.kind} (${view.auth})`],
      ['Goes to', view.origins.length === 0 ? null : view.origins.join(', ')],
      ['State', view.state],
      ['', view.message],
    ]),
    code: isFine ? EXIT.done : EXIT.failed,
  }
}
