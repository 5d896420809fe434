/** Every intent that is held. */
import type { Intent } from '../intent.ts'
import { APIS } from './apis.ts'
import { CHANGES } from './changes.ts'
import { CHECKS } from './checks.ts'
import { FILES } from './files.ts'
import { JUDGING } from './judging.ts'
import { MEDIA } from './media.ts'
import { REFUSALS } from './refusals.ts'
import { TIMES } from './time.ts'
import { PAGES } from './web.ts'

export const INTENTS: readonly Intent[] = [
  ...FILES,
  ...PAGES,
  ...CHECKS,
  ...APIS,
  ...MEDIA,
  ...TIMES,
  ...CHANGES,
  ...JUDGING,
  ...REFUSALS,
]
