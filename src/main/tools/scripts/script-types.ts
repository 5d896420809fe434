/**
 * Checks the types of scripts, in a compute host of its own: the compiler takes more memory and time than the pure
 * functions that tools are made of, and is seldom asked.
 */
import { createCompute } from '../compute/pool.ts'
import type { Compute } from '../compute/pool.ts'
import type { TypesAnswer, TypesInput } from './check-types.ts'

export interface ScriptTypes {
  check(input: TypesInput, signal: AbortSignal): Promise<TypesAnswer>
  close(): Promise<void>
}

export function createScriptTypes(
  compute: Compute = createCompute({ size: 1, memoryMb: 512, limitMs: 30_000, idleMs: 60_000 }),
): ScriptTypes {
  let asked = 0
  return {
    // Each is its own owner: there is one host, and they wait for it in their order.
    check: (input, signal) =>
      compute.run('script.types', input, { owner: `check ${String(++asked)}`, signal }),
    close: () => compute.close(),
  }
}
