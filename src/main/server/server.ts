/**
 * The local server: listens on this machine only, at the usual port or a free one. Owns the socket and what clients
 * wait for; every rule about requests is the guard's.
 */
import type { AddressInfo } from 'node:net'
import type { Server as HttpServer } from 'node:http'
import { createAdaptorServer } from '@hono/node-server'
import { fail } from '../../domain/failure.ts'
import type { Engine } from '../engine/engine.ts'
import type { Log } from '../store/log-file.ts'
import type { ConnectionDesk } from '../../domain/connection.ts'
import type { FindModelServers } from '../../domain/model-servers.ts'
import type { VaultDesk } from '../../domain/vault.ts'
import type { Waiter } from '../store/waiters.ts'
import { createApp } from './app.ts'
import { createDoor } from './door.ts'
import type { ReadLog } from './routes-observe.ts'

export const USUAL_PORT = 4747

const ADDRESS = '127.0.0.1'
/** A request that has not come in whole by then is let go. */
const RECEIVE_MS = 30_000

interface Listening {
  token: string
  version: string
  log: Log
  /** Exactly this one, 0 for any free one; absent: the usual one, or a free one where that is taken. */
  port?: number
  vault: VaultDesk
}

export interface ServerOptions extends Listening {
  engine: Engine
  connections: ConnectionDesk
  findModels: FindModelServers
  readLog: ReadLog
  /** Called once, when somebody connects for the first time. */
  onFirstClient: () => void
}

export interface DoorOptions extends Listening {
  /** What waits for the vault, by name. */
  waiting: () => Waiter[]
}

export interface LocalServer {
  readonly url: string
  readonly port: number
  close(): Promise<void>
}

export function startServer(options: ServerOptions): Promise<LocalServer> {
  const { port: wanted, onFirstClient, ...app } = options
  return serve(wanted, (port, closing) => createApp({ ...app, port, closing }).fetch, onFirstClient)
}

/** What answers while the vault is locked and nothing runs. */
export function startDoor(options: DoorOptions): Promise<LocalServer> {
  return serve(options.port, port => createDoor({ ...options, port }).fetch)
}

type Fetch = ReturnType<typeof createApp>['fetch']

async function serve(
  wanted: number | undefined,
  fetchWith: (port: () => number, closing: AbortSignal) => Fetch,
  onFirstClient: () => void = () => undefined,
): Promise<LocalServer> {
  const closing = new AbortController()
  let port = 0
  const server = createAdaptorServer({
    fetch: fetchWith(() => port, closing.signal),
    overrideGlobalObjects: false,
    serverOptions: { requestTimeout: RECEIVE_MS, headersTimeout: RECEIVE_MS / 2, keepAliveTimeout: 15_000 },
  }) as HttpServer
  server.once('connection', onFirstClient)
  port = await listen(server, wanted)
  return {
    url: `http://${ADDRESS}:${String(port)}`,
    port,
    close: () => {
      closing.abort()
      return closed(server)
    },
  }
}

async function listen(server: HttpServer, port: number | undefined): Promise<number> {
  if (port !== undefined) {
    const bound = await tryPort(server, port)
    return bound ?? refusePort(port)
  }
  return (await tryPort(server, USUAL_PORT)) ?? (await tryPort(server, 0)) ?? refusePort(0)
}

/** The port, or undefined where it is taken. */
function tryPort(server: HttpServer, port: number): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const onError = (error: Error & { code?: string }) => {
      if (error.code === 'EADDRINUSE' || error.code === 'EACCES') resolve(undefined)
      else reject(error)
    }
    server.once('error', onError)
    server.listen({ host: ADDRESS, port, exclusive: true }, () => {
      server.off('error', onError)
      resolve((server.address() as AddressInfo).port)
    })
  })
}

function refusePort(port: number): never {
  fail({
    kind: 'invalid-input',
    path: 'port',
    message: `Port ${String(port)} of this machine is taken. Nothing was started. Choose another with --port, or leave it out.`,
  })
}

/** Answers that are on their way are finished; idle connections are not waited for. */
function closed(server: HttpServer): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      server.closeAllConnections()
    }, 2_000)
    server.close(error => {
      clearTimeout(timer)
      if (error === undefined) resolve()
      else reject(error)
    })
    server.closeIdleConnections()
  })
}
