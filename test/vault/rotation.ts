/** What the rotating process and the test that ends it have in common. */
export const KILL_POINTS = [
  'before-draft',
  'before-rename',
  'after-rename',
  'before-reseal',
  'after-reseal',
  'at-end',
] as const
export type KillPoint = (typeof KILL_POINTS)[number]

export const PASSPHRASE = 'four unrelated words here'
/** Cheap: what is tried here is order, not strength. */
export const COST = { memoryKib: 64, passes: 1, lanes: 1 }
