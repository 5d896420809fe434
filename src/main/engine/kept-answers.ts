/**
 * Answers to requests that name themselves by a key (Idempotency-Key): the same request is answered as before instead
 * of being carried out again, for a day, across restarts. The mark that a request was carried out is made in the
 * transaction of its effect, so a crash leaves both or neither.
 * Owns which keys are being worked on. Does not own what a request means.
 */
import { FailureError } from '../../domain/failure.ts'
import { sha256Hex } from '../../domain/json.ts'
import { alongFirstWrite } from '../store/first-write.ts'
import { answerRequest, keepRequest, keptRequest } from '../store/requests.ts'
import type { KeptRequest } from '../store/requests.ts'
import type { Store } from '../store/store.ts'

export type KeptAnswer = NonNullable<KeptRequest['answer']>

export const KEPT_MS = 86_400_000
/** A longer answer is not kept: who asks again is told that it was done. */
const LONGEST_BODY = 262_144

/** How a request with a key is met. */
export type Met =
  | { is: 'new' }
  | { is: 'answered'; answer: KeptAnswer }
  /** Carried out, and what was answered is not known any more. */
  | { is: 'done' }
  | { is: 'at-work' }
  /** The key was used for something else. */
  | { is: 'other' }

export class KeptAnswers {
  readonly #store: Store
  readonly #atWork = new Map<string, string>()

  constructor(store: Store) {
    this.#store = store
  }

  meet(key: string, asked: string): Met {
    const id = sha256Hex(key)
    const hash = sha256Hex(asked)
    const working = this.#atWork.get(id)
    if (working !== undefined) return { is: working === hash ? 'at-work' : 'other' }
    const kept = keptRequest(this.#store, id, this.#store.now() - KEPT_MS)
    if (kept === undefined) return { is: 'new' }
    if (kept.asked !== hash) return { is: 'other' }
    return kept.answer === null ? { is: 'done' } : { is: 'answered', answer: kept.answer }
  }

  /** Carries it out and keeps its answer, if it changed anything or succeeded. What was refused is judged anew. */
  async keep(key: string, asked: string, act: () => Promise<KeptAnswer>): Promise<void> {
    const id = sha256Hex(key)
    const hash = sha256Hex(asked)
    this.#atWork.set(id, hash)
    let isMarked = false
    try {
      const answer = await alongFirstWrite(tx => {
        tx.onRollback.push(() => {
          isMarked = false
        })
        isMarked = true
        const at = this.#store.now()
        const record = { asked: hash, answer: null }
        keepRequest(this.#store, tx, { id, record, at, expiredUntil: at - KEPT_MS })
      }, act)
      await this.#record(id, hash, answer, isMarked)
    } finally {
      this.#atWork.delete(id)
    }
  }

  async #record(id: string, asked: string, answer: KeptAnswer, isMarked: boolean): Promise<void> {
    if (!isMarked && answer.status >= 400) return
    const kept = answer.body.length > LONGEST_BODY ? null : answer
    try {
      await this.#store.write(tx => {
        if (isMarked) {
          answerRequest(this.#store, tx, id, { asked, answer: kept })
          return
        }
        const at = this.#store.now()
        keepRequest(this.#store, tx, { id, record: { asked, answer: kept }, at, expiredUntil: at - KEPT_MS })
      })
    } catch (error) {
      // The effect stands and is marked; only the words of the answer are not kept.
      if (!(error instanceof FailureError)) throw error
    }
  }
}
