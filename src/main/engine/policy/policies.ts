/**
 * The person's policy file: taken in, taken away, each time as a new version with its row in the audit log (P5). It
 * holds from the next decision on, for runs under way too: `permit` asks for the version in force at every call.
 * Owns nothing in memory.
 */
import { fail } from '../../../domain/failure.ts'
import type { Policy } from '../../../domain/policy-file.ts'
import { addPolicy, hashOf, lastPolicy, policyInForce } from '../../store/policies.ts'
import type { PolicyRow } from '../../store/policies.ts'
import type { Tx } from '../../store/tx.ts'
import type { EngineContext } from '../context.ts'
import type { PageRequest } from '../views/common.ts'
import { previewPolicy } from './preview.ts'
import type { PolicyPreview } from './preview.ts'
import { readPolicy } from './read-policy.ts'

const DAY = 86_400_000
const NO_POLICY = 'There was no policy file. Nothing was changed.'

export class Policies {
  readonly #context: EngineContext

  constructor(context: EngineContext) {
    this.#context = context
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
          message: NO_POLICY,
        })
      return this.#addIn(tx, null, { removed: last.version })
    })
  }

  /** What a file would have decided over the runs of the last days; without one, the file in force. */
  async preview(
    asked: PageRequest & { source?: string | undefined; days: number; signal?: AbortSignal },
  ): Promise<PolicyPreview> {
    const { source, days, ...page } = asked
    const policy = source === undefined ? this.#inForce() : (await readPolicy(source)).policy
    return previewPolicy(this.#context, { ...page, policy, since: this.#context.clock.now() - days * DAY })
  }

  #inForce(): Policy {
    const policy = policyInForce(this.#context.store)
    return policy ?? fail({ kind: 'invalid-input', path: 'source', message: NO_POLICY })
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
