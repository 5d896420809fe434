/** `logs` and `settings`: what happens inside Steward, and how much of it is told. */
import { setTimeout as sleep } from 'node:timers/promises'
import { InvalidArgumentError, Option } from 'commander'
import type { Command } from 'commander'
import { LOG_LEVELS } from '../../domain/log.ts'
import type { LogLevel } from '../../domain/log.ts'
import type { Json } from '../../domain/json.ts'
import type { AnswerOf, LogLine } from '../server/api.ts'
import type { ApiClient } from '../server/client.ts'
import { dataFolder } from '../home.ts'
import { findCore, theCore } from './client.ts'
import { answering, wholeNumberOption } from './command.ts'
import type { Answer } from './command.ts'
import { facts, localTime, terminal } from './terminal.ts'

const FOLLOW_EVERY_MS = 1_000
const MOST_LINES = 200

interface LogOptions {
  run?: string
  level?: LogLevel
  lines: number
  follow?: boolean
  json?: boolean
}

export function addObserveCommands(program: Command): void {
  const logs = program
    .command('logs')
    .description('show what happened inside, oldest first')
    .option('--run <id>', 'only what happened to this run')
    .addOption(new Option('--level <level>', 'this level and those above it').choices(LOG_LEVELS))
    .option('--lines <number>', 'how many, up to 200', linesOption, 50)
    .option('--follow', 'go on with what happens from now on; with --json, one document for each line')
  answering(logs, showLog)
  const settings = program.command('settings').description('how Steward is set')
  answering(settings.command('show', { isDefault: true }).description('show it'), showSettings)
  answering(
    settings
      .command('set')
      .argument('<name>')
      .argument('<value>', 'a word, or JSON')
      .description('set it otherwise'),
    changeSetting,
  )
}

function linesOption(text: string): number {
  const lines = wholeNumberOption(text)
  if (lines < 1 || lines > MOST_LINES)
    throw new InvalidArgumentError(`It is a whole number from 1 to ${String(MOST_LINES)}.`)
  return lines
}

async function showLog(options: LogOptions): Promise<Answer> {
  const { run, level, lines } = options
  const core = options.follow === true ? theCore() : findCore()
  const { items } =
    core === undefined
      ? await (await import('../idle-folder.ts')).logOfFolder(dataFolder(), { run, level, limit: lines })
      : await core.get('/logs', { query: { run, level, limit: String(lines) } })
  const newest = [...items].reverse()
  if (core === undefined || options.follow !== true)
    return { document: { items: newest }, text: newest.map(lineText).join('\n') }
  return follow(core, options, newest)
}

async function follow(core: ApiClient, options: LogOptions, newest: readonly LogLine[]): Promise<never> {
  const { run, level } = options
  const print = (line: LogLine) => {
    terminal.out(options.json === true ? JSON.stringify(line) : lineText(line))
  }
  newest.forEach(print)
  let after = newest.at(-1)?.n ?? 0
  for (;;) {
    await sleep(FOLLOW_EVERY_MS)
    const more = await core.get('/logs', { query: { run, level, after: String(after) } })
    more.items.forEach(print)
    after = more.items.at(-1)?.n ?? after
  }
}

function lineText({ n: _n, at, level, message, ...fields }: LogLine): string {
  const rest = Object.entries(fields).map(
    ([name, value]) => `${name}=${typeof value === 'object' ? JSON.stringify(value) : String(value)}`,
  )
  return [localTime(Date.parse(at)), level.toUpperCase().padEnd(5), message, ...rest].join('  ')
}

async function showSettings(): Promise<Answer> {
  return settingsAnswer(await theCore().get('/settings'))
}

async function changeSetting(name: string, value: string): Promise<Answer> {
  return settingsAnswer(await theCore().change('/settings', { json: { [name]: valueOf(value) } }))
}

function settingsAnswer(settings: AnswerOf<'get', '/settings'>): Answer {
  const pairs = Object.entries(settings).map(([name, value]) => [name, shown(value)] as const)
  return { document: settings, text: facts(pairs) }
}

function shown(value: Json): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}

/** A word stands for itself. */
function valueOf(text: string): Json {
  try {
    return JSON.parse(text) as Json
  } catch (error) {
    if (error instanceof SyntaxError) return text
    throw error
  }
}
