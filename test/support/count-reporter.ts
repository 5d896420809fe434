import { writeFileSync } from 'node:fs'
import type { Reporter, SerializedError, TestModule } from 'vitest/node'

export interface Count {
  passed: number
  failed: number
  skipped: number
}

/**
 * Counts tests for the gate and writes the count, as JSON, to the file named by STEWARD_TEST_COUNT.
 * A file that did not load and an error outside any test count as one failure each.
 */
export default class CountReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], errors: readonly SerializedError[]): void {
    const count: Count = { passed: 0, failed: errors.length, skipped: 0 }
    for (const module of modules) {
      if (module.errors().length > 0) count.failed++
      for (const test of module.children.allTests()) {
        const { state } = test.result()
        count[state === 'pending' ? 'failed' : state]++
      }
      for (const suite of module.children.allSuites()) {
        if (suite.errors().length > 0) count.failed++
      }
    }
    const file = process.env['STEWARD_TEST_COUNT']
    if (file !== undefined) writeFileSync(file, JSON.stringify(count))
  }
}
