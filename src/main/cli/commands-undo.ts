/** `runs undo`: shows what a run did and whether it can be taken back; takes it back once that was confirmed. */
import type { Command } from 'commander'
import type { UndoStepView, UndoView, UndoableView } from '../server/api.ts'
import type { ApiClient } from '../server/client.ts'
import { theCore } from './client.ts'
import { answering } from './command.ts'
import type { Answer } from './command.ts'
import { confirm } from './confirm.ts'
import { EXIT } from './exit.ts'
import { count, safe, section } from './terminal.ts'

/** One look of the core's; asked again until it has ended. */
const LOOK_MS = 20_000

interface UndoOptions {
  step?: string[]
  preview?: boolean
  yes?: boolean
}

export function addUndoCommand(runs: Command): void {
  answering(
    runs
      .command('undo')
      .argument('<id>')
      .option('--step <id...>', 'these steps alone')
      .option('--preview', 'show what would be taken back, and change nothing')
      .option('--yes', 'do not ask')
      .description('take back what it did, where that is possible'),
    undoRun,
  )
}

async function undoRun(id: string, options: UndoOptions): Promise<Answer> {
  const core = theCore()
  const effects = await undoableOf(core, id, options.step)
  if (options.preview === true) return { document: { items: effects }, text: previewText(effects) }
  if (options.yes !== true) {
    const refused = 'Nothing was taken back. To do it without being asked: add --yes'
    await confirm({ text: previewText(effects), question: 'Take this back?', refused })
  }
  const begun = await core.post('/runs/:id/undo', { param: { id }, json: { steps: options.step } })
  const ended = await untilEnded(core, begun)
  const became = await core.all('/undos/:id/steps', { param: { id: ended.id } })
  const stands = became.some(({ state }) => state !== 'undone')
  return {
    document: { ...ended, steps: became },
    text: undoneText(became),
    code: stands ? EXIT.failed : EXIT.done,
  }
}

async function undoableOf(
  core: ApiClient,
  id: string,
  steps: readonly string[] | undefined,
): Promise<UndoableView[]> {
  const found: UndoableView[] = []
  for (const step of steps ?? [undefined])
    found.push(...(await core.all('/runs/:id/undo', { param: { id }, query: { step } })))
  return found
}

async function untilEnded(core: ApiClient, begun: UndoView): Promise<UndoView> {
  let seen = begun
  while (seen.state === 'going')
    seen = await core.get('/undos/:id', { param: { id: seen.id }, query: { wait: String(LOOK_MS) } })
  return seen
}

function previewText(effects: readonly UndoableView[]): string {
  const lines = (wanted: UndoableView['undo'][]) =>
    effects
      .filter(({ undo }) => wanted.includes(undo))
      .map(({ sentence, because, stepId }) =>
        safe(`${sentence}${because === null ? '' : `. ${because}`}  (${stepId})`, 400),
      )
  return [
    section('Can be taken back, in this order', lines(['yes'])),
    section('Cannot be taken back', lines(['no'])),
    section('Taken back already, or being so', lines(['undone', 'under-way'])),
    effects.length === 0
      ? 'It changed nothing that can be undone.'
      : '\nItems that are done stay done: no later run does them again of itself.',
  ]
    .filter(part => part !== '')
    .join('\n')
}

function undoneText(steps: readonly UndoStepView[]): string {
  const undone = steps.filter(({ state }) => state === 'undone')
  const stands = steps.filter(({ state }) => state !== 'undone')
  return [
    `${count(undone.length, 'step was', 'steps were')} taken back.`,
    section(
      'Taken back',
      undone.map(({ sentence }) => safe(sentence)),
    ),
    section(
      'Not taken back',
      stands.map(({ sentence, reason }) => safe(`${sentence}. ${reason ?? ''}`, 400)),
    ),
  ]
    .filter(part => part !== '')
    .join('\n')
}
