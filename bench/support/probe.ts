/**
 * Loaded into a core before its own code, by `--import`: tells about the process from inside, on request. At rest it
 * has no timer and does nothing. `BENCH_FSYNC_MS` makes every flush to the disk take that much longer.
 */
import fs from 'node:fs'
import { isMainThread } from 'node:worker_threads'
import { answerParent } from './peer.ts'

export type ProbeQuestion = { is: 'usage' } | { is: 'watch-lag' } | { is: 'lag' }

export interface ProbeAnswer {
  /** Milliseconds of CPU of all threads since the process began. */
  cpuMs: number
  rssBytes: number
  /** How late the loop came to a timer that was due every few milliseconds. */
  lagsMs: number[]
}

const EVERY_MS = 5

let lagsMs: number[] = []
let timer: NodeJS.Timeout | undefined

function watch(): void {
  const dueAt = performance.now() + EVERY_MS
  timer = setTimeout(() => {
    lagsMs.push(Math.max(0, performance.now() - dueAt))
    watch()
  }, EVERY_MS)
  timer.unref()
}

function usage(): ProbeAnswer {
  const { user, system } = process.cpuUsage()
  return { cpuMs: (user + system) / 1000, rssBytes: process.memoryUsage.rss(), lagsMs: [] }
}

function delayFlushes(byMs: number): void {
  const flush = fs.fdatasync.bind(fs)
  const slow = (descriptor: number, callback: (error: Error | null) => void) => {
    setTimeout(() => {
      flush(descriptor, callback)
    }, byMs)
  }
  Object.assign(fs, { fdatasync: slow })
}

if (isMainThread && process.send !== undefined) {
  const fsyncMs = Number(process.env['BENCH_FSYNC_MS'] ?? 0)
  if (fsyncMs > 0) delayFlushes(fsyncMs)
  answerParent<ProbeQuestion, ProbeAnswer>(question => {
    switch (question.is) {
      case 'usage':
        return usage()
      case 'watch-lag':
        clearTimeout(timer)
        lagsMs = []
        watch()
        return usage()
      case 'lag': {
        clearTimeout(timer)
        return { ...usage(), lagsMs }
      }
    }
  })
  // A core that was told to stop does not stay for the probe.
  process.channel?.unref()
}
