/**
 * A compute host: a process in which one thread computes for the core, and this, its main thread, looks on.
 * V8 cannot always end a thread that bursts its heap: it may end the whole process, so that must not be the core's.
 * Owns: the thread, and looking at what it holds beside its objects. Does not own: how long a job may take, and when
 * the host ends: the core says so, or is gone.
 * Invariants: S2: what the thread holds is limited. Nothing of it outlives the core.
 */
import { Worker } from 'node:worker_threads'
import type { HostMessage, JobRequest, Loss, WorkerMessage } from './protocol.ts'

/** How often it is looked whether a job stays within its memory, ms. */
const WATCH_EVERY_MS = 100
/** A terminal sends them to everyone in it; what they mean for a job is for the core to say. */
const FOR_THE_CORE = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

const memoryMb = Number(process.argv[2])
let watch: NodeJS.Timeout | null = null

for (const signal of FOR_THE_CORE) process.on(signal, () => undefined)
process.on('disconnect', leave)
if (!process.connected) leave()

const worker = new Worker(new URL('./worker.ts', import.meta.url), {
  execArgv: [],
  env: process.env,
  resourceLimits: { maxOldGenerationSizeMb: memoryMb },
})
worker.on('message', (message: WorkerMessage) => {
  stopWatching()
  tell(message)
})
worker.on('error', (error: unknown) => {
  const outOfMemory = error instanceof Error && 'code' in error && error.code === 'ERR_WORKER_OUT_OF_MEMORY'
  lose({ outOfMemory, message: error instanceof Error ? error.message : String(error) })
})
worker.on('exit', code => {
  lose({ outOfMemory: false, message: `The thread ended (${code}).` })
})
process.on('message', (request: JobRequest) => {
  watch = setInterval(() => void weigh(), WATCH_EVERY_MS)
  worker.postMessage(request)
})

/** The thread's own limit holds for its objects; buffers are outside of them, and are counted here. */
async function weigh(): Promise<void> {
  const looking = watch
  const buffers = await buffersOf(worker)
  if (watch !== looking || buffers <= memoryMb * 1_024 * 1_024) return
  lose({ outOfMemory: true, message: `The job held ${buffers} bytes of buffers.` })
}

/** Bytes a thread holds beside its objects. One that has ended since cannot be asked, and holds nothing. */
function buffersOf(thread: Worker): Promise<number> {
  return thread.getHeapStatistics().then(
    ({ external_memory: bytes }) => bytes,
    () => 0,
  )
}

function stopWatching(): void {
  if (watch !== null) clearInterval(watch)
  watch = null
}

/** Whoever hears it ends this process. */
function lose(loss: Loss): void {
  stopWatching()
  tell({ is: 'lost', ...loss })
}

/** A core that cannot be told is gone, and `disconnect` says so. */
function tell(message: HostMessage): void {
  process.send?.(message, undefined, undefined, () => undefined)
}

/** At once: a thread in the middle of a job would hold up an orderly exit. */
function leave(): void {
  process.kill(process.pid, 'SIGKILL')
}
