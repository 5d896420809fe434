/**
 * The desk of connections: where people add, check and remove them, and where tools are handed a credential for one
 * call. Owns what a request has to contain and what a finding means; rows and seals are the records'.
 * A secret leaves here in a `Credential` only, or as the answer to whether a signature is right.
 */
import { CONNECTION_NAME } from '../../domain/connection.ts'
import type {
  Connection,
  ConnectionDesk,
  ConnectionRecords,
  ConnectionRequest,
  Finding,
  NewConnection,
  OutsideAnswer,
  OutsideRequest,
  ProviderInfo,
  Slot,
} from '../../domain/connection.ts'
import { fail, failureOf, isFailureError } from '../../domain/failure.ts'
import { Credential } from './credential.ts'
import type { Attachment } from './credential.ts'
import { SHORTEST_SECRET } from './echoes.ts'
import { notConnected, noWebhookSecret, refusedBy, slotEmpty } from './failures.ts'
import { originOf } from './origins.ts'
import type { Provider, Secrets } from './provider.ts'
import { PROVIDERS } from './providers.ts'
import { isSignedWith, webhookProvider } from './webhook/webhook.ts'
import type { HmacAlgorithm } from './webhook/webhook.ts'

export interface DeskOptions {
  records: ConnectionRecords
  /** Sends a request with the credential; a failure to get an answer is thrown. */
  send: (request: OutsideRequest, credential: Credential) => Promise<OutsideAnswer>
  /** Called when a connection was added or accepted: whoever waits for it may go on. */
  onReady: (name: string, slot: Slot | null) => Promise<void>
}

/** What tools are given. */
export interface Connections {
  /** The credential for one call. Fails with `not-connected`, saying what to do, or `vault-locked`. */
  use(name: string): Promise<Credential>
  /** The credential of whichever connection serves this use. */
  useFor(slot: Slot): Promise<{ connection: Connection; credential: Credential }>
  /** The remote did not accept it: noted, and returned as the failure that asks for another. */
  refused(name: string, host: string, status: number): Promise<ReturnType<typeof refusedBy>>
  /** The remote accepted it. */
  accepted(name: string): Promise<void>
  /** Whether a webhook's body was signed with the secret of this connection; `not-connected` where it has none. */
  isSigned(name: string, algorithm: HmacAlgorithm, body: Uint8Array, signature: string): boolean
}

/** Where nobody has connected anything, and nobody can. */
export const NO_CONNECTIONS: Connections = {
  use: async name => fail(notConnected(name)),
  useFor: async slot => fail(slotEmpty(slot)),
  refused: async (name, host, status) => refusedBy(name, host, status),
  accepted: async () => undefined,
  isSigned: name => fail(noWebhookSecret(name)),
}

const LONGEST_VALUE = 8_192

export class Desk implements ConnectionDesk, Connections {
  readonly #records: ConnectionRecords
  readonly #options: DeskOptions

  constructor(options: DeskOptions) {
    this.#records = options.records
    this.#options = options
  }

  providers(): readonly ProviderInfo[] {
    return PROVIDERS.map(({ kind, title, purpose, slot, auth, fields, takesHosts }) => {
      return { kind, title, purpose, slot, auth, fields, takesHosts }
    })
  }

  list(): readonly Connection[] {
    return this.#records.all()
  }

  /** What a planner may know of them: never a secret. */
  known(): { name: string; purpose: string; hosts: string[] }[] {
    return this.#records.all().map(connection => ({
      name: connection.name,
      purpose: providerOf(connection).purpose,
      hosts: connection.origins.flatMap(origin => URL.parse(origin)?.host ?? []),
    }))
  }

  find(name: string): Connection | undefined {
    return this.#records.byName(name)
  }

  async add(request: ConnectionRequest): Promise<Connection> {
    const connection = await this.#records.put(newConnection(request))
    await this.#options.onReady(connection.name, providerOf(connection).slot)
    return connection
  }

  async check(name: string): Promise<Connection> {
    const connection = this.#existing(name)
    const provider = providerOf(connection)
    const finding = await this.#finding(provider, connection)
    await this.#records.note(connection, finding)
    if (finding.state === 'connected') await this.#options.onReady(name, provider.slot)
    return this.#existing(name)
  }

  remove(name: string): Promise<boolean> {
    return this.#records.remove(name)
  }

  async use(name: string): Promise<Credential> {
    const connection = this.#records.byName(name) ?? fail(notConnected(name))
    return this.#credential(providerOf(connection), connection)
  }

  serving(slot: Slot): Connection | undefined {
    const serving = this.#records.all().filter(each => providerOf(each).slot === slot)
    const [oldest] = serving.toSorted((a, b) => a.createdAt - b.createdAt)
    return serving.find(each => each.name === slot) ?? oldest
  }

  async useFor(slot: Slot): Promise<{ connection: Connection; credential: Credential }> {
    const connection = this.serving(slot) ?? fail(slotEmpty(slot))
    return { connection, credential: this.#credential(providerOf(connection), connection) }
  }

  async refused(name: string, host: string, status: number) {
    const failure = refusedBy(name, host, status)
    const connection = this.#records.byName(name)
    if (connection !== undefined)
      await this.#records.note(connection, { state: 'refused', message: failure.message })
    return failure
  }

  async accepted(name: string): Promise<void> {
    const connection = this.#records.byName(name)
    if (connection === undefined || connection.state === 'connected') return
    await this.#records.note(connection, {
      state: 'connected',
      message: 'It was accepted when it was last used.',
    })
  }

  isSigned(name: string, algorithm: HmacAlgorithm, body: Uint8Array, signature: string): boolean {
    const connection = this.#records.byName(name)
    const isOne = connection?.kind === webhookProvider.kind
    const secret = isOne ? this.#records.secret(connection, 'secret') : undefined
    return isSignedWith(secret ?? fail(noWebhookSecret(name)), algorithm, body, signature)
  }

  #existing(name: string): Connection {
    return this.#records.byName(name) ?? fail({ ...notConnected(name), kind: 'invalid-input', path: 'name' })
  }

  #credential(provider: Provider, connection: Connection): Credential {
    const secrets: Record<string, string> = {}
    for (const { name, secret } of provider.fields) {
      const value = secret ? this.#records.secret(connection, name) : undefined
      if (value !== undefined) secrets[name] = value
    }
    return new Credential({
      connection: connection.name,
      origins: connection.origins,
      attachment: provider.attach(connection, secrets),
      secrets: Object.values(secrets),
    })
  }

  async #finding(provider: Provider, connection: Connection): Promise<Finding> {
    const credential = this.#credential(provider, connection)
    if (provider.check === undefined)
      return { state: 'connected', message: 'It is kept. There is nobody to ask.' }
    try {
      const send = (request: OutsideRequest) => this.#options.send(request, credential)
      return await provider.check({ connection, send })
    } catch (error) {
      if (!isFailureError(error)) throw error
      return { state: 'failing', message: credential.hideInText(failureOf(error).message) }
    }
  }
}

