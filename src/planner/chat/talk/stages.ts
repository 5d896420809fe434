/**
 * Where a conversation can stand. listening: for what is wanted · choosing: entries are offered · asking: for one
 * slot · changing: which slot is to be another · rehearsing: the dry run plays · confirming: it may be added ·
 * added, cancelled: it is over.
 */
export const STAGES = [
  'listening',
  'choosing',
  'asking',
  'changing',
  'rehearsing',
  'confirming',
  'added',
  'cancelled',
] as const

export type Stage = (typeof STAGES)[number]
