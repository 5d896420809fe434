/** One look at what a trigger watches, within its time; what goes wrong is a Failure. */
import type { Contract } from '../../../domain/contract.ts'
import { FailureError } from '../../../domain/failure.ts'
import type { Json } from '../../../domain/json.ts'
import { declarationOf } from '../../../domain/triggers/list.ts'
import type { Trigger } from '../../../domain/triggers/list.ts'
import type { Look } from '../../../domain/triggers/trigger.ts'
import { mayRead, neverTouched } from '../../../domain/warrant.ts'
import type { EngineContext } from '../context.ts'
import { portsFor } from './ports.ts'

export interface LookRequest {
  owner: string
  contract: Contract
  spec: Trigger
  /** Null for the first. */
  cursor: Json
  /** Events at most. */
  most: number
  longestMs: number
  signal: AbortSignal
}

export async function lookOnce(context: EngineContext, request: LookRequest): Promise<Look<Json, Json>> {
  const { owner, contract, spec, cursor, most, longestMs, signal } = request
  const { watch, payload } = declarationOf(spec)
  if (watch === undefined) throw new Error(`${spec.kind} watches nothing`)
  checkRights(contract, watch.touches(spec))
  const ports = portsFor(context, {
    owner,
    contract,
    signal: AbortSignal.any([signal, AbortSignal.timeout(longestMs)]),
  })
  const begun = performance.now()
  try {
    const looked = await watch.look({ spec, cursor, now: context.clock.now(), most, ports })
    return { ...looked, payloads: looked.payloads.map(each => payload.parse(each)) }
  } catch (error) {
    throw timedOut(error, longestMs) ?? error
  } finally {
    context.observer.measures.look(spec.kind, performance.now() - begun)
  }
}

/** Installed only where it may look; asked again because looking is done long after. */
function checkRights(contract: Contract, touches: Parameters<typeof mayRead>[1]): void {
  const read = mayRead(contract, touches)
  const barred = neverTouched(contract, { tool: '', module: '', touches })
  if (read.ok && barred === null) return
  const { clause, what } = barred ?? { clause: read.clause, what: read.ok ? '' : read.what }
  throw new FailureError({
    kind: 'not-permitted',
    clause,
    message: `The contract does not let ${what} be looked at (${clause}). Nothing was read.`,
  })
}

function timedOut(error: unknown, afterMs: number): FailureError | null {
  if (!(error instanceof Error) || error.name !== 'TimeoutError') return null
  return new FailureError({
    kind: 'timeout',
    afterMs,
    message: `Looking took longer than ${afterMs / 1_000} s. Nothing was changed.`,
  })
}
