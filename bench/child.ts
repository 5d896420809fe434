/** Runs one measure in a process of its own and hands its figures to `support/measured.ts`, which started it. */
import type { Measure } from './support/figure.ts'

// By its own hand, so that the processes it has started end with it.
for (const signal of ['SIGTERM', 'SIGINT'])
  process.once(signal, () => {
    process.exit(1)
  })

const [file, rounds] = process.argv.slice(2)
if (file === undefined) throw new Error('Which measure? Use: npm run bench -- NAME')
const { measure } = ((await import(file)) as { default: Measure }).default
const figures = await measure({ rounds: Number(rounds ?? 3) })
process.send?.(figures)
