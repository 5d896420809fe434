/** `dev`: for those who write scripts. */
import path from 'node:path'
import type { Command } from 'commander'
import { whenText } from './commands-automations.ts'
import { theCore } from './client.ts'
import { addDevRehearseCommand } from './commands-rehearse.ts'
import { answering, pairOption, readJson, readText } from './command.ts'
import type { Answer } from './command.ts'
import { EXIT } from './exit.ts'
import { jsonText, safe, table, terminal } from './terminal.ts'

interface InstallOptions {
  name: string
  script: string
  contract: string
  map?: Record<string, string>
  note?: string
  rehearsed?: string
}

export function addDevCommands(program: Command): void {
  const dev = program.command('dev').description('for those who write scripts')
  answering(
    dev
      .command('install')
      .requiredOption('--name <name>', 'lower-case letters, digits and hyphens')
      .requiredOption('--script <file>', 'the script')
      .requiredOption('--contract <file>', 'what it may do, as JSON')
      .option('--map <old=new>', 'where the finished items of a renamed each go', pairOption)
      .option('--note <text>', 'what changed')
      .option('--rehearsed <hash>', 'refuse any script but the one whose rehearsal showed this hash')
      .description('install a script under a contract, or a new version of both'),
    install,
  )
  addDevRehearseCommand(dev)
  answering(
    dev
      .command('check')
      .argument('<file>', 'the script')
      .option('--contract <file>', 'hold it against this contract')
      .description('look through a script without installing it'),
    check,
  )
  answering(
    dev
      .command('contract')
      .argument('<file>', 'the script')
      .description('print a draft of the contract it needs'),
    draft,
  )
  answering(
    dev.command('tools').argument('[module]', 'such as http').description('what scripts can import'),
    tools,
  )
}

async function install(options: InstallOptions): Promise<Answer> {
  const installed = await theCore().post('/automations', {
    json: {
      name: options.name,
      source: readText(options.script),
      contract: readJson(options.contract),
      mapItems: options.map,
      note: options.note,
      rehearsed: options.rehearsed,
    },
  })
  const done = installed.created ? 'Installed' : 'Installed a new version of'
  return {
    document: installed,
    text: `${done} ${installed.name} ${installed.version}. ${whenText(installed)}`,
  }
}

async function check(file: string, options: { contract?: string }): Promise<Answer> {
  const found = await theCore().post('/check', {
    json: {
      source: readText(file),
      ...(options.contract === undefined ? {} : { contract: readJson(options.contract) }),
    },
  })
  const lines = found.problems.map(problem => {
    const place =
      problem.position === null ? '' : `:${String(problem.position.line)}:${String(problem.position.column)}`
    return `${file}${place}: ${problem.severity}: ${safe(problem.message, 1_000)}`
  })
  return {
    document: found,
    text:
      lines.length === 0
        ? `${file}: nothing to object to. It imports ${found.imports.join(', ') || 'nothing'}.`
        : lines.join('\n'),
    code: found.ok ? EXIT.done : EXIT.failed,
  }
}

async function draft(file: string): Promise<Answer> {
  const { contract, assumptions } = await theCore().post('/draft-contract', {
    json: { source: readText(file), name: path.basename(file, path.extname(file)) },
  })
  for (const assumption of assumptions) terminal.err(`Assumed: ${safe(assumption, 1_000)}`)
  return { document: contract, text: jsonText(contract) }
}

async function tools(module?: string): Promise<Answer> {
  if (module !== undefined) {
    const name = module.replace(/^tools\//, '')
    const found = await theCore().get('/tools/:module/declaration', { param: { module: name } })
    return { document: found, text: found.text.trimEnd() }
  }
  const list = await theCore().get('/tools')
  return {
    document: list,
    text: table(
      ['TOOL', 'EFFECT', 'WHAT IT DOES'],
      list.items.map(tool => [tool.name, tool.effect, tool.title]),
    ),
  }
}
