/**
 * The costs of models as the models see them: a reservation and the caps it has to fit under in one transaction, so
 * that calls at the same time cannot exceed one together. A cap of the person that has no room raises its action.
 */
import { draftAction } from '../../domain/action-draft.ts'
import type { Failure } from '../../domain/failure.ts'
import type { CostCap } from '../../domain/model.ts'
import { overFailure, spendingCause } from '../../domain/spending.ts'
import type { CostLedger } from '../../domain/spending.ts'
import { raiseAction } from './actions.ts'
import { dropCost, reserveCost, settleCost, spentOver } from './cost-entries.ts'
import { priceOf } from './prices.ts'
import type { Store } from './store.ts'
import type { Tx } from './tx.ts'

export function costLedger(store: Store): CostLedger {
  return {
    reserve: (reservation, caps) =>
      store.write(
        tx => {
          const at = store.now()
          // What costs nothing exceeds nothing.
          for (const cap of reservation.micros === 0 ? [] : caps) {
            const spent = spentOver(tx, cap.over)
            if (spent + reservation.micros <= cap.micros) continue
            const over = overFailure(cap, spent, reservation.micros)
            raiseFor(store, tx, cap, over, at)
            return { over }
          }
          return { id: reserveCost(store, tx, { ...reservation, at }) }
        },
        { durable: true },
      ),
    settle: entry =>
      store.write(tx => {
        settleCost(tx, entry)
      }),
    drop: id =>
      store.write(tx => {
        dropCost(tx, id)
      }),
    priceOf: model => priceOf(store, model),
  }
}

function raiseFor(store: Store, tx: Tx, cap: CostCap, failure: Failure, at: number): void {
  const causeKey = spendingCause(cap)
  if (causeKey === null) return
  const { kind, cause, effect, choices } = draftAction(failure, { tries: 1 })
  raiseAction(store, tx, {
    kind,
    causeKey,
    workflowId: null,
    runId: null,
    itemId: null,
    stepId: null,
    choices,
    body: { cause, effect },
    expiresAt: null,
    at,
  })
}
