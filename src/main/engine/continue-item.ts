/** An item of a run that has ended is gone on with as an event: it takes its turn like any other (J7, R3). */
import { acceptEvent } from '../store/inbox.ts'
import type { ItemRow } from '../store/items.ts'
import type { Tx } from '../store/tx.ts'
import type { EngineContext } from './context.ts'

export const CONTINUE_ITEM = 'item.continue'

/** `because` names the one reason to go on: the same reason is one event (R1). */
export function continueItem(
  context: EngineContext,
  tx: Tx,
  item: Pick<ItemRow, 'id' | 'workflow_id'>,
  because: { source: string; key: string },
): void {
  acceptEvent(context.store, tx, {
    sourceType: 'wait',
    sourceId: because.source,
    target: { type: 'workflow', id: item.workflow_id },
    type: CONTINUE_ITEM,
    dedupeKey: because.key,
    payload: { item: item.id },
    causes: [],
    at: context.clock.now(),
  })
}
