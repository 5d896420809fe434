/**
 * One place for heavy functions for the worlds of the tests, as long as they come one after the other: it is a process,
 * which takes longer to start than most worlds last, and keeps nothing of a job that is over.
 * Owns what rests between two worlds.
 */
import { createCompute } from '../../src/main/tools/compute/pool.ts'
import type { Compute } from '../../src/main/tools/compute/pool.ts'

let resting: Compute | null = null

export function keptCompute(): Compute {
  const compute = resting ?? createCompute()
  resting = null
  let [running, failed] = [0, 0]
  return {
    run: (name, input, asker) => {
      running++
      const result = compute.run(name, input, asker)
      const over = (failures: number) => () => {
        running--
        failed += failures
      }
      result.then(over(0), over(1))
      return result
    },
    get hosts() {
      return compute.hosts
    },
    close: async () => {
      if (resting === null && running + failed === 0) resting = compute
      else await compute.close()
    },
  }
}
