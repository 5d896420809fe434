import { setTimeout as sleep } from 'node:timers/promises'

/** Waits for work, but not for ever, and not once the core ends. */
export async function endedOr(ended: Promise<void>, ms: number, closing: AbortSignal): Promise<void> {
  if (ms === 0 || closing.aborted) return
  const over = new AbortController()
  const end = () => {
    over.abort()
  }
  ended.then(end, end)
  const signal = AbortSignal.any([closing, over.signal])
  await sleep(ms, undefined, { signal }).catch(() => undefined)
}
