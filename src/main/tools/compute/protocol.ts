/** The words between the pool, its hosts, and the thread in each of them that does the work. */
import type { Failure } from '../../../domain/failure.ts'
import type { JobName } from './jobs.ts'

export interface JobRequest {
  name: JobName
  input: unknown
  /** Longest JSON text the result may have, in UTF-8 bytes. */
  outputBytes: number
}

export type WorkerMessage =
  | { is: 'ready' }
  | { is: 'done'; value: unknown }
  | { is: 'failed'; failure: Failure }
  | { is: 'too-big'; size: number }
  /** The job ran out of stack, or of room for one text. */
  | { is: 'overflow' }
  | { is: 'bug'; message: string }

/** Why a host computes no more. */
export interface Loss {
  outOfMemory: boolean
  message: string
}

/** What a host in a process of its own says: its thread's words, and that the thread is gone. */
export type HostMessage = WorkerMessage | ({ is: 'lost' } & Loss)

/** The tool a job works for, as people know it. */
export function toolOfJob(name: JobName): string {
  return name.includes('.') ? name : `text.${name}`
}
