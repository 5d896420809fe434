/** `serve`, `backup`, `restore`, `doctor`: the core itself and its data folder. */
import path from 'node:path'
import type { Command } from 'commander'
import { dataFolder } from '../home.ts'
import { findCore } from './client.ts'
import { answering, wholeNumberOption } from './command.ts'
import type { Answer } from './command.ts'
import { EXIT } from './exit.ts'
import { jsonText, table, terminal } from './terminal.ts'

export function addFolderCommands(program: Command): void {
  program
    .command('serve')
    .option('--port <number>', 'listen at exactly this port of this machine', wholeNumberOption)
    .option('--json', 'print one JSON document')
    .description('run the core; prints its address when it is ready')
    .action(serve)
  answering(
    program
      .command('backup')
      .argument('<file>', 'where nothing is yet')
      .description('write a copy of the database'),
    backup,
  )
  answering(
    program
      .command('restore')
      .argument('<file>', 'a backup')
      .description('put a backup in place; only while no core runs'),
    restore,
  )
  answering(program.command('doctor').description('look whether all is well'), doctor)
}

/** What runs the core is loaded only here: every other command stays quick. */
async function serve(options: { port?: number; json?: boolean }): Promise<void> {
  const { serveCore } = await import('../headless.ts')
  await serveCore({
    home: dataFolder(),
    ...(options.port === undefined ? {} : { port: options.port }),
    onLocked: url => {
      terminal.err(
        `The vault is locked, so nothing runs yet. Steward answers at ${url}. Unlock it with: steward vault unlock`,
      )
    },
    onReady: ({ url }) => {
      const document = { url, pid: process.pid, folder: dataFolder() }
      terminal.out(options.json === true ? jsonText(document) : `Steward is ready at ${url}`)
    },
  })
}

async function backup(file: string): Promise<Answer> {
  const core = findCore()
  const target = path.resolve(file)
  const done =
    core === undefined
      ? await (await import('../idle-folder.ts')).backupFolder(dataFolder(), target)
      : await core.post('/backup', { json: { file: target } })
  return {
    document: done,
    text: `Wrote ${done.file} (${String(done.bytes)} bytes). It is sealed: to open it on another machine, its keys are needed too: ${done.keys}`,
  }
}

async function restore(file: string): Promise<Answer> {
  const { openFolder, restoreFolder } = await import('../idle-folder.ts')
  const vault = await openFolder(dataFolder())
  const { keptAt } = restoreFolder(dataFolder(), path.resolve(file), vault)
  const kept = keptAt === null ? '' : ` What was there before is kept at ${keptAt}.`
  return {
    document: { restored: path.resolve(file), keptAt },
    text: `Restored ${file}.${kept} The next start begins paused and says so in the inbox: steward serve`,
  }
}

/** Said whole: it ends with what to do. */
const LONGEST_FINDING = 2_000

async function doctor(): Promise<Answer> {
  const core = findCore()
  const health =
    core === undefined
      ? await (await import('../idle-folder.ts')).examineFolder(dataFolder())
      : await core.get('/doctor')
  const rows = health.checks.map(check => [check.ok ? 'ok' : 'ATTENTION', check.name, check.message])
  const running = core === undefined ? 'No core runs for it.' : 'A core runs for it.'
  return {
    document: { ...health, running: core !== undefined },
    text: `Data folder ${health.folder}. ${running}\n${table(['', 'WHAT', 'HOW IT IS'], rows, LONGEST_FINDING)}`,
    code: health.ok ? EXIT.done : EXIT.failed,
  }
}
