/** Waits for work, but not for ever, and not once the core ends. */
export async function endedOr(ended: Promise<void>, ms: number, closing: AbortSignal): Promise<void> {
  if (ms === 0 || closing.aborted) return
  await new Promise<void>(resolve => {
    const done = () => {
      clearTimeout(timer)
      closing.removeEventListener('abort', done)
      resolve()
    }
    const timer = setTimeout(done, ms)
    closing.addEventListener('abort', done)
    ended.then(done, done)
  })
}
