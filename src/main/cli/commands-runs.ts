/** `run`, `runs`, `signal`: start work, look at it, command it. */
import { Option } from 'commander'
import type { Command } from 'commander'
import type { Json } from '../../domain/json.ts'
import type { AnswerOf, RunOutcome } from '../server/api.ts'
import type { ApiClient } from '../server/client.ts'
import { numberText, theCore } from './client.ts'
import { answering, jsonArgument, wholeNumberOption } from './command.ts'
import type { Answer } from './command.ts'
import { addUndoCommand } from './commands-undo.ts'
import { EXIT } from './exit.ts'
import type { ExitCode } from './exit.ts'
import { outcomeText, runText, stateText } from './run-text.ts'
import { localTime, table, took } from './terminal.ts'

/** One look of the core's; asked again until the run has settled. */
const LOOK_MS = 20_000
const STATES = [
  'running',
  'waiting',
  'succeeded',
  'failed',
  'cancelled',
  'declined',
] as const satisfies RunOutcome['state'][]

type TakenEvent = AnswerOf<'post', '/automations/:id/events'>

interface RunOptions {
  event?: Json
  key?: string
  wait?: boolean
}

export function addRunCommands(program: Command): void {
  answering(
    program
      .command('run')
      .argument('<automation>', 'name or id')
      .option('--event <json>', 'what the script is given', jsonArgument)
      .option('--key <text>', 'a second run with this key is not started')
      .option('--wait', 'until it has ended, or waits for you')
      .description('run an automation now'),
    startRun,
  )
  const runs = program
    .command('runs')
    .option('--automation <name>', 'of this one only')
    .addOption(new Option('--state <state>', 'in this state only').choices(STATES))
    .option('--cursor <place>', 'where the list begins, as the page before said')
    .option('--limit <number>', 'how many', wholeNumberOption)
    .description('what happened')
  answering(runs, listRuns)
  answering(runs.command('show').argument('<id>').description('effects, items and steps of one run'), showRun)
  answering(
    runs
      .command('retry')
      .argument('<id>')
      .description('go on from the step that failed; nothing done is repeated'),
    (id: string) => command(id, 'retry', 'goes on from its failed step'),
  )
  answering(
    runs
      .command('cancel')
      .argument('<id>')
      .description('end it; a write in flight is waited for and recorded'),
    (id: string) => command(id, 'cancel', 'was told to end'),
  )
  addUndoCommand(runs)
  answering(
    program
      .command('signal')
      .argument('<run>', 'id of the run')
      .argument('<name>', 'what it waits for')
      .argument('[json]', 'what it is given', jsonArgument)
      .description('tell a waiting run something'),
    sendSignal,
  )
}

async function startRun(name: string, options: RunOptions): Promise<Answer> {
  const core = theCore()
  const taken = await core.post('/automations/:id/events', {
    param: { id: name },
    query: { wait: options.wait === true ? String(LOOK_MS) : undefined },
    json: { payload: options.event ?? null, dedupeKey: options.key },
  })
  if (options.wait === true) return waitedFor(await untilSettled(core, taken), name)
  const place = taken.runId === null ? 'It waits for its turn.' : `Run ${taken.runId}.`
  return {
    document: taken,
    text: taken.duplicate
      ? `${name} had been given this key before. ${place}`
      : `${name} was started. ${place}`,
  }
}

async function untilSettled(core: ApiClient, taken: TakenEvent): Promise<TakenEvent> {
  let seen = taken
  while (!seen.settled) {
    const { settled, run } = await core.get('/events/:id', {
      param: { id: taken.eventId },
      query: { wait: String(LOOK_MS) },
    })
    // A run that rests for a time longer than a look is not waited for.
    seen = { ...seen, settled: settled || run?.state === 'waiting', run, runId: run?.id ?? null }
  }
  return seen
}

function waitedFor(taken: TakenEvent, name: string): Answer {
  if (taken.run === null) {
    return {
      document: taken,
      text: `${name} is paused; its event ${taken.eventId} waits. Go on with: steward resume ${name}`,
      code: EXIT.waiting,
    }
  }
  return { document: taken, text: outcomeText(taken.run), code: codeOf(taken.run) }
}

function codeOf(run: RunOutcome): ExitCode {
  if (run.state === 'succeeded') return EXIT.done
  return run.state === 'waiting' || run.state === 'running' ? EXIT.waiting : EXIT.failed
}

interface ListOptions {
  automation?: string
  state?: RunOutcome['state']
  cursor?: string
  limit?: number
}

async function listRuns({ automation, state, cursor, limit }: ListOptions): Promise<Answer> {
  const query = { automation, state, cursor, limit: numberText(limit) }
  const page = await theCore().get('/runs', { query })
  const rows = page.items.map(run => [
    run.id,
    run.automation.name,
    stateText(run),
    localTime(run.createdAt),
    took(run.endedAt === null ? null : run.endedAt - run.createdAt),
  ])
  const more = page.next === null ? '' : `\nOlder ones: add --cursor ${page.next}`
  return {
    document: page,
    text: rows.length === 0 ? 'No runs.' : table(['RUN', 'AUTOMATION', 'STATE', 'AT', 'TOOK'], rows) + more,
  }
}

async function showRun(id: string): Promise<Answer> {
  const run = await theCore().get('/runs/:id', { param: { id } })
  return { document: run, text: runText(run) }
}

async function command(id: string, verb: 'retry' | 'cancel', done: string): Promise<Answer> {
  const run = await theCore().post(`/runs/:id/${verb}`, { param: { id } })
  return { document: run, text: `Run ${run.id} ${done}.` }
}

async function sendSignal(run: string, name: string, payload?: Json): Promise<Answer> {
  const answer = await theCore().post('/runs/:id/signals/:name', {
    param: { id: run, name },
    json: { payload: payload ?? null },
  })
  return { document: answer, text: `The signal “${name}” was kept for run ${run}.` }
}
