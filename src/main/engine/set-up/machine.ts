/** Everything a conversation needs and a core at rest does not: loaded with the first message. */
import { triggerLine } from '../../../domain/contract-text.ts'
import { sha256Hex } from '../../../domain/json.ts'
import type { Json } from '../../../domain/json.ts'
import type { Language } from '../../../domain/language.ts'
import type { DryRun } from '../../../planner/chat/talk/talk.ts'
import type { FilledEntry } from '../gallery.ts'
import { checkedContract } from '../install.ts'
import type { Line } from '../watch/activation.ts'

export { NEW_TALK, talkSchema } from '../../../planner/chat/talk/talk.ts'
export { afterDryRun, afterInstall, afterRefusal, showAnew, turn } from '../../../planner/chat/talk/turns.ts'
export { playFilled } from './dry-run.ts'
export { fillTalk, openShelf } from './shelf.ts'

/** What was just added: what starts it, and what of it was there before (R8). */
export function beginning(contract: Json, watched: readonly Line[], language: Language) {
  const { title, when, zone } = checkedContract(contract, 'installed')
  return { title, when: when.map(trigger => triggerLine(trigger, zone, language)), watched }
}

export function notPlayed({ source }: FilledEntry, why: string): DryRun {
  return {
    state: 'failed',
    given: 'own',
    hash: sha256Hex(source),
    counts: { reads: 0, changes: 0, asks: 0, refused: 0 },
    lines: [],
    linesLeftOut: 0,
    untouched: [],
    missed: [],
    failure: why,
  }
}
