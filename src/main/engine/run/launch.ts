/** What a run's instance is given at its start, and the two ends that only time can bring. */
import type { Failure } from '../../../domain/failure.ts'
import type { Json } from '../../../domain/json.ts'
import type { StartRun } from '../../../sandbox/protocol.ts'
import type { Script } from '../../store/workflows.ts'
import type { ActiveRun } from './call.ts'

export function startOf(
  run: ActiveRun,
  script: Script,
  input: Json,
  reenter: ReadonlySet<string> | null,
  usedCpuMs: number,
): Omit<StartRun, 'instance'> {
  const { limits, budget, uses } = run.contract
  const { row, context } = run
  return {
    source: script.source,
    modules: context.tools.modulesOf(uses),
    input: JSON.stringify(input),
    seed: row.seed,
    startedAt: row.started_at ?? row.created_at,
    recorded: run.journal.recorded(),
    // Recorded by another engine: first of all, this one must make identical calls (J10).
    demand: row.engine === context.pool.engineVersion ? row.demand : 'exact',
    usedCpuMs,
    limits: {
      cpuMs: limits.cpuMs,
      memoryMb: limits.memoryMb,
      calls: budget.callsPerRun,
      bytesPerCall: limits.bytesPerCall,
    },
    ...(reenter === null ? {} : { reenter: [...reenter] }),
  }
}

export const DEADLOCK: Failure = {
  kind: 'script-error',
  name: 'Deadlock',
  message: 'The script waited for a promise that nothing can settle. What it had done before stays done.',
}

export function tookTooLong(wallMs: number): Failure {
  return {
    kind: 'script-limit',
    limit: 'wall',
    allowed: wallMs,
    message: `The run was at work for longer than ${String(wallMs / 1000)} s. What it had done before stays done.`,
  }
}
