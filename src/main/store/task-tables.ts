/** The tables of agent work and of what models cost, as types; see `schema.ts`. */
import type { Generated } from 'kysely'

interface TasksTable {
  id: string
  kind: 'plan' | 'repair'
  chat_id: string
  workflow_id: string | null
  state: 'working' | 'asking' | 'confirming' | 'told' | 'added' | 'stopped' | 'failed'
  turn: number
  reply_id: string | null
  sealed_draft: Uint8Array
  created_at: number
  updated_at: number
}

interface TaskRunsTable {
  id: string
  task_id: string
  number: number
  boot: string
  state: 'running' | 'rested' | 'stopped' | 'failed' | 'lost'
  steps: Generated<number>
  sealed_failure: Generated<Uint8Array | null>
  begun_at: number
  ended_at: Generated<number | null>
}

interface ThreadsTable {
  id: string
  task_id: string
  created_at: number
}

interface MessagesTable {
  thread_id: string
  place: number
  sender: 'user' | 'model' | 'tools'
  sealed_body: Uint8Array
  at: number
}

interface CostsTable {
  id: string
  workflow_id: string | null
  run_id: string | null
  step_id: string | null
  purpose: 'build' | 'repair' | 'run'
  tool: string
  micros: number
  at: number
  task_id: Generated<string | null>
  connection: Generated<string | null>
  model: Generated<string | null>
  input_tokens: Generated<number>
  cached_tokens: Generated<number>
  output_tokens: Generated<number>
  reasoning_tokens: Generated<number>
  estimated: Generated<number>
  state: Generated<'reserved' | 'spent'>
}

interface PricesTable {
  model: string
  input: number
  cached_input: number
  output: number
  set_at: number
}

interface ModelAnswersTable {
  key: string
  sealed_answer: Uint8Array
  at: number
}

interface PicturesTable {
  hash: string
  size: number
  sealed_body: Uint8Array
}

interface PictureHoldersTable {
  workflow_id: string
  hash: string
  last_used_at: number
}

export interface TaskTables {
  tasks: TasksTable
  task_runs: TaskRunsTable
  threads: ThreadsTable
  messages: MessagesTable
  costs: CostsTable
  prices: PricesTable
  model_answers: ModelAnswersTable
  pictures: PicturesTable
  picture_holders: PictureHoldersTable
}
