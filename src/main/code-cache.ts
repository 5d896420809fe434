/**
 * Keeps what Node compiled of this program from one start to the next, beside the program's packages: whoever may
 * write there may change the program itself. Starts are faster, and a core that finds everything compiled never loads
 * the compiler into its memory. Where the place cannot be written, Node goes on without.
 */
import { enableCompileCache } from 'node:module'
import path from 'node:path'

export const CODE_FOLDER = path.join(import.meta.dirname, '../../node_modules/.cache/steward-code')
const SETTING = 'NODE_COMPILE_CACHE'
/** The core's garbage is young and small: a larger nursery only holds memory. */
export const CORE_FLAGS = ['--max-semi-space-size=4']
/** What glibc would keep for each thread apart: the core's threads mostly wait, and hold freed memory for nothing. */
const ARENAS = { MALLOC_ARENA_MAX: '2' }

/** For a process that ends soon. */
export function useCodeCache(): void {
  enableCompileCache(process.env[SETTING] ?? CODE_FOLDER)
}

/**
 * For a process that stays: begins anew in the same process with the cache on from its first file, which cannot be
 * had later. Where the system has no way to, goes on as it is; the threads it starts use the cache all the same.
 */
export function beginWithCodeCache(): void {
  if (process.env[SETTING] !== undefined) return
  const { execPath, execArgv, argv } = process
  process.env[SETTING] = CODE_FOLDER
  if (typeof process.execve === 'function' && process.platform !== 'win32')
    process.execve(execPath, [execPath, ...CORE_FLAGS, ...execArgv, ...argv.slice(1)], {
      ...ARENAS,
      ...process.env,
    })
  enableCompileCache(CODE_FOLDER)
}
