#!/usr/bin/env node
/** The command line's entry: `steward`. */
import { beginWithCodeCache, useCodeCache } from './code-cache.ts'

if (process.argv[2] === 'serve') beginWithCodeCache()
else useCodeCache()
const { main } = await import('./cli/program.ts')
await main(process.argv.slice(2))
