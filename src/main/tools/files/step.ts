/**
 * What every changing file operation does around itself: runs once at a time per step, keeps what `prepare` saw,
 * and says *unknown* for whatever goes wrong after the change was made (J4).
 * Owns the operations in flight in this process: a step whose end is doubted may still be running, and is waited
 * for before anybody looks at the disk. Does not own the journal.
 */
import type { z } from 'zod'
import { isFailureError } from '../../../domain/failure.ts'
import type { Reconciled, ToolContext } from '../../../domain/tool.ts'
import { UNCHANGED, unknownOutcome } from './failures.ts'

const PATIENCE_MS = 1_000

export class Flights {
  readonly #running = new Map<string, Promise<unknown>>()

  async run<T>(stepId: string, operation: () => Promise<T>): Promise<T> {
    await this.#running.get(stepId)?.catch(() => null)
    const running = operation().finally(() => {
      if (this.#running.get(stepId) === running) this.#running.delete(stepId)
    })
    this.#running.set(stepId, running)
    return running
  }

  /** Looks at the disk once the step's own operation is over; says unknown while it is not. */
  async after<O>(stepId: string, look: () => Promise<Reconciled<O>>): Promise<Reconciled<O>> {
    const ended = await this.#ended(stepId)
    if (ended) return look().catch(asUnknown)
    return { is: 'unknown', evidence: 'The operation has not come back from the disk yet.' }
  }

  async #ended(stepId: string): Promise<boolean> {
    const running = this.#running.get(stepId)
    if (running === undefined) return true
    let timer: NodeJS.Timeout | undefined
    const patience = new Promise<boolean>(resolve => {
      timer = setTimeout(resolve, PATIENCE_MS, false)
    })
    const end = running.then(
      () => true,
      () => true,
    )
    return Promise.race([end, patience]).finally(() => clearTimeout(timer))
  }
}

/** What cannot be looked at cannot be told. */
function asUnknown(error: unknown): { is: 'unknown'; evidence: string } {
  if (!isFailureError(error)) throw error
  return { is: 'unknown', evidence: error.failure.message.replace(` ${UNCHANGED}`, '') }
}

/** What `prepare` recorded, if it is of this shape; null when there is none, as on a first try without a journal. */
export function evidenceOf<T>(schema: z.ZodType<T>, context: ToolContext): T | null {
  const parsed = schema.safeParse(context.evidence)
  return parsed.success ? parsed.data : null
}

/** For what comes after the change itself: a failure there leaves the outcome open, not undone. */
export async function afterChange<T>(tool: string, path: string, finish: () => Promise<T>): Promise<T> {
  try {
    return await finish()
  } catch (error) {
    if (isFailureError(error)) throw error
    unknownOutcome(tool, path, error)
  }
}

export const NO_EVIDENCE =
  'What was there before was not recorded, so nobody can tell whether the change was made.'
