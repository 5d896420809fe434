/**
 * A connection: an account with its credentials, which contracts and scripts name and never look into. What is said
 * of it, the port its rows are kept behind, and the desk through which people add, check and remove them.
 * No shape here but `NewConnection` and `ConnectionRecords.secret` carries a secret.
 */
import type { Json } from './json.ts'

/** How a remote is told who asks. `oauth`: a person signs in there, and tokens are renewed. */
export type AuthKind = 'none' | 'api-key' | 'bearer' | 'basic' | 'hmac' | 'oauth'

/**
 * unchecked: nobody has looked · connected: it was accepted · refused: the remote did not accept it ·
 * failing: the remote could not be asked.
 */
export type ConnectionState = 'unchecked' | 'connected' | 'refused' | 'failing'

/** A connection as it is recorded, without its secrets. */
export interface Connection {
  readonly id: string
  /** As contracts and scripts call it: lower-case letters, digits and hyphens. */
  readonly name: string
  /** Its provider: `http`, `brave`, `webhook`. */
  readonly kind: string
  readonly auth: AuthKind
  /** Where its credential may go, and nowhere else: `https://api.example.com`, `http://127.0.0.1:8080`. */
  readonly origins: readonly string[]
  /** What is not secret: a header's name, a user's name, an address. */
  readonly settings: Readonly<Record<string, string>>
  readonly state: ConnectionState
  /** What the last check or use found, for people; null where nobody has looked. */
  readonly message: string | null
  readonly checkedAt: number | null
  /** Raised each time it is replaced. */
  readonly version: number
  readonly createdAt: number
  readonly updatedAt: number
}

export interface NewConnection extends Pick<Connection, 'name' | 'kind' | 'auth' | 'origins' | 'settings'> {
  /** By purpose: `key`, `password`. Sealed before they are stored. */
  readonly secrets: Readonly<Record<string, string>>
}

/** What was found when a connection was looked at. */
export type Finding = Pick<Connection, 'state' | 'message'>

/** The rows of connections and their sealed secrets. */
export interface ConnectionRecords {
  all(): Connection[]
  byName(name: string): Connection | undefined
  /** Adds it, or replaces the one of that name with all its secrets. On the disk when it resolves. */
  put(connection: NewConnection): Promise<Connection>
  /** False where there is none of that name. Its secrets go with it. */
  remove(name: string): Promise<boolean>
  /** Fails with `vault-locked` while credentials are out of reach; undefined where there is none for the purpose. */
  secret(connection: Connection, purpose: string): string | undefined
  /** Notes what was found, unless the connection was replaced meanwhile. */
  note(connection: Connection, finding: Finding): Promise<void>
  /** Seals under the newest key what an older one sealed; how many. */
  reseal(): Promise<number>
}

/** One thing a provider has to be told. */
export interface ConnectionField {
  readonly name: string
  readonly label: string
  readonly secret: boolean
  readonly optional: boolean
  readonly example?: string
  /** The values it takes, where they are few. */
  readonly choices?: readonly string[]
}

/** A provider as forms and the command line show it. */
export interface ProviderInfo {
  readonly kind: string
  readonly title: string
  /** What it is good for, in a sentence. */
  readonly purpose: string
  /** What looks for it without naming it; null where it is always named. */
  readonly slot: Slot | null
  /** The first is taken where none is chosen. */
  readonly auth: readonly AuthKind[]
  readonly fields: readonly ConnectionField[]
  /** Whether the user says where its credential may go; otherwise the provider does. */
  readonly takesHosts: boolean
}

/** Uses that are served by whichever connection there is. */
export type Slot = 'search' | 'model'

export interface ConnectionRequest {
  readonly name: string
  readonly kind: string
  readonly auth?: AuthKind
  /** Host names or origins. */
  readonly hosts?: readonly string[]
  readonly settings?: Readonly<Record<string, string>>
  readonly secrets?: Readonly<Record<string, string>>
}

/** Connections as people handle them. */
export interface ConnectionDesk {
  providers(): readonly ProviderInfo[]
  list(): readonly Connection[]
  find(name: string): Connection | undefined
  /** Whichever connection serves this use: the one of its name, else the oldest. */
  serving(slot: Slot): Connection | undefined
  /** Adds or replaces. Fails with `invalid-input`, naming the field; nothing of what was given is repeated. */
  add(request: ConnectionRequest): Promise<Connection>
  /** Asks the remote whether it accepts the credential, and notes what it said. */
  check(name: string): Promise<Connection>
  /** Removes it with its secrets; false where there is none. */
  remove(name: string): Promise<boolean>
}

/** A request that a connection makes on its own behalf, through the guarded client. */
export interface OutsideRequest {
  readonly url: string
  readonly method: 'GET' | 'POST'
  readonly headers?: Readonly<Record<string, string>>
  readonly json?: Json
}

export interface OutsideAnswer {
  readonly status: number
  /** At most a megabyte of it. */
  readonly text: string
}

export const CONNECTION_NAME = /^[a-z0-9][a-z0-9-]{0,63}$/

/** The causes of actions that are over once a connection of this name, or for this use, is there and accepted. */
export function causesEndedBy(name: string, slot: Slot | null): string[] {
  const names = slot === null ? [name] : [name, slot]
  return names.flatMap(each =>
    ['not-connected', 'auth-expired', 'auth-revoked'].map(kind => `${kind}:${each}`),
  )
}
