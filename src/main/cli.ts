#!/usr/bin/env node
/** The command line's entry: `steward`. */
import { main } from './cli/program.ts'

await main(process.argv.slice(2))
