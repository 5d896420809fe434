/**
 * The composition root: builds a core in its data folder and takes it apart again; nothing else constructs services.
 * Order: lock, vault, store, tools and sandbox, engine, server; only then is the address announced. What fails on the
 * way up is undone in reverse, and so is everything on the way down. While the vault keeps what is recorded shut, a
 * door stands at the address instead, and the rest waits behind it.
 */
import type { Clock } from '../domain/clock.ts'
import { FailureError } from '../domain/failure.ts'
import { causesEndedBy } from '../domain/connection.ts'
import { VAULT_CAUSE } from '../domain/vault.ts'
import { openConnections } from './connections/connections.ts'
import type { Desk } from './connections/desk.ts'
import type { Vault } from './connections/vault/vault.ts'
import { createSandboxPool } from '../sandbox/pool.ts'
import type { SandboxPool } from '../sandbox/pool.ts'
import { systemClock } from './engine/clock.ts'
import type { Fault } from './engine/context.ts'
import { Engine } from './engine/engine.ts'
import { Observer } from './engine/observe/observer.ts'
import { tidyHourly } from './engine/tidy.ts'
import type { GalleryOptions } from './engine/gallery.ts'
import { ensureToken, openHome, VERSION } from './home.ts'
import { openFolderVault } from './idle-folder.ts'
import type { VaultHolders } from './idle-folder.ts'
import { startDoor, startServer } from './server/server.ts'
import type { LocalServer } from './server/server.ts'
import { connectionRecords } from './store/connections.ts'
import type { SyncFile } from './store/disk-sync.ts'
import { lockFolder } from './store/folder-lock.ts'
import type { FolderLock } from './store/folder-lock.ts'
import { LogFile } from './store/log-file.ts'
import type { Log } from './store/log-file.ts'
import { finderOf } from './models/find.ts'
import { ConnectedModels } from './models/models.ts'
import { collectorSchema, preferencesOf } from './store/settings.ts'
import type { Preferences } from './store/settings.ts'
import { costLedger } from './store/cost-ledger.ts'
import { openStore } from './store/store.ts'
import type { Store } from './store/store.ts'
import { allWaiting } from './store/waiters.ts'
import { Teardown } from './teardown.ts'
import { createCompute } from './tools/compute/pool.ts'
import { everyTool } from './tools/every-tool.ts'
import { createHttpClient } from './tools/network/client.ts'
import type { HttpClient, HttpClientOptions } from './tools/network/client.ts'
import { connectionWire } from './tools/network/connection-wire.ts'
import { observed } from './tools/network/observed.ts'
import { createRegistry } from './tools/registry.ts'
import type { ToolRegistry } from './tools/registry.ts'
import { createScriptTypes } from './tools/scripts/script-types.ts'

export interface CoreOptions extends VaultHolders {
  /** The data folder. */
  home: string
  /** Exactly this port, 0 for any free one; absent: the usual one, or a free one where that is taken. */
  port?: number
  clock?: Clock
  /** Called at each named point (tests). */
  fault?: Fault
  /** How the log reaches the disk (tests). */
  sync?: SyncFile
  /** Sandbox threads at most. */
  workers?: number
  /** Where runs take place, instead of a sandbox of its own (tests); it is closed with the core. */
  sandbox?: SandboxPool
  /** How names become addresses (tests). */
  resolve?: HttpClientOptions['resolve']
  /** Absent: the environment of this process. */
  env?: NodeJS.ProcessEnv
  /** What ready-made automations are filled with, where it is not this machine's own (tests). */
  gallery?: GalleryOptions
  /** Called with the address where the vault can be unlocked, when nothing runs before that. */
  onLocked?: (url: string) => void
  /** Gives up waiting for the vault to be unlocked. */
  signal?: AbortSignal
}

export interface Core {
  readonly url: string
  readonly token: string
  readonly engine: Engine
  readonly store: Store
  readonly server: LocalServer
  readonly vault: Vault
  readonly connections: Desk
  /** What the folder was recognised as: `copy` starts paused (J11). */
  readonly folder: 'known' | 'new' | 'copy'
  /** Lets go of everything; what is unfinished goes on at the next start. */
  close(): Promise<void>
}

