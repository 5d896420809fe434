/** Every intent that is held, by its id. */
import type { Intent } from '../intent.ts'
import { FILES } from './files.ts'
import { REFUSALS } from './refusals.ts'

export const INTENTS: readonly Intent[] = [...FILES, ...REFUSALS]
