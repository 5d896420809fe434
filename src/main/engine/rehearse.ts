/**
 * A rehearsal (S6, O2): the very script, in the same sandbox with the same modules under the same contract and the
 * same policy; reads are live, writes are simulated and noted as what they would do, local state is the rehearsal's
 * own. Nothing outside changes; recorded is only what models answered and cost. The parts are in `rehearse/`.
 */
import type { EngineContext } from './context.ts'
import type { Rehearsal, RehearsalEnd } from './rehearse/rehearsal.ts'
import { Stage } from './rehearse/stage.ts'

export type { Rehearsal, RehearsalEnd, Rehearsed } from './rehearse/rehearsal.ts'

export function rehearse(context: EngineContext, rehearsal: Rehearsal): Promise<RehearsalEnd> {
  return new Promise(resolve => {
    new Stage(context, rehearsal, resolve).begin()
  })
}
