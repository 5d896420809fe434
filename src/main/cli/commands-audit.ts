/** `audit`: the log of every decision is verified, and erased where somebody wants it gone. */
import type { Command } from 'commander'
import { dataFolder } from '../home.ts'
import { findCore, theCore } from './client.ts'
import { answering } from './command.ts'
import type { Answer } from './command.ts'
import { confirm } from './confirm.ts'
import { CommandFailed, EXIT } from './exit.ts'
import { count } from './terminal.ts'

interface EraseOptions {
  automation?: string
  before?: string
  everything?: boolean
  yes?: boolean
}

export function addAuditCommands(program: Command): void {
  const audit = program.command('audit').description('the log of every decision')
  answering(audit.command('verify').description('find edits, gaps and cuts'), verifyAudit)
  answering(
    audit
      .command('erase')
      .option('--automation <automation>', 'what was decided about this one')
      .option('--before <date>', 'what was decided before this day, such as 2026-03-01')
      .option('--everything', 'all of it, until now')
      .option('--yes', 'do not ask')
      .description('erase what it says; that something was erased stays provable'),
    eraseAudit,
  )
}

async function verifyAudit(): Promise<Answer> {
  const core = findCore()
  const verdict =
    core === undefined
      ? await (await import('../idle-folder.ts')).verifyFolder(dataFolder())
      : await core.get('/audit/verify')
  return {
    document: verdict,
    text: verdict.ok
      ? `The audit log is whole: ${count(verdict.rows, 'row')}, no edit, gap or cut.`
      : `The audit log does not hold. ${verdict.message} Nothing was changed. Compare it with a backup.`,
    code: verdict.ok ? EXIT.done : EXIT.failed,
  }
}

async function eraseAudit(options: EraseOptions): Promise<Answer> {
  const { automation, before, everything, yes } = options
  if (automation === undefined && before === undefined && everything !== true) {
    const next = 'Name --automation, --before, or --everything.'
    throw new CommandFailed(EXIT.usage, `It was not said what to erase. Nothing was changed. ${next}`)
  }
  const json = {
    ...(automation === undefined ? {} : { automation }),
    ...(before === undefined ? {} : { before: dayOf(before) }),
    ...(everything === true ? { everything } : {}),
  }
  if (yes !== true) {
    await confirm({
      text: `Erases what the audit log says ${whatText(options)}. It cannot be had back.`,
      question: 'Erase this?',
      refused: 'Nothing was erased. To do it without being asked: add --yes',
    })
  }
  const { erased } = await theCore().post('/audit/erase', { json })
  const text = `Erased ${count(erased, 'row')} of the audit log. Backups made before still hold them.`
  return { document: { erased }, text }
}

function whatText({ automation, before }: EraseOptions): string {
  const about = automation === undefined ? 'about everything' : `about ${automation}`
  return before === undefined ? about : `${about}, before ${before}`
}

/** The beginning of a day here, UTC ms. */
function dayOf(text: string): number {
  const [, year, month, day] = /^(\d{4})-(\d{2})-(\d{2})$/.exec(text) ?? []
  const at = new Date(Number(year), Number(month) - 1, Number(day))
  if (Number.isNaN(at.getTime()) || at.getMonth() !== Number(month) - 1) {
    throw new CommandFailed(EXIT.usage, `“${text}” is not a day, such as 2026-03-01. Nothing was changed.`)
  }
  return at.getTime()
}
