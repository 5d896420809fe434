/**
 * What a connection adds to a request, for as long as the request takes: headers and query, for its own origins and
 * no other. Made by the desk, used by the guarded client; nothing that prints, copies or stores it sees the secret.
 */
import { inspect } from 'node:util'
import { fail } from '../../domain/failure.ts'
import type { Json } from '../../domain/json.ts'
import { Echoes } from './echoes.ts'

export interface Attachment {
  readonly headers?: Readonly<Record<string, string>>
  readonly query?: Readonly<Record<string, string>>
}

export interface CredentialParts {
  connection: string
  origins: readonly string[]
  attachment: Attachment
  /** What must not be seen in an answer: the secrets, and what was made of them. */
  secrets: readonly string[]
}

export class Credential {
  /** The connection's name. */
  readonly connection: string
  readonly #origins: ReadonlySet<string>
  readonly #attachment: Attachment
  readonly #echoes: Echoes

  constructor({ connection, origins, attachment, secrets }: CredentialParts) {
    this.connection = connection
    this.#origins = new Set(origins)
    this.#attachment = attachment
    this.#echoes = new Echoes([
      ...secrets,
      ...Object.values(attachment.query ?? {}),
      ...partsOf(attachment.headers),
    ])
  }

  isFor(url: URL): boolean {
    return this.#origins.has(url.origin)
  }

  /** Fails where the address is not one of the connection's own: nothing is sent then. */
  checkPlace(url: URL): void {
    if (this.isFor(url)) return
    fail({
      kind: 'not-permitted',
      clause: 'connection',
      message: `The connection “${this.connection}” is for ${[...this.#origins].join(', ') || 'no address'} only, and the address was at ${this.#echoes.hideInText(url.origin)}. Nothing was sent.`,
      detail: { sent: 'no' },
    })
  }

  /** Lower-case names; none for another origin. */
  headersFor(url: URL): Readonly<Record<string, string>> {
    return this.isFor(url) ? (this.#attachment.headers ?? {}) : {}
  }

  /** The address with what the credential adds to it; as it is for another origin. */
  addressFor(url: URL): URL {
    const query = Object.entries(this.#attachment.query ?? {})
    if (query.length === 0 || !this.isFor(url)) return url
    const address = new URL(url)
    for (const [name, value] of query) address.searchParams.set(name, value)
    return address
  }

  hideInText(text: string): string {
    return this.#echoes.hideInText(text)
  }

  hideInBytes(bytes: Uint8Array): Uint8Array {
    return this.#echoes.hideInBytes(bytes)
  }

  hideInJson(value: Json): Json {
    return this.#echoes.hideInJson(value)
  }

  toJSON(): string {
    return `[credential of ${this.connection}]`
  }

  [inspect.custom](): string {
    return this.toJSON()
  }
}

/** The value of a header, and what stands in it after its scheme: `Bearer …`, `Basic …`. */
function partsOf(headers: Readonly<Record<string, string>> = {}): string[] {
  return Object.values(headers).flatMap(value => value.split(' ').slice(-1))
}
