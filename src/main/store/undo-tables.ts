/** The tables of what was taken back, as types; see `schema.ts`. */
export interface UndosTable {
  id: string
  run_id: string
  workflow_id: string
  state: 'going' | 'ended'
  created_at: number
  ended_at: number | null
}

export interface UndoStepsTable {
  undo_id: string
  position: number
  step_id: string
  state: 'planned' | 'begun' | 'undone' | 'refused' | 'unclear' | 'impossible'
  sealed_reason: Uint8Array | null
  at: number
}
