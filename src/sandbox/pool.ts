/**
 * The sandbox pool: places runs on a few workers, queues what has to wait, and replaces workers that were killed.
 *
 * Owns: the workers, the queue, the watchdog's timer (which runs only while something computes or waits for a place).
 * Does not own: what a run's messages mean. A run that lost its instance without fault goes on by replay; starting it
 * again is the listener's. Invariants: S1, S5.
 */
import { engineVersion } from './engine-version.ts'
import { Placement, type SandboxInstance, type SandboxListener } from './placement.ts'
import type { StartRun } from './protocol.ts'
import { Watchdog } from './watchdog.ts'
import { WorkerLink } from './worker-link.ts'

export type { LostReason, SandboxInstance, SandboxListener } from './placement.ts'

export interface SandboxPoolOptions {
  /** Threads at most. Default 2. */
  workers?: number
  instancesPerWorker?: number
  /** What all instances together may hold before none is added, and those that only wait give theirs up. */
  memoryMb?: number
  /** How long beyond its CPU limit a slice may be silent before its worker is ended. */
  watchdogGraceMs?: number
  /** How long a run must have waited for the host before it gives up its instance to one that waits for a place. */
  evictIdleAfterMs?: number
  /** How long a second worker stays without any run. */
  retireAfterMs?: number
  onWorkerLog?: (line: string) => void
  workerFile?: URL
}

export interface SandboxStats {
  workers: number
  instances: number
  /** Answers that workers owe right now. */
  computing: number
  queued: number
  started: number
  evicted: number
  killed: number
}

export interface SandboxPool {
  readonly engineVersion: string
  start(run: StartRun, listener: SandboxListener): SandboxInstance
  /** Resolves when the first worker is ready. */
  warm(): Promise<void>
  stats(): SandboxStats
  close(): Promise<void>
}

/** A run that waits for longer begins another thread: for less, its start would take as long. */
const PATIENCE_MS = 50
const MEGABYTE = 1_048_576

export function createSandboxPool(options: SandboxPoolOptions = {}): SandboxPool {
  return new WorkerPool({
    workers: 2,
    instancesPerWorker: 24,
    memoryMb: 512,
    watchdogGraceMs: 250,
    evictIdleAfterMs: 2000,
    retireAfterMs: 30_000,
    onWorkerLog: () => undefined,
    workerFile: new URL('./worker.ts', import.meta.url),
    ...options,
  })
}

class WorkerPool implements SandboxPool {
  readonly engineVersion = engineVersion()
  readonly #options: Required<SandboxPoolOptions>
  readonly #links = new Set<WorkerLink>()
  readonly #queue = new Set<Placement>()
  readonly #watchdog: Watchdog
  #timer: NodeJS.Timeout | null = null
  #retirement: NodeJS.Timeout | null = null
  #closed = false
  #started = 0
  #evicted = 0
  #killed = 0

  constructor(options: Required<SandboxPoolOptions>) {
    this.#options = options
    this.#watchdog = new Watchdog(options.watchdogGraceMs)
  }

