/**
 * Lets a request take something along into the first transaction that it causes, wherever below that is asked for:
 * a condition that must still hold then, or a mark that it was carried out. Both come true together, or neither does.
 * Owns nothing but what is on its way. What has no transaction takes nothing along.
 */
import { AsyncLocalStorage } from 'node:async_hooks'
import type { Tx } from './tx.ts'

interface Company {
  /** Null once they went along, and when the request is over: what it began goes on alone. */
  along: ((tx: Tx) => void)[] | null
}

const company = new AsyncLocalStorage<Company>()

/** Runs `act`; `along` is executed before the first work that it asks the store for, in the same transaction. */
export async function alongFirstWrite<T>(along: (tx: Tx) => void, act: () => Promise<T>): Promise<T> {
  const present = company.getStore()
  if (present?.along !== undefined && present.along !== null) {
    present.along.push(along)
    return act()
  }
  const own: Company = { along: [along] }
  try {
    return await company.run(own, act)
  } finally {
    own.along = null
  }
}

/** The work, with what goes along with it. */
export function withCompany<T>(work: (tx: Tx) => T): (tx: Tx) => T {
  const own = company.getStore()
  if (own === undefined || own.along === null) return work
  const { along } = own
  own.along = null
  return tx => {
    // Undone together: whoever asks next takes them along again.
    tx.onRollback.push(() => {
      own.along = along
    })
    for (const first of along) first(tx)
    return work(tx)
  }
}