function providerOf({ kind }: Pick<Connection, 'kind'>): Provider {
  const provider = PROVIDERS.find(known => known.kind === kind)
  return (
    provider ??
    refuse(
      'kind',
      `“${kind.slice(0, 64)}” is not among the kinds: ${PROVIDERS.map(known => known.kind).join(', ')}`,
    )
  )
}

/** Checks all of a request; what is secret in it is named in no refusal. */
function newConnection(request: ConnectionRequest): NewConnection {
  const { name, kind, settings = {}, secrets = {} } = request
  if (!CONNECTION_NAME.test(name))
    refuse('name', 'A name takes lower-case letters, digits and hyphens, 64 at most')
  const provider = providerOf({ kind })
  const auth = request.auth ?? provider.auth[0] ?? 'none'
  if (!provider.auth.includes(auth)) refuse('auth', `${provider.title} takes ${provider.auth.join(', ')}`)
  checkFields(provider, settings, secrets)
  const problem = provider.problem?.({ auth, settings, secrets }) ?? null
  if (problem !== null) refuse('settings', problem)
  const connection = { name, kind, auth, origins: originsFor(provider, request), settings, secrets }
  checkAttachment(provider.attach(connection, secrets))
  return connection
}

function checkAttachment({ headers = {} }: Attachment): void {
  if (Object.values(headers).some(value => !/^[\x20-\x7e]*$/.test(value)))
    refuse('secrets', 'A secret that goes into a header has no letters beyond ASCII')
}

function checkFields(provider: Provider, settings: Secrets, secrets: Secrets): void {
  for (const field of provider.fields) {
    const value = field.secret ? secrets[field.name] : settings[field.name]
    if (value === undefined && !field.optional) refuse(field.name, `${provider.title} takes “${field.name}”`)
    if (value !== undefined) checkValue(field, value)
  }
  const isKnown = (name: string, secret: boolean) =>
    provider.fields.some(field => field.name === name && field.secret === secret)
  const stray = Object.keys(settings).find(name => !isKnown(name, false))
  if (stray !== undefined) refuse('settings', `${provider.title} does not take “${stray.slice(0, 64)}”`)
  if (Object.keys(secrets).some(name => !isKnown(name, true)))
    refuse('secrets', `${provider.title} does not take one of the secrets that were given`)
}

function checkValue(field: Provider['fields'][number], value: string): void {
  if (value === '' || value.length > LONGEST_VALUE)
    refuse(field.name, `“${field.name}” has 1 to ${LONGEST_VALUE} characters`)
  if (field.choices !== undefined && !field.choices.includes(value))
    refuse(field.name, `“${field.name}” is one of ${field.choices.join(', ')}`)
  if (!field.secret) return
  if (value.length < SHORTEST_SECRET)
    refuse(field.name, `“${field.name}” has at least ${SHORTEST_SECRET} characters`)
  if (!/^[\x21-\x7e\x80-\uffff]([\x20-\x7e\x80-\uffff]*[\x21-\x7e\x80-\uffff])?$/.test(value))
    refuse(
      field.name,
      `“${field.name}” begins or ends with a space, or contains a line break or control character`,
    )
}

function originsFor(provider: Provider, { hosts = [], settings = {} }: ConnectionRequest): string[] {
  if (!provider.takesHosts) {
    if (hosts.length > 0) refuse('hosts', `${provider.title} has hosts of its own`)
    return [...(provider.origins?.(settings) ?? [])]
  }
  if (hosts.length === 0) refuse('hosts', `${provider.title} takes the hosts its credential may go to`)
  return [...new Set(hosts.map(originOf))]
}

function refuse(path: string, what: string): never {
  fail({ kind: 'invalid-input', path, message: `${what}. Nothing was changed.` })
}
