/** What has had its time is removed: hourly, in small pieces between other work. Owns when; the store owns what. */
import type { Clock } from '../../domain/clock.ts'
import type { Log } from '../../domain/log.ts'
import { collect, RETENTION } from '../store/retention.ts'
import { preferencesOf } from '../store/settings.ts'
import type { Store } from '../store/store.ts'

const DAY_MS = 86_400_000
const EVERY_MS = 3_600_000
/** The first pass leaves the start of the core to its work. */
const FIRST_MS = 60_000

export interface Tidied {
  store: Store
  clock: Clock
  log: Log
  /** Removes what is not the store's. */
  alongside: () => void
}

/** Answers with what ends it. */
export function tidyHourly(tidied: Tidied): () => Promise<void> {
  const { clock } = tidied
  const ending = new AbortController()
  let cancel: () => void = () => undefined
  let pass = Promise.resolve()
  const arm = (inMs: number): void => {
    cancel = clock.wakeAt(clock.now() + inMs, () => {
      pass = tidyOnce(tidied, ending.signal).then(() => {
        if (!ending.signal.aborted) arm(EVERY_MS)
      })
    })
  }
  arm(FIRST_MS)
  return async () => {
    ending.abort()
    cancel()
    await pass
  }
}

async function tidyOnce({ store, clock, log, alongside }: Tidied, signal: AbortSignal): Promise<void> {
  try {
    alongside()
    const runsMs = preferencesOf(store).keepRunsDays * DAY_MS
    const collected = await collect(store, clock.now(), { ...RETENTION, runsMs }, signal)
    if (Object.values(collected).some(count => count > 0))
      log('info', 'old records were collected', { counts: { ...collected } })
  } catch (error) {
    log('error', 'old records could not be collected', { error })
  }
}
