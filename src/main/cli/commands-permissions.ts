/** `policy` and `grants`: what a person decided for all automations at once, and what they allowed for good. */
import type { Command } from 'commander'
import type { AnswerOf } from '../server/api.ts'
import { theCore } from './client.ts'
import { answering, readText, wholeNumberOption } from './command.ts'
import type { Answer } from './command.ts'
import { count, facts, localTime, safe, section, table } from './terminal.ts'

type InForce = AnswerOf<'get', '/policy'>
type Preview = Omit<AnswerOf<'post', '/policy/preview'>, 'next'>

const USUAL_DAYS = 30

export function addPermissionCommands(program: Command): void {
  const policy = program.command('policy').description('your rules for all automations at once')
  answering(policy, showPolicy)
  answering(policy.command('show').description('the file in force, in words'), showPolicy)
  answering(
    policy
      .command('import')
      .argument('<file>', 'policy.yaml; - is standard input')
      .description('put it in force'),
    importPolicy,
  )
  answering(policy.command('remove').description('take it away; contracts alone decide then'), removePolicy)
  answering(policy.command('versions').description('what was in force when'), listVersions)
  answering(
    policy
      .command('preview')
      .argument('[file]', 'without it, the file in force')
      .option('--days <n>', `of the last days (${String(USUAL_DAYS)})`, wholeNumberOption)
      .description('what it would have decided over recorded runs'),
    preview,
  )
  const grants = program
    .command('grants')
    .option('--automation <automation>', 'of this one alone')
    .description('what is allowed until it is revoked')
  answering(grants, listGrants)
  answering(grants.command('revoke').argument('<id>').description('ask again the next time'), revokeGrant)
}

async function showPolicy(): Promise<Answer> {
  const inForce = await theCore().get('/policy')
  return { document: inForce, text: policyText(inForce) }
}

function policyText({ policy }: InForce): string {
  if (policy === null)
    return 'There is no policy file: contracts alone decide. Import one with: steward policy import FILE'
  const rules = policy.rules.map(({ name, lines }) =>
    section(
      safe(name),
      lines.map(line => safe(line, 2_000)),
    ),
  )
  const head = facts([
    ['Version', String(policy.version)],
    ['In force since', localTime(policy.importedAt)],
    ['Hash', policy.hash.slice(0, 12)],
  ])
  const warnings = section(
    'To look at',
    policy.warnings.map(warning => safe(warning, 1_000)),
  )
  return [head, ...rules, warnings].filter(part => part !== '').join('\n')
}

async function importPolicy(file: string): Promise<Answer> {
  const inForce = await theCore().post('/policy', { json: { source: readText(file) } })
  return {
    document: inForce,
    text: `The policy is in force from the next decision on, for runs under way too.\n${policyText(inForce)}`,
  }
}

async function removePolicy(): Promise<Answer> {
  const inForce = await theCore().delete('/policy')
  return { document: inForce, text: 'The policy file was taken away. Contracts alone decide from now on.' }
}

async function listVersions(): Promise<Answer> {
  const items = await theCore().all('/policy/versions')
  const rows = items.map(({ version, at, removed, hash }) => [
    String(version),
    localTime(at),
    removed ? 'taken away' : hash.slice(0, 12),
  ])
  return {
    document: { items },
    text: rows.length === 0 ? 'There never was a policy file.' : table(['VERSION', 'SINCE', 'HASH'], rows),
  }
}

async function preview(file: string | undefined, { days = USUAL_DAYS }: { days?: number }): Promise<Answer> {
  const whole = await wholePreview(file === undefined ? undefined : readText(file), days)
  const { items, would } = whole
  const head = facts([
    ['Looked at', `${count(whole.steps, 'step')} of the last ${count(days, 'day')}`],
    [
      'Would be',
      `allowed ${String(would.allow)}, asked about ${String(would.ask)}, denied ${String(would.deny)}`,
    ],
    ['Different', count(items.length, 'step')],
    [
      'Not judged',
      whole.unjudged === 0 ? null : `${count(whole.unjudged, 'step')} whose tool has changed since`,
    ],
  ])
  const rows = items.map(item => [
    localTime(item.at),
    item.automation.name,
    `${item.was} → ${item.would}`,
    item.sentence,
    item.reason ?? '',
  ])
  const list = rows.length === 0 ? '' : `\n\n${table(['TIME', 'AUTOMATION', 'ANSWER', 'STEP', 'WHY'], rows)}`
  return { document: whole, text: `${head}${list}` }
}

/** Page by page, so that it can be broken off at any time. */
async function wholePreview(source: string | undefined, days: number): Promise<Preview> {
  const whole: Preview = { items: [], runs: 0, steps: 0, would: { allow: 0, ask: 0, deny: 0 }, unjudged: 0 }
  for (let cursor: string | undefined; ;) {
    const page = await theCore().post('/policy/preview', { json: { source, days, limit: 200, cursor } })
    whole.items.push(...page.items)
    whole.runs += page.runs
    whole.steps += page.steps
    whole.unjudged += page.unjudged
    for (const answer of ['allow', 'ask', 'deny'] as const) whole.would[answer] += page.would[answer]
    if (page.next === null) return whole
    cursor = page.next
  }
}

async function listGrants({ automation }: { automation?: string }): Promise<Answer> {
  const items = await theCore().all('/grants', { query: { automation } })
  const rows = items.map(({ id, automation: { name }, createdAt, text }) => [
    id,
    name,
    localTime(createdAt),
    text,
  ])
  return {
    document: { items },
    text:
      rows.length === 0 ? 'Nothing is allowed for good.' : table(['ID', 'AUTOMATION', 'SINCE', 'WHAT'], rows),
  }
}

async function revokeGrant(id: string): Promise<Answer> {
  const grant = await theCore().delete('/grants/:id', { param: { id } })
  return {
    document: grant,
    text: `Revoked. ${safe(grant.automation.name)} asks again the next time.`,
  }
}
