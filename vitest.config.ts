import { defineConfig } from 'vitest/config'
import SlowestFirst from './test/support/slowest-first.ts'

export default defineConfig({
  test: {
    include: ['src/**/*.test.ts', 'test/**/*.test.ts', 'eval/**/*.test.ts'],
    pool: 'forks',
    maxWorkers: 2,
    // A process for each file would load what the one before it had loaded: half of all that the engine's tests take.
    isolate: false,
    sequence: { sequencer: SlowestFirst },
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // A machine with other work needs longer to come to what a test waits for.
    expect: { poll: { timeout: 40_000 } },
  },
})
