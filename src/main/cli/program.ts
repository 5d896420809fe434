/** The command line: every command, and how whatever goes wrong is told and turned into an exit code. */
import { Command, CommanderError } from 'commander'
import { isFailureError } from '../../domain/failure.ts'
import { VERSION } from '../home.ts'
import { addAutomationCommands } from './commands-automations.ts'
import { addChatCommand } from './commands-chat.ts'
import { addConnectionCommands } from './commands-connections.ts'
import { addCostsCommand } from './commands-costs.ts'
import { addDevCommands } from './commands-dev.ts'
import { addElsewhereCommands } from './commands-elsewhere.ts'
import { addAuditCommands } from './commands-audit.ts'
import { addFolderCommands } from './commands-folder.ts'
import { addGalleryCommands } from './commands-gallery.ts'
import { addHookCommands } from './commands-hooks.ts'
import { addInboxCommands } from './commands-inbox.ts'
import { addModelCommands } from './commands-models.ts'
import { addNoteCommands } from './commands-notes.ts'
import { addObserveCommands } from './commands-observe.ts'
import { addPermissionCommands } from './commands-permissions.ts'
import { addQuietCommands } from './commands-quiet.ts'
import { addRehearseCommand } from './commands-rehearse.ts'
import { addRunCommands } from './commands-runs.ts'
import { addVaultCommands } from './commands-vault.ts'
import { ApiError } from '../server/client.ts'
import { exitOf } from './client.ts'
import { CommandFailed, EXIT } from './exit.ts'
import type { ExitCode } from './exit.ts'
import { endQuietlyWithoutReader, jsonText, safe, terminal } from './terminal.ts'

const EXIT_CODES = `
Exit codes: 0 done · 1 it failed · 2 it was asked for wrongly · 3 no Steward runs · 4 it waits for a person.
STEWARD_HOME selects the data folder; STEWARD_PASSPHRASE_FILE names a file with the vault's passphrase.`

export function createProgram(): Command {
  const program = new Command('steward')
    .description('Keeps done what you delegated.')
    .version(VERSION)
    .addHelpText('after', EXIT_CODES)
    .showSuggestionAfterError()
  addFolderCommands(program)
  addAuditCommands(program)
  addAutomationCommands(program)
  addRunCommands(program)
  addRehearseCommand(program)
  addCostsCommand(program)
  addInboxCommands(program)
  addPermissionCommands(program)
  addQuietCommands(program)
  addChatCommand(program)
  addNoteCommands(program)
  addGalleryCommands(program)
  addConnectionCommands(program)
  addModelCommands(program)
  addHookCommands(program)
  addVaultCommands(program)
  addObserveCommands(program)
  addElsewhereCommands(program)
  addDevCommands(program)
  throwInsteadOfExiting(program)
  return program
}

export async function main(args: readonly string[]): Promise<void> {
  endQuietlyWithoutReader()
  try {
    await createProgram().parseAsync(args, { from: 'user' })
  } catch (error) {
    process.exitCode = tell(error, args.includes('--json'))
  }
}

function throwInsteadOfExiting(command: Command): void {
  command.exitOverride()
  for (const child of command.commands) throwInsteadOfExiting(child)
}

function tell(error: unknown, asJson: boolean): ExitCode {
  // Commander has printed what it has to say: help, or what was wrong with the arguments.
  if (error instanceof CommanderError) {
    if (error.exitCode === 0) return EXIT.done
    const detail = error.message.replace(/^error: /, '')
    if (asJson)
      terminal.out(jsonText({ error: { title: 'The arguments were refused', detail, code: EXIT.usage } }))
    return EXIT.usage
  }
  const { code, title, message } = failed(error)
  terminal.err(safe(message, 4_000))
  if (asJson) terminal.out(jsonText({ error: { title, detail: message, code } }))
  return code
}

function failed(error: unknown): { code: ExitCode; title: string; message: string } {
  if (error instanceof CommandFailed) return error
  if (error instanceof ApiError)
    return { code: exitOf(error), title: error.problem.title, message: error.message }
  if (isFailureError(error)) {
    const code = error.failure.kind === 'invalid-input' ? EXIT.usage : EXIT.failed
    return { code, title: 'The command failed', message: error.message }
  }
  const reason = error instanceof Error ? `${error.name}: ${error.message}` : 'something else was thrown'
  return {
    code: EXIT.failed,
    title: 'Something went wrong inside Steward',
    message: `The command stopped for a reason nobody foresaw (${reason}). What it had done stays done.`,
  }
}
