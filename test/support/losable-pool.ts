/** The sandbox, but a test takes instances away as the kill of a neighbour does, and holds the next launch back. */
import type { SandboxInstance, SandboxListener, SandboxPool } from '../../src/sandbox/pool.ts'

export interface Losable {
  wrap(pool: SandboxPool): SandboxPool
  /** How many instances were asked for. */
  starts(): number
  /** Takes the newest instance away. */
  lose(): void
  /** The next instance has to wait for its place, until `makeRoom`. */
  fill(): void
  makeRoom(): void
  /** Whether from now on each instance is taken away as soon as it is there. */
  loseAll(all: boolean): void
}

export function losable(): Losable {
  let starts = 0
  let full = false
  let losing = false
  let newest: () => void = () => undefined
  let starting: () => void = () => undefined
  const launch = (pool: SandboxPool, run: Parameters<SandboxPool['start']>[0], listener: SandboxListener) => {
    const instance = pool.start(run, listener)
    newest = () => {
      instance.drop()
      listener.lost({ is: 'neighbour' })
    }
    if (losing) setImmediate(newest)
    return instance
  }
  const later = (start: () => SandboxInstance): SandboxInstance => {
    let instance: SandboxInstance | null = null
    let isDropped = false
    starting = () => {
      if (!isDropped) instance = start()
    }
    return {
      get started() {
        return instance?.started ?? false
      },
      deliver: (...outcome) => instance?.deliver(...outcome),
      verify: input => instance?.verify(input),
      drop: () => {
        isDropped = true
        instance?.drop()
      },
    }
  }
  return {
    wrap: pool => ({
      engineVersion: pool.engineVersion,
      start: (run, listener) => {
        starts++
        return full ? later(() => launch(pool, run, listener)) : launch(pool, run, listener)
      },
      warm: () => pool.warm(),
      stats: () => pool.stats(),
      close: () => pool.close(),
    }),
    starts: () => starts,
    lose: () => {
      newest()
    },
    fill: () => {
      full = true
    },
    loseAll: all => {
      losing = all
    },
    makeRoom: () => {
      full = false
      starting()
    },
  }
}
