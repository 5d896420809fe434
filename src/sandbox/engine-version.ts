/** Names what a recorded run depends on: the guest engine, the prelude and what the transform makes of a script (J10). */
import { createHash } from 'node:crypto'
import { createRequire } from 'node:module'
import { PRELUDE } from './prelude.ts'
import { parseScript } from './script-syntax.ts'
import { transformModule } from './transform.ts'

/** One of everything that the transform touches. */
const SAMPLE = `
export const a = async x => await x
export async function* b(x) { for await (const y of x) yield y }
export function c(x) { try { x() } catch ({ message }) { return message } finally { x() } }
`

export function engineVersion(): string {
  const { version } = createRequire(import.meta.url)('quickjs-emscripten/package.json') as { version: string }
  const { program } = parseScript(SAMPLE)
  const sample = program ? transformModule(SAMPLE, program).code : ''
  const hash = createHash('sha256').update(PRELUDE).update(sample).digest('hex').slice(0, 12)
  return `quickjs-emscripten@${version}+${hash}`
}
