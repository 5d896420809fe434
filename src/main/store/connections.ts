/**
 * Connections: accounts by name, without their secrets (those are in `secrets.ts`). Adding, replacing and removing
 * one is a command of a person: on the disk before it is confirmed (J1), and in the audit log (P5).
 */
import { z } from 'zod'
import type { Connection, ConnectionRecords, Finding, NewConnection } from '../../domain/connection.ts'
import { createCodec } from '../../domain/seal.ts'
import type { Codec, SealingKey } from '../../domain/seal.ts'
import type { Row } from './schema.ts'
import { hasOlderSecrets, openSecret, putSecrets, removeSecrets, resealSecrets } from './secrets.ts'
import { insertion, query, statement } from './statement.ts'
import type { Store } from './store.ts'
import type { Reader, Tx } from './tx.ts'

const originsSchema = z.array(z.string())
const settingsSchema = z.record(z.string(), z.string())

const insert = insertion('connections', [
  'id',
  'name',
  'kind',
  'auth',
  'origins',
  'settings',
  'created_at',
  'updated_at',
])
const byName = statement((p: { name: string }) =>
  query.selectFrom('connections').selectAll().where('name', '=', p.name),
)
const byId = statement((p: { id: string }) =>
  query.selectFrom('connections').selectAll().where('id', '=', p.id),
)
const listed = statement((_p: object) => query.selectFrom('connections').selectAll().orderBy('name'))
const replace = statement(
  (p: {
    id: string
    kind: string
    auth: Connection['auth']
    origins: string
    settings: string
    version: number
    at: number
  }) =>
    query
      .updateTable('connections')
      .set({
        kind: p.kind,
        auth: p.auth,
        origins: p.origins,
        settings: p.settings,
        state: 'unchecked',
        message: null,
        checked_at: null,
        version: p.version,
        updated_at: p.at,
      })
      .where('id', '=', p.id),
)
const noteFinding = statement(
  (p: { id: string; version: number; state: Connection['state']; message: string | null; at: number }) =>
    query
      .updateTable('connections')
      .set({ state: p.state, message: p.message, checked_at: p.at })
      .where('id', '=', p.id)
      .where('version', '=', p.version),
)
const removeById = statement((p: { id: string }) => query.deleteFrom('connections').where('id', '=', p.id))

export function connectionRecords(store: Store, credentials: SealingKey): ConnectionRecords {
  const codec = createCodec(credentials)
  return {
    all: () => store.all(listed, {}).map(connectionOf),
    byName: name => connectionByName(store, name),
    put: connection => store.write(tx => put(store, tx, codec, connection), { durable: true }),
    remove: name => store.write(tx => remove(store, tx, name), { durable: true }),
    secret: (connection, purpose) => openSecret(store, codec, connection, purpose),
    note: (connection, finding) =>
      store.write(tx => {
        note(tx, connection, finding, store.now())
      }),
    reseal: async () => {
      const generation = credentials.generation?.() ?? 1
      if (!hasOlderSecrets(store, generation)) return 0
      const connectionById = (tx: Tx) => (id: string) => {
        const row = tx.get(byId, { id })
        return row === undefined ? undefined : connectionOf(row)
      }
      return store.write(tx => resealSecrets(tx, codec, generation, connectionById(tx)), { durable: true })
    },
  }
}

export function connectionByName(reader: Reader, name: string): Connection | undefined {
  const row = reader.get(byName, { name })
  return row === undefined ? undefined : connectionOf(row)
}

function put(store: Store, tx: Tx, codec: Codec, given: NewConnection): Connection {
  const at = store.now()
  const before = connectionByName(tx, given.name)
  const origins = JSON.stringify(given.origins)
  const settings = JSON.stringify(given.settings)
  const { kind, auth, name } = given
  if (before === undefined) {
    const id = store.ids.next('con')
    tx.run(insert, { id, name, kind, auth, origins, settings, created_at: at, updated_at: at })
  } else {
    tx.run(replace, { id: before.id, kind, auth, origins, settings, version: before.version + 1, at })
  }
  const connection = connectionByName(tx, name)
  if (connection === undefined) throw new Error(`the connection ${name} was not stored`)
  putSecrets(tx, codec, connection, given.secrets, at)
  audit(store, tx, before === undefined ? 'connection-added' : 'connection-replaced', connection)
  return connection
}

function remove(store: Store, tx: Tx, name: string): boolean {
  const connection = connectionByName(tx, name)
  if (connection === undefined) return false
  removeSecrets(tx, connection.id)
  tx.run(removeById, { id: connection.id })
  audit(store, tx, 'connection-removed', connection)
  return true
}

function note(tx: Tx, { id, version }: Connection, { state, message }: Finding, at: number): void {
  tx.run(noteFinding, { id, version, state, message, at })
}

function audit(store: Store, tx: Tx, kind: string, connection: Connection): void {
  const { id, name, kind: provider, auth, origins, version } = connection
  store.audit.append(tx, store.now(), {
    kind,
    workflowId: null,
    runId: null,
    body: { connection: id, name, provider, auth, origins: [...origins], version },
  })
}

function connectionOf(row: Row<'connections'>): Connection {
  return {
    id: row.id,
    name: row.name,
    kind: row.kind,
    auth: row.auth,
    origins: originsSchema.parse(JSON.parse(row.origins)),
    settings: settingsSchema.parse(JSON.parse(row.settings)),
    state: row.state,
    message: row.message,
    checkedAt: row.checked_at,
    version: row.version,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  }
}
