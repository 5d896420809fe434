/** Workflows and their versions: what a person delegated (intent) and the script that does it. */
import { createHash } from 'node:crypto'
import { contractSchema } from '../../domain/contract.ts'
import type { Contract } from '../../domain/contract.ts'
import { createChat } from './chats.ts'
import type { Row } from './schema.ts'
import { insertion, query, statement } from './statement.ts'
import type { Store } from './store.ts'
import type { Reader, Tx } from './tx.ts'

export type Workflow = Row<'workflows'>
export type WorkflowState = Workflow['state']
export type Script = Row<'scripts'>

/** A workflow with the versions that new runs take. */
export interface Deployed {
  workflow: Workflow
  script: Script
  contract: Contract
}

const insertWorkflow = insertion('workflows', ['id', 'name', 'state', 'chat_id', 'created_at', 'updated_at'])
const insertIntent = insertion('intents', ['id', 'workflow_id', 'version', 'contract', 'created_at'])
const insertScript = insertion('scripts', [
  'id',
  'workflow_id',
  'intent_id',
  'major',
  'minor',
  'source',
  'hash',
  'tool_api',
  'note',
  'created_at',
])
const deploy = statement(
  (p: { id: string; intent_id: string; script_id: string; concurrency: number; at: number }) =>
    query
      .updateTable('workflows')
      .set({ intent_id: p.intent_id, script_id: p.script_id, concurrency: p.concurrency, updated_at: p.at })
      .where('id', '=', p.id),
)
const setState = statement((p: { id: string; state: WorkflowState; reason: string | null; at: number }) =>
  query
    .updateTable('workflows')
    .set({ state: p.state, pause_reason: p.reason, updated_at: p.at })
    .where('id', '=', p.id),
)
const setName = statement((p: { id: string; name: string; at: number }) =>
  query.updateTable('workflows').set({ name: p.name, updated_at: p.at }).where('id', '=', p.id),
)
const setServed = statement((p: { id: string; at: number }) =>
  query.updateTable('workflows').set({ last_served_at: p.at }).where('id', '=', p.id),
)
const byId = statement((p: { id: string }) =>
  query.selectFrom('workflows').selectAll().where('id', '=', p.id),
)
const byName = statement((p: { name: string }) =>
  query.selectFrom('workflows').selectAll().where('name', '=', p.name).where('state', '!=', 'deleted'),
)
const listed = statement((_p: object) =>
  query.selectFrom('workflows').selectAll().where('state', '!=', 'deleted').orderBy('name'),
)
const intentById = statement((p: { id: string }) =>
  query.selectFrom('intents').selectAll().where('id', '=', p.id),
)
const scriptById = statement((p: { id: string }) =>
  query.selectFrom('scripts').selectAll().where('id', '=', p.id),
)
const scriptOfVersion = statement((p: { workflowId: string; major: number; minor: number }) =>
  query
    .selectFrom('scripts')
    .selectAll()
    .where('workflow_id', '=', p.workflowId)
    .where('major', '=', p.major)
    .where('minor', '=', p.minor),
)
const lastVersions = statement((p: { workflowId: string }) =>
  query
    .selectFrom('scripts')
    .innerJoin('intents', 'intents.id', 'scripts.intent_id')
    .select(({ fn }) => [fn.max('scripts.major').as('major'), fn.max('intents.version').as('version')])
    .where('scripts.workflow_id', '=', p.workflowId),
)

/** With a chat of its own, or the one in which it was set up. */
export function createWorkflow(
  store: Store,
  tx: Tx,
  { name, title, chat, at }: { name: string; title: string; chat: string | null; at: number },
): string {
  const id = store.ids.next('wf')
  const chatId = chat ?? createChat(store, tx, title, at)
  tx.run(insertWorkflow, { id, name, state: 'active', chat_id: chatId, created_at: at, updated_at: at })
  return id
}

/** A new intent version and the script for it, deployed together: new runs take both. */
export function deployVersion(
  store: Store,
  tx: Tx,
  workflowId: string,
  version: { contract: Contract; source: string; toolApi: number; note: string; at: number },
): { intentId: string; scriptId: string; major: number } {
  const last = tx.get(lastVersions, { workflowId })
  const intentId = store.ids.next('int')
  const scriptId = store.ids.next('scr')
  const major = (last?.major ?? 0) + 1
  const { at } = version
  tx.run(insertIntent, {
    id: intentId,
    workflow_id: workflowId,
    version: (last?.version ?? 0) + 1,
    contract: JSON.stringify(version.contract),
    created_at: at,
  })
  tx.run(insertScript, {
    id: scriptId,
    workflow_id: workflowId,
    intent_id: intentId,
    major,
    minor: 0,
    source: version.source,
    hash: createHash('sha256').update(version.source).digest('hex'),
    tool_api: version.toolApi,
    note: version.note,
    created_at: at,
  })
  tx.run(deploy, {
    id: workflowId,
    intent_id: intentId,
    script_id: scriptId,
    concurrency: version.contract.queue.concurrency,
    at,
  })
  return { intentId, scriptId, major }
}

export function setWorkflowState(
  tx: Tx,
  id: string,
  state: WorkflowState,
  reason: string | null,
  at: number,
): void {
  tx.run(setState, { id, state, reason, at })
}

export function renameWorkflow(tx: Tx, id: string, name: string, at: number): void {
  tx.run(setName, { id, name, at })
}

export function markServed(tx: Tx, id: string, at: number): void {
  tx.run(setServed, { id, at })
}

export function workflowById(reader: Reader, id: string): Workflow | undefined {
  return reader.get(byId, { id })
}

export function workflowByName(reader: Reader, name: string): Workflow | undefined {
  return reader.get(byName, { name })
}

export function listWorkflows(reader: Reader): Workflow[] {
  return reader.all(listed, {})
}

export function contractOf(reader: Reader, intentId: string): Contract {
  return reader.once(`intent ${intentId}`, () => {
    const row = reader.get(intentById, { id: intentId })
    if (row === undefined) throw new Error(`intent ${intentId} is missing`)
    return contractSchema.parse(JSON.parse(row.contract))
  })
}

export function intentOf(
  reader: Reader,
  intentId: string,
): Pick<Row<'intents'>, 'id' | 'version' | 'created_at'> {
  return reader.once(`intent row ${intentId}`, () => {
    const row = reader.get(intentById, { id: intentId })
    if (row === undefined) throw new Error(`intent ${intentId} is missing`)
    return { id: row.id, version: row.version, created_at: row.created_at }
  })
}

export function scriptOf(reader: Reader, scriptId: string): Script {
  return reader.once(`script ${scriptId}`, () => {
    const row = reader.get(scriptById, { id: scriptId })
    if (row === undefined) throw new Error(`script ${scriptId} is missing`)
    return row
  })
}

export function scriptByVersion(
  reader: Reader,
  workflowId: string,
  version: { major: number; minor: number },
): Script | undefined {
  return reader.get(scriptOfVersion, { workflowId, ...version })
}

export function deployed(reader: Reader, workflow: Workflow): Deployed {
  if (workflow.intent_id === null || workflow.script_id === null)
    throw new Error(`workflow ${workflow.id} has no version`)
  return {
    workflow,
    script: scriptOf(reader, workflow.script_id),
    contract: contractOf(reader, workflow.intent_id),
  }
}
