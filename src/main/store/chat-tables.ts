/** The tables of what is talked about, as types; see `schema.ts`. */
export interface ChatsTable {
  id: string
  title: string
  created_at: number
}

export interface ChatEventsTable {
  id: string
  chat_id: string
  kind: string
  run_id: string | null
  sealed_body: Uint8Array
  at: number
}

export interface SetUpsTable {
  chat_id: string
  stage:
    'listening' | 'choosing' | 'asking' | 'changing' | 'rehearsing' | 'confirming' | 'added' | 'cancelled'
  turn: number
  reply_id: string
  workflow_id: string | null
  sealed_talk: Uint8Array
  updated_at: number
}
