/** How many deliveries an address takes: so many a minute, of which a part may come at once. Pure; time is an argument. */

export interface Paced {
  /** What is left, and of when that is. */
  left: number
  at: number
}

/** At least this many may come together, or a minute's worth where that is less. */
const AT_ONCE = 100

export function burstOf(mostPerMinute: number): number {
  return Math.min(mostPerMinute, Math.max(AT_ONCE, Math.ceil(mostPerMinute / 10)))
}

/** Takes one; `waitMs` is 0 when it may, otherwise how long until the next may. */
export function take(
  paced: Paced | undefined,
  mostPerMinute: number,
  now: number,
): { paced: Paced; waitMs: number } {
  const most = burstOf(mostPerMinute)
  const { left, at } = paced ?? { left: most, at: now }
  const perMs = mostPerMinute / 60_000
  // A clock that was set back gives nothing and takes nothing.
  const filled = Math.min(most, left + Math.max(0, now - at) * perMs)
  if (filled >= 1) return { paced: { left: filled - 1, at: now }, waitMs: 0 }
  return { paced: { left: filled, at: now }, waitMs: Math.ceil((1 - filled) / perMs) }
}
