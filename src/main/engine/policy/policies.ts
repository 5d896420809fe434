/**
 * The person's policy file: taken in, taken away, each time as a new version with its row in the audit log (P5). It
 * holds from the next decision on, for runs under way too: `permit` asks for the version in force at every call.
 * Owns nothing in memory.
 */
import { fail } from '../../../domain/failure.ts'
import { addPolicy, hashOf, lastPolicy, listPolicies } from '../../store/policies.ts'
import type { PolicyRow } from '../../store/policies.ts'
import type { Tx } from '../../store/tx.ts'
import type { EngineContext } from '../context.ts'
import { readPolicy } from './read-policy.ts'

export class Policies {
  readonly #context: EngineContext

  constructor(context: EngineContext) {
    this.#context = context
  }

  /** The file in force; undefined where there is none. */
  current(): PolicyRow | undefined {
    const last = lastPolicy(this.#context.store)
    return last?.source === null ? undefined : last
  }

  /** Versions, newest first, those that took the file away included. */
  versions(limit: number, below?: number): PolicyRow[] {
    return listPolicies(this.#context.store, limit, below)
  }

  /** Importing what is in force already adds no version. */
  async import(source: string): Promise<PolicyRow> {
    const { document, policy } = await readPolicy(source)
    return this.#write(tx => {
      const last = lastPolicy(tx)
      if (last?.hash === hashOf(source)) return last
      return this.#addIn(tx, { source, document }, { rules: policy.rules.length })
    })
  }

  async remove(): Promise<PolicyRow> {
    return this.#write(tx => {
      const last = lastPolicy(tx)
      if (last === undefined || last.source === null)
        fail({
          kind: 'invalid-input',
          path: 'policy',
          message: 'There was no policy file. Nothing was changed.',
        })
      return this.#addIn(tx, null, { removed: last.version })
    })
  }

  #addIn(tx: Tx, file: Parameters<typeof addPolicy>[1], facts: Record<string, number>): PolicyRow {
    const { store, clock } = this.#context
    const at = clock.now()
    const row = addPolicy(tx, file, at)
    store.audit.append(tx, at, {
      kind: 'policy',
      workflowId: null,
      runId: null,
      body: { version: row.version, hash: row.hash, ...facts },
    })
    return row
  }

  #write<T>(work: (tx: Tx) => T): Promise<T> {
    return this.#context.store.write(work, { durable: true })
  }
}
