/** `rehearse` and `dev rehearse`: what a script would do, without doing it. Ctrl-C stops the rehearsal, not the core. */
import type { Command } from 'commander'
import type { Json } from '../../domain/json.ts'
import type { RehearsalReport } from '../server/api.ts'
import type { ApiClient } from '../server/client.ts'
import { theCore } from './client.ts'
import { answering, jsonArgument, readJson, readText, wholeNumberOption } from './command.ts'
import type { Answer } from './command.ts'
import { EXIT } from './exit.ts'
import type { ExitCode } from './exit.ts'
import { rehearsalText } from './rehearsal-text.ts'

/** One look of the core's; asked again until the rehearsal has ended. */
const LOOK_MS = 20_000

interface PlayOptions {
  event?: Json
  seconds?: number
  payloads?: boolean
}

interface Played {
  automation?: string
  source?: string
  contract?: Json
}

interface ScriptOptions extends PlayOptions {
  script: string
  contract: string
  for?: string
}

export function addRehearseCommand(program: Command): void {
  answering(
    withPlayOptions(
      program
        .command('rehearse')
        .argument('<automation>', 'name or id')
        .description('show what a run would do now, and change nothing'),
    ),
    (name: string, options: PlayOptions) => play({ automation: name }, options),
  )
}

export function addDevRehearseCommand(dev: Command): void {
  answering(
    withPlayOptions(
      dev
        .command('rehearse')
        .requiredOption('--script <file>', 'the script')
        .requiredOption('--contract <file>', 'what it may do, as JSON')
        .option('--for <automation>', 'as a new version of this one: with its memory and its items')
        .description('show what a script would do under a contract, and change nothing'),
    ),
    (options: ScriptOptions) =>
      play(
        {
          source: readText(options.script),
          contract: readJson(options.contract),
          ...(options.for === undefined ? {} : { automation: options.for }),
        },
        options,
      ),
  )
}

function withPlayOptions(command: Command): Command {
  return command
    .option('--event <json>', 'what the script is given', jsonArgument)
    .option('--seconds <number>', 'stop it after so many (default: 60)', wholeNumberOption)
    .option('--payloads', 'show what each change would have carried')
}

async function play(what: Played, options: PlayOptions): Promise<Answer> {
  const core = theCore()
  const interrupt = new AbortController()
  const onInterrupt = () => {
    interrupt.abort()
  }
  process.once('SIGINT', onInterrupt)
  const begun = await core.post('/rehearsals', {
    json: {
      ...what,
      event: options.event ?? null,
      ...(options.seconds === undefined ? {} : { longestMs: options.seconds * 1_000 }),
    },
  })
  const report = await untilEnded(core, begun, interrupt.signal)
  process.off('SIGINT', onInterrupt)
  return {
    document: report,
    text: rehearsalText(report, options.payloads === true),
    code: codeOf(report),
  }
}

/** Looks until it has ended: by itself, or because it was interrupted here. */
async function untilEnded(
  core: ApiClient,
  begun: RehearsalReport,
  interrupt: AbortSignal,
): Promise<RehearsalReport> {
  const param = { id: begun.id }
  const stopped = aborted(interrupt).then(() => core.post('/rehearsals/:id/cancel', { param }))
  let seen = begun
  while (seen.state === 'running') {
    const look = core.get('/rehearsals/:id', { param, query: { wait: String(LOOK_MS) } })
    seen = await Promise.race([look, stopped])
  }
  return seen
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise(resolve => {
    if (signal.aborted) resolve()
    signal.addEventListener('abort', () => {
      resolve()
    })
  })
}

function codeOf({ state, checks }: RehearsalReport): ExitCode {
  const missed = checks.some(check => check.verdict === 'does-not-hold')
  return state === 'returned' && !missed ? EXIT.done : EXIT.failed
}
