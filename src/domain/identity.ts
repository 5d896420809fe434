/**
 * Identities that are functions of what they name, so that a replay, a retry and a copied data folder all speak of
 * the same step, item and idempotency key (J4, J5, J7, J11).
 */
import { canonicalJson, sha256Hex } from './json.ts'
import type { Json } from './json.ts'

/** Half of a SHA-256, in hexadecimal: 128 bits, enough for names that no attacker gains by colliding. */
function digest(...parts: Json[]): string {
  return sha256Hex(canonicalJson(parts)).slice(0, 32)
}

/** A call of a script: which journal, which tool, which arguments, which time over, and how often taken back. */
export interface StepIdentity {
  owner: string
  tool: string
  argHash: string
  occurrence: number
  generation: number
}

export function stepIdOf(step: StepIdentity): string {
  return `stp_${digest(step.owner, step.tool, step.argHash, step.occurrence, step.generation)}`
}

export function itemIdOf(workflowId: string, name: string, key: string): string {
  return `itm_${digest(workflowId, name, key)}`
}

/**
 * The key a remote may deduplicate by. `origin` is what caused the call and is the same in every copy of the data:
 * the event's dedupe key for a run, name and key for an item.
 */
export function idempotencyKeyOf(
  workflowId: string,
  origin: string,
  step: Omit<StepIdentity, 'owner'>,
): string {
  return `stw_${digest(workflowId, origin, step.tool, step.argHash, step.occurrence, step.generation)}`
}
