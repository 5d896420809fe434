/** Runs the core without a display, until it is told to stop: `npm start`, and what `steward serve` stands on. */
import { flushCompileCache } from 'node:module'
import { isFailureError } from '../domain/failure.ts'
import { beginWithCodeCache } from './code-cache.ts'
import type { Core, CoreOptions } from './core.ts'
import { dataFolder } from './home.ts'

export interface ServeOptions extends CoreOptions {
  onReady: (core: Core) => void
}

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/** Resolves when the core was told to stop and has let go of everything. A second signal does not wait. */
export async function serveCore({ onReady, ...options }: ServeOptions): Promise<void> {
  const { createCore } = await import('./core.ts')
  // Told before ready is said: whoever reads the line may stop the core at once.
  const stopping = new AbortController()
  const told = stopSignal().then(() => {
    stopping.abort()
  })
  const core = await createCore({ ...options, signal: stopping.signal }).catch((error: unknown) => {
    if (stopping.signal.aborted && isFailureError(error)) return null
    throw error
  })
  if (core === null) return
  onReady(core)
  flushCompileCache()
  await told
  await core.close()
}

function stopSignal(): Promise<void> {
  return new Promise(resolve => {
    const stop = () => {
      for (const signal of SIGNALS) process.off(signal, stop)
      resolve()
    }
    for (const signal of SIGNALS) process.on(signal, stop)
  })
}

if (import.meta.main) {
  beginWithCodeCache()
  try {
    await serveCore({ home: dataFolder(), onReady: greet, onLocked: askForPassphrase })
  } catch (error) {
    if (!isFailureError(error)) throw error
    process.stderr.write(`${error.message}\n`)
    process.exitCode = 1
  }
}

function askForPassphrase(url: string): void {
  process.stderr.write(
    `The vault is locked, so nothing runs yet. Steward answers at ${url}\nUnlock it with: npx steward vault unlock\n`,
  )
}

function greet({ url }: Core): void {
  process.stdout.write(
    `Steward is ready at ${url}\nAdd an automation with: npx steward gallery list\nStop with Ctrl-C.\n`,
  )
}
