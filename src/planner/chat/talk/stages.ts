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

/**
 * What a script was given to play: what would start it now · all that is there now, as if it had just come, which once
 * live counts as known · an example of what would be posted · nothing, as if a person had started it.
 */
export const PLAYED_WITH = ['own', 'as-if-new', 'example', 'by-hand'] as const
export type PlayedWith = (typeof PLAYED_WITH)[number]
