/** Time as a port: UTC milliseconds since 1970, and a way to be called later. Production uses the machine's; tests drive their own. */
export interface Clock {
  now(): number
  /** Calls back once at or after `at` (UTC ms); returns a function that cancels. Never keeps the process alive. */
  wakeAt(at: number, callback: () => void): () => void
}
