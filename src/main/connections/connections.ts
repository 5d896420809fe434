/**
 * Connections as the core runs them: the desk over its records, checks through the guarded client, secrets sealed anew
 * after each rotation of the vault's keys (also one that a crash cut short).
 */
import type { ConnectionRecords, OutsideAnswer, OutsideRequest, Slot } from '../../domain/connection.ts'
import type { Credential } from './credential.ts'
import { Desk } from './desk.ts'
import type { Vault } from './vault/vault.ts'

/** The guarded client, as far as a check needs it. */
interface Client {
  request(request: {
    url: string
    method: OutsideRequest['method']
    headers: Readonly<Record<string, string>>
    body?: string
    credential: Credential
    allowHost: (host: string) => boolean
    mayVisit: (host: string) => boolean
    accept: () => boolean
    timeoutMs: number
    maxBytes: number
    despiteHealth: boolean
  }): Promise<{ status: number; body: Uint8Array }>
}

export interface ConnectionsOptions {
  records: ConnectionRecords
  vault: Vault
  client: Client
  onReady: (name: string, slot: Slot | null) => Promise<void>
}

const CHECK_TIMEOUT_MS = 15_000
const LARGEST_ANSWER = 1_048_576

export async function openConnections({
  records,
  vault,
  client,
  onReady,
}: ConnectionsOptions): Promise<Desk> {
  const reseal = async (): Promise<void> => {
    if (vault.status().state === 'open') await records.reseal()
  }
  vault.onChange(reseal)
  await reseal()
  return new Desk({ records, onReady, send: (request, credential) => send(client, request, credential) })
}

/** The user named the host when connecting it: it may be anywhere, and nothing else may be visited. */
async function send(client: Client, request: OutsideRequest, credential: Credential): Promise<OutsideAnswer> {
  const { host } = new URL(request.url)
  const isOwn = (visited: string) => visited === host
  const { status, body } = await client.request({
    url: request.url,
    method: request.method,
    headers: {
      ...(request.json === undefined ? {} : { 'content-type': 'application/json' }),
      ...request.headers,
    },
    ...(request.json === undefined ? {} : { body: JSON.stringify(request.json) }),
    credential,
    allowHost: isOwn,
    mayVisit: isOwn,
    accept: () => true,
    timeoutMs: CHECK_TIMEOUT_MS,
    maxBytes: LARGEST_ANSWER,
    despiteHealth: true,
  })
  return { status, text: Buffer.from(body).toString('utf8') }
}
