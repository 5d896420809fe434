/** `costs`: what was spent on asking models, by what it was for. Running a script that asks none costs nothing. */
import { Option } from 'commander'
import type { Command } from 'commander'
import type { CostsSummary } from '../server/api.ts'
import { theCore } from './client.ts'
import { answering, wholeNumberOption } from './command.ts'
import type { Answer } from './command.ts'
import { count, moneyText, section } from './terminal.ts'

const DAY_MS = 86_400_000
const USUAL_DAYS = 30

interface CostsOptions {
  automation?: string
  days: number
}

export function addCostsCommand(program: Command): void {
  answering(
    program
      .command('costs')
      .option('--automation <automation>', 'of this one only')
      .addOption(
        new Option('--days <n>', 'of the last days').argParser(wholeNumberOption).default(USUAL_DAYS),
      )
      .description('what asking models cost: planning, repairs, runs'),
    costs,
  )
}

async function costs({ automation, days }: CostsOptions): Promise<Answer> {
  const since = Date.now() - days * DAY_MS
  const query = { since: String(since), ...(automation === undefined ? {} : { automation }) }
  const core = theCore()
  const summary = await core.get('/costs/summary', { query })
  const names = new Map((await core.all('/automations', {})).map(({ id, name }) => [id, name]))
  const byAutomation = summary.byAutomation.map(sum => ({ ...sum, key: names.get(sum.key) ?? sum.key }))
  return { document: summary, text: summaryText({ ...summary, byAutomation }, days) }
}

function summaryText(summary: CostsSummary, days: number): string {
  const { micros, entries, byPurpose, byAutomation, byTool, byDay } = summary
  const total = `${moneyText(micros)} in ${count(days, 'day')}, for ${count(entries, 'call')} of models.`
  const running = byPurpose.find(({ key }) => key === 'run')?.micros ?? 0
  return [
    total,
    running === 0 ? 'Running cost nothing: no script asked a model.' : '',
    section('For', linesOf(byPurpose)),
    section('Automations', linesOf(byAutomation, 'none')),
    section('Tools', linesOf(byTool)),
    section('Days (UTC)', linesOf(byDay)),
  ]
    .filter(part => part !== '')
    .join('\n')
}

function linesOf(sums: CostsSummary['byTool'], unnamed = ''): string[] {
  return sums.map(({ key, micros, entries }) => {
    return `${(key === '' ? unnamed : key).padEnd(32)} ${moneyText(micros).padStart(12)}  ${String(entries)}`
  })
}
