/** The thread of a compute host: one job at a time, no state between them. It is ended when a job takes too long. */
import { flushCompileCache } from 'node:module'
import { parentPort } from 'node:worker_threads'
import { isFailureError } from '../../../domain/failure.ts'
import { jobs, type JobName } from './jobs.ts'
import type { JobRequest, WorkerMessage } from './protocol.ts'

const port = parentPort
if (port === null) throw new Error('compute/worker.ts runs only as a worker thread.')

port.on('message', (request: JobRequest) => void perform(request).then(tell))
tell({ is: 'ready' })

/** The host is ended in the middle of things, so what was compiled by now is kept by now. */
function tell(message: WorkerMessage): void {
  port?.postMessage(message)
  flushCompileCache()
}

async function perform({ name, input, outputBytes }: JobRequest): Promise<WorkerMessage> {
  try {
    const value = await runJob(name, input)
    const size = Buffer.byteLength(JSON.stringify(value))
    return size > outputBytes ? { is: 'too-big', size } : { is: 'done', value }
  } catch (error) {
    if (isFailureError(error)) return { is: 'failed', failure: error.failure }
    if (error instanceof RangeError) return { is: 'overflow' }
    return { is: 'bug', message: error instanceof Error ? error.message : String(error) }
  }
}

/** The pool's types tie each name to its input; here, past the thread's border, only the name is left. */
function runJob(name: JobName, input: unknown): unknown {
  const job = jobs[name] as (input: unknown) => unknown
  return job(input)
}
