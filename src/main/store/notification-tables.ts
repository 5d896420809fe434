/** The table of what a person was told of, as a type; see `schema.ts`. */
export interface NotificationsTable {
  id: string
  kind: 'needs-you' | 'told' | 'first-success' | 'digest'
  workflow_id: string | null
  run_id: string | null
  action_id: string | null
  state: 'delivered' | 'held' | 'gathered' | 'settled'
  digest_id: string | null
  sealed_body: Uint8Array
  created_at: number
  delivered_at: number | null
}