export async function createCore(options: CoreOptions): Promise<Core> {
  const teardown = new Teardown()
  try {
    return await build(options, teardown)
  } catch (error) {
    await teardown.run()
    throw error
  }
}

async function build(options: CoreOptions, teardown: Teardown): Promise<Core> {
  const { home, clock = systemClock(), fault = () => undefined } = options
  const now = () => clock.now()
  openHome(home)
  const lock = lockFolder(home, now())
  teardown.add(() => {
    lock.release()
  })
  const logFile = openLog(home, now, teardown)
  const { log } = logFile
  const vault = await openVaultOf(options, teardown)
  const store = openStoreOf(options, vault, now, teardown)
  const token = ensureToken(home)
  const port = vault.status().recordsOpen
    ? options.port
    : await waitAtDoor(options, { vault, store, lock, token, log })
  const places: Places = { ...UNKNOWN }
  const observer = openObserver(log, teardown)
  const client = openClient(options, places, observer, teardown)
  const connections = await openDesk(vault, store, client, places)
  const tools = openTools({ home, client, connections }, teardown)
  const pool = openPool(options, log, teardown)
  const isSigned = (connection: string, body: Uint8Array, signature: string) =>
    connections.isSigned(connection, 'sha256', body, signature)
  const onPreferences = wantedOf(logFile, observer, options.env ?? process.env)
  const types = openTypes(teardown)
  const models = openModels(connections, client, store, observer, fault)
  const parts = { store, pool, tools, types, models, clock, log, isSigned, onPreferences, observer }
  const known = { connections: () => connections.known(), gallery: options.gallery ?? {} }
  const engine = new Engine({ ...parts, fault, ...known })
  places.online = () => {
    engine.online()
  }
  places.cleared = cause => engine.cleared(cause)
  places.connected = () => engine.conversations.plans.connected()
  teardown.add(() => {
    engine.stop()
  })
  const folder = await engine.start()
  const server = await startServer({
    engine,
    connections,
    findModels: finderOf(client),
    vault,
    token,
    version: VERSION,
    log,
    readLog: query => logFile.read(query),
    // At rest a worker would hold memory for nothing; whoever connects is about to look, or to run something.
    onFirstClient: () => void pool.warm(),
    ...(port === undefined ? {} : { port }),
  })
  places.port = server.port
  teardown.add(() => server.close())
  lock.announce(server.url)
  teardown.add(tidyHourly({ store, clock, log, alongside: logFile.tidy }))
  log('info', 'the core began', { version: VERSION })
  const core = { engine, store, server, vault, connections, folder }
  return { url: server.url, token, ...core, close: () => teardown.run() }
}

/** Open until everything else is closed; what nobody foresaw is its last line. */
function openLog(home: string, now: () => number, teardown: Teardown): LogFile {
  const logFile = new LogFile(home, now)
  const crashed = (error: Error) => {
    logFile.log('error', 'the core stopped unexpectedly', { error })
  }
  process.on('uncaughtExceptionMonitor', crashed)
  teardown.add(() => {
    process.off('uncaughtExceptionMonitor', crashed)
    logFile.log('info', 'the core ended')
    logFile.close()
  })
  return logFile
}

function openObserver(log: Log, teardown: Teardown): Observer {
  const observer = new Observer(log, VERSION)
  teardown.add(() => observer.close())
  return observer
}

/** Makes the core as its person wants it. */
function wantedOf(
  logFile: LogFile,
  observer: Observer,
  env: NodeJS.ProcessEnv,
): (preferences: Preferences) => void {
  return ({ logLevel, tracesTo, tellHosts }) => {
    logFile.setLevel(logLevel)
    const usual = collectorSchema.safeParse(env['OTEL_EXPORTER_OTLP_ENDPOINT']).data ?? null
    void observer.traceTo({ tracesTo: tracesTo ?? usual, tellHosts })
  }
}

async function openVaultOf(options: CoreOptions, teardown: Teardown): Promise<Vault> {
  const vault = await openFolderVault(options.home, options)
  teardown.add(() => {
    vault.close()
  })
  return vault
}

