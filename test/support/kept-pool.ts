/**
 * One sandbox for the worlds of a test file, as long as they come one after the other: its thread takes longer to
 * start than most worlds last, and keeps nothing of a run that is over (S5). To its world it is like one of its own.
 * Owns the sandbox that rests between two worlds.
 */
import { createSandboxPool } from '../../src/sandbox/pool.ts'
import type { SandboxPool } from '../../src/sandbox/pool.ts'

let resting: SandboxPool | null = null

export function keptPool(): SandboxPool {
  const pool = resting ?? createSandboxPool({ workers: 1 })
  resting = null
  let closed = false
  return {
    engineVersion: pool.engineVersion,
    start: (run, listener) => {
      if (closed) throw new Error('The sandbox pool is closed.')
      return pool.start(run, listener)
    },
    warm: () => pool.warm(),
    stats: () => pool.stats(),
    close: async () => {
      closed = true
      if (resting === null && isAsNew(pool)) resting = pool
      else await pool.close()
    },
  }
}

/** Whether nothing is in it, and nothing happened to it that its world could tell from a new one. */
function isAsNew(pool: SandboxPool): boolean {
  const { workers, instances, computing, queued, evicted, killed } = pool.stats()
  return workers <= 1 && instances + computing + queued + evicted + killed === 0
}
