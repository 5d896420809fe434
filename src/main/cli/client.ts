/** Reaches the running core: finds it through the data folder, shows the folder's token, turns its problems into exits. */
import { dataFolder, readToken, runningCore } from '../home.ts'
import { ApiClient } from '../server/client.ts'
import type { ApiError } from '../server/client.ts'
import { CommandFailed, EXIT } from './exit.ts'
import type { ExitCode } from './exit.ts'

/** More than the longest a core lets a client wait. */
const TIMEOUT_MS = 120_000

/** The core of this data folder, if one runs. */
export function findCore(folder = dataFolder()): ApiClient | undefined {
  const note = runningCore(folder)
  const token = readToken(folder)
  return note === undefined || token === undefined ? undefined : clientOf(note.url, token)
}

export function theCore(folder = dataFolder()): ApiClient {
  const core = findCore(folder)
  if (core !== undefined) return core
  throw new CommandFailed(
    EXIT.noCore,
    `No Steward runs for the data folder ${folder}. Nothing was done. Start it with: steward serve`,
    'No Steward runs',
  )
}

/** Where something of the core of this data folder is, from this machine. */
export function addressOf(path: string, folder = dataFolder()): string {
  return `${runningCore(folder)?.url ?? ''}${path}`
}

export function exitOf({ problem: { status } }: ApiError): ExitCode {
  return status === 400 || status === 404 || status === 413 || status === 422 ? EXIT.usage : EXIT.failed
}

function clientOf(url: string, token: string): ApiClient {
  return new ApiClient(async (path, init) => {
    const headers = new Headers(init.headers)
    headers.set('authorization', `Bearer ${token}`)
    try {
      // What listens says itself when it is to end.
      const signal = init.signal ?? AbortSignal.timeout(TIMEOUT_MS)
      return await fetch(`${url}${path}`, { ...init, headers, signal })
    } catch (error) {
      throw init.signal?.aborted === true ? error : unreached(url, error)
    }
  })
}

function unreached(url: string, error: unknown): unknown {
  if (!(error instanceof Error)) return error
  const slow = error.name === 'TimeoutError'
  return new CommandFailed(
    EXIT.noCore,
    slow
      ? `Steward at ${url} did not answer for ${String(TIMEOUT_MS / 1_000)} s. Whether it did what was asked is not known: look with steward runs.`
      : `Steward at ${url} could not be reached. Whether it did what was asked is not known. Start it with: steward serve`,
    'Steward did not answer',
  )
}

/** A number as a query takes it. */
export function numberText(value: number | undefined): string | undefined {
  return value === undefined ? undefined : String(value)
}