function openStoreOf(
  { home, sync }: CoreOptions,
  vault: Vault,
  now: () => number,
  teardown: Teardown,
): Store {
  const store = openStore({
    folder: home,
    now,
    keys: vault.records,
    ...(sync === undefined ? {} : { sync }),
  })
  teardown.add(() => store.close())
  return store
}

interface Doorway {
  vault: Vault
  store: Store
  lock: FolderLock
  token: string
  log: Log
}

/** Answers at the core's address until the vault is unlocked; then the address is free again. */
async function waitAtDoor(
  options: CoreOptions,
  { vault, store, lock, token, log }: Doorway,
): Promise<number> {
  const { port, onLocked } = options
  const waiting = () => allWaiting(store)
  const door = await startDoor({
    vault,
    waiting,
    token,
    version: VERSION,
    log,
    ...(port === undefined ? {} : { port }),
  })
  try {
    lock.announce(door.url)
    log('warn', 'the vault is locked; nothing runs until it is unlocked')
    onLocked?.(door.url)
    await Promise.race([vault.opened, givenUp(options.signal)])
    return door.port
  } finally {
    await door.close()
  }
}

function givenUp(signal: AbortSignal | undefined): Promise<never> {
  return new Promise((_resolve, reject) => {
    const stop = () => {
      const message =
        'Steward was stopped before its vault was unlocked. Nothing ran and nothing was changed.'
      reject(new FailureError({ kind: 'vault-locked', message }))
    }
    if (signal?.aborted === true) stop()
    else signal?.addEventListener('abort', stop, { once: true })
  })
}

/** What the HTTP client and the connections learn only after they were built. */
interface Places {
  port: number | undefined
  online: () => void
  cleared: (cause: string) => Promise<void>
  connected: () => Promise<void>
}

const UNKNOWN: Places = {
  port: undefined,
  online: () => undefined,
  cleared: async () => undefined,
  connected: async () => undefined,
}

function openPool({ workers, sandbox }: CoreOptions, log: Log, teardown: Teardown): SandboxPool {
  const onWorkerLog = (line: string) => {
    log('warn', 'a sandbox worker said something', { error: line, count: line.length })
  }
  const pool = sandbox ?? createSandboxPool({ ...(workers === undefined ? {} : { workers }), onWorkerLog })
  teardown.add(() => pool.close())
  return pool
}

/** Whoever waits for a connection or for the vault goes on once it is there. */
function openDesk(vault: Vault, store: Store, client: HttpClient, places: Places): Promise<Desk> {
  vault.onChange(() => places.cleared(VAULT_CAUSE))
  return openConnections({
    records: connectionRecords(store, vault.credentials),
    vault,
    client,
    onReady: async (name, slot) => {
      for (const cause of causesEndedBy(name, slot)) await places.cleared(cause)
      await places.connected()
    },
  })
}

function openClient(
  options: CoreOptions,
  places: Places,
  observer: Observer,
  teardown: Teardown,
): HttpClient {
  const { clock = systemClock() } = options
  const client = createHttpClient({
    now: () => clock.now(),
    refusedPorts: () => (places.port === undefined ? [] : [{ host: '127.0.0.1', port: places.port }]),
    onChange: online => {
      if (online) places.online()
    },
    ...(options.resolve === undefined ? {} : { resolve: options.resolve }),
  })
  teardown.add(() => client.close())
  return observed(client, request => observer.request(request))
}

function openTools(
  { home, client, connections }: { home: string; client: HttpClient; connections: Desk },
  teardown: Teardown,
): ToolRegistry {
  const compute = createCompute()
  teardown.add(() => compute.close())
  return createRegistry(everyTool({ client, compute, connections, closed: [home] }))
}

function openTypes(teardown: Teardown): ReturnType<typeof createScriptTypes> {
  const types = createScriptTypes()
  teardown.add(() => types.close())
  return types
}

function openModels(desk: Desk, client: HttpClient, store: Store, observer: Observer, fault: Fault) {
  return new ConnectedModels({
    desk,
    wire: connectionWire(client, desk),
    ledger: costLedger(store),
    wishes: () => preferencesOf(store),
    now: store.now,
    observe: (note, work, endOf) => observer.model(note, work, endOf),
    fault,
  })
}
