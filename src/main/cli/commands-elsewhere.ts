/** `export` and `watch`: what happened, as files; and what changes, as it changes. For spreadsheets and programs. */
import { randomUUID } from 'node:crypto'
import fs from 'node:fs'
import path from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { Argument, Option } from 'commander'
import type { Command } from 'commander'
import type { ApiClient, Told } from '../server/client.ts'
import { theCore } from './client.ts'
import { answering } from './command.ts'
import type { Answer } from './command.ts'
import { CommandFailed, EXIT } from './exit.ts'
import { localTime, safe, terminal } from './terminal.ts'

const FORMATS = ['ndjson', 'csv'] as const

interface ExportOptions {
  format?: (typeof FORMATS)[number]
  automation?: string | undefined
}

/** What there is, and how it is asked for. */
const PARTS = {
  runs: (core, query) => core.file('/export/runs', { query }),
  steps: (core, query) => core.file('/export/steps', { query }),
  actions: (core, query) => core.file('/export/actions', { query }),
  costs: (core, query) => core.file('/export/costs', { query }),
  notes: (core, query) => core.file('/export/notes', { query }),
  audit: (core, { format }) => core.file('/export/audit', { query: { format } }),
} satisfies Record<string, (core: ApiClient, query: ExportOptions) => Promise<ReadableStream<Uint8Array>>>

export function addElsewhereCommands(program: Command): void {
  answering(
    program
      .command('export')
      .addArgument(new Argument('<what>').choices(Object.keys(PARTS)))
      .argument('<file>', 'where nothing is yet')
      .addOption(new Option('--format <format>', 'otherwise as the file is called').choices(FORMATS))
      .option('--automation <name>', 'of this one only; not for the audit log')
      .description('write what happened to a file'),
    exportPart,
  )
  program
    .command('watch')
    .option('--json', 'print one JSON document for each change')
    .description('show what changes, as it changes, until Ctrl-C')
    .action(watch)
}

async function exportPart(what: keyof typeof PARTS, file: string, options: ExportOptions): Promise<Answer> {
  if (what === 'audit' && options.automation !== undefined)
    throw new CommandFailed(
      EXIT.usage,
      'The audit log is one chain, and exported whole. Nothing was written. Leave --automation out.',
    )
  const format = options.format ?? (path.extname(file) === '.csv' ? 'csv' : 'ndjson')
  const target = path.resolve(file)
  if (fs.existsSync(target))
    throw new CommandFailed(EXIT.usage, `There is something at ${target} already. Nothing was written.`)
  const content = await PARTS[what](theCore(), { format, automation: options.automation })
  await writeWhole(target, content)
  const { size } = fs.statSync(target)
  return { document: { file: target, bytes: size }, text: `Wrote ${target} (${String(size)} bytes).` }
}

/** Under its name once it is whole: what was cut off in between leaves nothing. */
async function writeWhole(target: string, content: ReadableStream<Uint8Array>): Promise<void> {
  const draft = `${target}.${randomUUID()}.part`
  try {
    await pipeline(Readable.fromWeb(content), fs.createWriteStream(draft, { flags: 'wx', mode: 0o600 }))
    fs.renameSync(draft, target)
  } catch (error) {
    const reason = error instanceof Error ? error.message : 'unknown'
    throw new CommandFailed(EXIT.failed, `The export broke off, and nothing was kept of it: ${reason}`)
  } finally {
    fs.rmSync(draft, { force: true })
  }
}

async function watch({ json }: { json?: boolean }): Promise<void> {
  const { signal } = new AbortController()
  for await (const told of theCore().changes({ signal }))
    terminal.out(json === true ? JSON.stringify(told) : toldText(told))
}

function toldText(told: Told): string {
  const at = localTime(Date.now())
  if (told.event === 'ready') return `${at}  listening`
  if (told.event === 'reset') return `${at}  some changes were missed`
  const { kind, id, state } = told.news
  return safe([at, kind, id ?? '', state ?? ''].filter(part => part !== '').join('  '))
}
