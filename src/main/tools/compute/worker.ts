/** A compute worker: one job at a time, no state between them. Whoever started it ends it when a job takes too long. */
import { parentPort } from 'node:worker_threads'
import { isFailureError } from '../../../domain/failure.ts'
import { jobs, type JobName } from './jobs.ts'
import type { JobRequest, WorkerMessage } from './protocol.ts'

const port = parentPort
if (port === null) throw new Error('compute/worker.ts runs only as a worker thread.')

port.on('message', (request: JobRequest) => void perform(request).then(message => port.postMessage(message)))
port.postMessage({ is: 'ready' } satisfies WorkerMessage)

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
