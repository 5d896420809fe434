/** How many deliveries an address takes: so many a minute, of which a part may come at once. Pure; time is an argument. */

export interface Paced {
  /** What is left, in sixty-thousandths of a delivery, and of when that is. */
  left: number
  at: number
}

/** At least this many may come together, or a minute's worth where that is less. */
const AT_ONCE = 100

/** A rate of one a minute brings one of these each millisecond. */
const ONE = 60_000

export function burstOf(mostPerMinute: number): number {
  return Math.min(mostPerMinute, Math.max(AT_ONCE, Math.ceil(mostPerMinute / 10)))
}

/** Takes one; `waitMs` is 0 when it may, otherwise how long until the next may. */
export function take(
  paced: Paced | undefined,
  mostPerMinute: number,
  now: number,
): { paced: Paced; waitMs: number } {
  const most = burstOf(mostPerMinute) * ONE
  const { left, at } = paced ?? { left: most, at: now }
  // A clock that was set back gives nothing and takes nothing. Whole numbers: a rounding would make a wait too short.
  const filled = Math.min(most, left + Math.max(0, now - at) * mostPerMinute)
  if (filled >= ONE) return { paced: { left: filled - ONE, at: now }, waitMs: 0 }
  return { paced: { left: filled, at: now }, waitMs: Math.ceil((ONE - filled) / mostPerMinute) }
}