  start(run: StartRun, listener: SandboxListener): SandboxInstance {
    if (this.#closed) throw new Error('The sandbox pool is closed.')
    const placement = new Placement(run, listener, waiting => this.#queue.delete(waiting))
    this.#queue.add(placement)
    this.#place()
    return placement
  }

  async warm(): Promise<void> {
    const [first = this.#spawn()] = this.#links
    await first.ready()
  }

  stats(): SandboxStats {
    const links = [...this.#links]
    return {
      workers: links.length,
      instances: links.reduce((sum, link) => sum + link.size, 0),
      computing: links.reduce((sum, link) => sum + link.load, 0),
      queued: this.#queue.size,
      started: this.#started,
      evicted: this.#evicted,
      killed: this.#killed,
    }
  }

  async close(): Promise<void> {
    this.#closed = true
    this.#queue.clear()
    for (const timer of [this.#timer, this.#retirement]) if (timer) clearTimeout(timer)
    const links = [...this.#links]
    for (const link of links) for (const placement of [...link.placements]) placement.drop()
    await Promise.all(links.map(link => link.close()))
  }

  #place(): void {
    if (this.#links.size === 0) this.#spawn()
    for (const placement of this.#queue) {
      const link = this.#free()
      if (!link) break
      this.#queue.delete(placement)
      this.#started += 1
      link.place(placement)
    }
    this.#watch()
  }

  /** The worker with the least to do that can take a run: one at a time, for a long one would keep others waiting. */
  #free(): WorkerLink | null {
    let best: WorkerLink | null = null
    for (const link of this.#links) {
      if (link.isStarting || this.#isFull(link)) continue
      if (!best || link.load < best.load || (link.load === best.load && link.size < best.size)) best = link
    }
    return best
  }

  #isFull(link: WorkerLink): boolean {
    return link.size >= this.#options.instancesPerWorker || this.#isShort()
  }

  /** Whether memory is short. A run that is alone may have what its limit allows. */
  #isShort(): boolean {
    const memories = [...this.#links].flatMap(link => [...link.placements].map(({ memory }) => memory))
    const sum = memories.reduce((total, memory) => total + memory, 0)
    return memories.length > 1 && sum > this.#options.memoryMb * MEGABYTE
  }

  /** For a run that waits though it could be at work: another thread, or the place of one that only waits. */
  #relieve(now: number): void {
    const [first] = this.#queue
    const links = [...this.#links]
    if (!first || now - first.since < PATIENCE_MS || !links.every(link => link.isReady)) return
    if (links.length < this.#options.workers) this.#spawn()
    else if (links.every(link => this.#isFull(link)))
      this.#evictOne(now, placement => now - (placement.idleSince ?? now))
  }

  #spawn(): WorkerLink {
    const link = new WorkerLink(this.#options.workerFile, {
      changed: () => {
        if (this.#queue.size > 0) this.#place()
        this.#retireSoon()
      },
      busy: () => {
        this.#watch()
      },
      gone: gone => {
        this.#links.delete(gone)
        if (!this.#closed && this.#queue.size > 0) this.#place()
      },
      log: this.#options.onWorkerLog,
    })
    this.#links.add(link)
    return link
  }

  #watch(): void {
    if (this.#timer || this.#closed) return
    const everyMs = Math.max(5, Math.min(50, this.#options.watchdogGraceMs / 4))
    this.#timer = setInterval(() => {
      this.#look()
    }, everyMs)
    this.#timer.unref()
  }

  #look(): void {
    const now = performance.now()
    const isShort = this.#isShort()
    if (isShort) this.#evictOne(now, placement => placement.memory)
    let busy = this.#queue.size > 0 || isShort
    for (const link of this.#links) {
      if (link.load === 0 && link.status().slot === null) continue
      busy = true
      if (!this.#watchdog.check(link, now)) continue
      this.#killed += 1
      this.#links.delete(link)
    }
    if (this.#queue.size > 0) this.#place()
    this.#relieve(now)
    if (busy || !this.#timer) return
    clearInterval(this.#timer)
    this.#timer = null
  }

  /** Of those that have only waited for long enough, the one whose going is worth most. */
  #evictOne(now: number, worth: (placement: Placement) => number): void {
    const waiting = [...this.#links]
      .flatMap(link => [...link.placements])
      .filter(({ idleSince }) => idleSince !== null && now - idleSince >= this.#options.evictIdleAfterMs)
    const [first] = waiting.sort((a, b) => worth(b) - worth(a))
    if (!first) return
    this.#evicted += 1
    first.evict()
  }

  /** One warm worker is enough at rest. */
  #retireSoon(): void {
    if (this.#retirement || this.#links.size < 2) return
    this.#retirement = setTimeout(() => {
      this.#retirement = null
      for (const link of this.#links) {
        if (link.size > 0 || this.#links.size < 2) continue
        this.#links.delete(link)
        void link.close()
      }
    }, this.#options.retireAfterMs)
    this.#retirement.unref()
  }
}
