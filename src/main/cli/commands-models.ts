/** `models`: which model does what, what it costs and may cost, and which ones run on this machine. */
import { Argument, InvalidArgumentError } from 'commander'
import type { Command } from 'commander'
import { MODEL_ROLES } from '../../domain/model.ts'
import type { ModelRole } from '../../domain/model.ts'
import { dollars } from '../../domain/spending.ts'
import type { AnswerOf, ItemOf } from '../server/api.ts'
import { numberText, theCore } from './client.ts'
import { answering, wholeNumberOption } from './command.ts'
import type { Answer } from './command.ts'
import { CommandFailed, EXIT } from './exit.ts'
import { localTime, section, table } from './terminal.ts'

type Role = AnswerOf<'get', '/models'>['roles'][number]
type Spending = AnswerOf<'get', '/settings'>['spending']

const CAPS = { task: 'perTaskMicros', day: 'perDayMicros', month: 'perMonthMicros' } as const
const NONE =
  'No model is connected. Connect one with: steward connections add model --kind model, or look for one on this machine with: steward models find'

export function addModelCommands(program: Command): void {
  const models = program.command('models').description('which model does what, and what it may cost')
  answering(models.command('list', { isDefault: true }).description('which model serves which role'), list)
  const role = () => new Argument('<role>').choices(MODEL_ROLES)
  answering(
    models
      .command('set')
      .addArgument(role())
      .argument('<model>', 'as its provider calls it')
      .option('--connection <name>', 'by which it is asked; otherwise whichever serves models')
      .description('choose the model of a role'),
    choose,
  )
  answering(
    models.command('unset').addArgument(role()).description('go back to the usual model of a role'),
    unchoose,
  )
  answering(
    models.command('find').description('look for servers of models on this machine, at their usual ports'),
    find,
  )
  addCostCommands(models)
}

function addCostCommands(models: Command): void {
  answering(
    models
      .command('cap')
      .addArgument(new Argument('<of>').choices(Object.keys(CAPS)))
      .argument('<dollars>', 'models may cost this much, and no more', dollarsArgument)
      .description('cap what models may cost for one task, on one day, in one month'),
    cap,
  )
  answering(
    models
      .command('price')
      .argument('<model>')
      .option('--input <dollars>', 'for a million tokens that are sent', dollarsArgument)
      .option('--cached <dollars>', 'for those of them that the provider had cached', dollarsArgument)
      .option('--output <dollars>', 'for a million tokens that come back', dollarsArgument)
      .option('--forget', 'go back to the price that is shipped')
      .description('say what a model costs'),
    setPrice,
  )
  answering(
    models
      .command('prices')
      .option('--limit <n>', 'how many at most', wholeNumberOption)
      .option('--cursor <place>', 'where the list begins, as the page before said')
      .description('what you said models cost'),
    listPrices,
  )
}

async function list(): Promise<Answer> {
  const core = theCore()
  const [{ roles }, { spending }] = await Promise.all([core.get('/models'), core.get('/settings')])
  const rows = roles.map(each => [each.role, ...servingCells(each)])
  const some = roles.some(each => each.serving !== null)
  const lines = some ? table(['ROLE', 'MODEL', 'BY', 'IN', 'CACHED', 'OUT', ''], rows) : NONE
  return { document: { roles, spending }, text: `${lines}\n\n${capsText(spending)}` }
}

function servingCells({ serving, isChosen }: Role): string[] {
  if (serving === null) return ['-', '-', '-', '-', '-', '']
  const { model, connection, provider, price } = serving
  const said = price?.isEstimate === true ? 'its price is an estimate' : ''
  const prices = [price?.input, price?.cachedInput, price?.output].map(each =>
    each === undefined ? '-' : dollars(each),
  )
  return [
    model,
    `${connection} (${provider})`,
    ...prices,
    [isChosen ? 'chosen' : '', said].filter(Boolean).join(', '),
  ]
}

function capsText({ perTaskMicros, perDayMicros, perMonthMicros }: Spending): string {
  return section('Caps', [
    `one task   ${dollars(perTaskMicros)}`,
    `one day    ${dollars(perDayMicros)}`,
    `one month  ${dollars(perMonthMicros)}`,
  ])
}

async function choose(
  role: ModelRole,
  model: string,
  { connection }: { connection?: string },
): Promise<Answer> {
  await theCore().change('/settings', {
    json: { models: { [role]: { model, connection: connection ?? null } } },
  })
  return list()
}

async function unchoose(role: ModelRole): Promise<Answer> {
  await theCore().change('/settings', { json: { models: { [role]: null } } })
  return list()
}

async function find(): Promise<Answer> {
  const found = await theCore().post('/models/find')
  const text = found.items.map(({ name, url, models }) =>
    section(`${name} at ${url}`, [
      models.length === 0 ? 'It has no model yet.' : models.join(', '),
      `Connect it with: steward connections add model --kind model --auth none --set maker=compatible --set url=${url} --set model=${models[0] ?? 'MODEL'}`,
    ]),
  )
  const none = 'No server of models answered at the usual ports (Ollama: 11434, LM Studio: 1234).'
  return { document: found, text: text.length === 0 ? none : text.join('\n\n') }
}

async function cap(of: keyof typeof CAPS, micros: number): Promise<Answer> {
  const { spending } = await theCore().change('/settings', { json: { spending: { [CAPS[of]]: micros } } })
  return { document: spending, text: capsText(spending) }
}

interface PriceOptions {
  input?: number
  cached?: number
  output?: number
  forget?: boolean
}

async function setPrice(model: string, { input, cached, output, forget }: PriceOptions): Promise<Answer> {
  const core = theCore()
  if (forget === true) {
    const forgotten = await core.delete('/models/prices/:model', { param: { model } })
    return { document: forgotten, text: `The shipped price of ${model} counts again.` }
  }
  if (input === undefined || output === undefined)
    throw new CommandFailed(
      EXIT.usage,
      'A price takes --input and --output, or --forget to go back to the shipped one. Nothing was changed.',
    )
  const price = await core.post('/models/prices', {
    json: { model, input, output, ...(cached === undefined ? {} : { cachedInput: cached }) },
  })
  return { document: price, text: table(HEAD, [priceCells(price)]) }
}

const HEAD = ['MODEL', 'IN', 'CACHED', 'OUT', 'SET']

async function listPrices({ limit, cursor }: { limit?: number; cursor?: string }): Promise<Answer> {
  const page = await theCore().get('/models/prices', { query: { limit: numberText(limit), cursor } })
  const text = page.items.length === 0 ? 'The shipped prices count.' : table(HEAD, page.items.map(priceCells))
  return { document: page, text }
}

function priceCells({ model, input, cachedInput, output, setAt }: ItemOf<'/models/prices'>): string[] {
  return [model, dollars(input), dollars(cachedInput), dollars(output), localTime(setAt)]
}

/** As micro-dollars. */
function dollarsArgument(text: string): number {
  if (!/^\d{1,6}(\.\d{1,6})?$/.test(text))
    throw new InvalidArgumentError('It is an amount in dollars, as in 2.50.')
  return Math.round(Number(text) * 1e6)
}
