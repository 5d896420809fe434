/**
 * A provider is one declaration: what it has to be told, where its credential may go, how the credential is attached
 * to a request, and how it is checked. From it come the form, the command line's questions and the page in the docs.
 * Adding one is adding a file and a line in `providers.ts`.
 */
import type {
  Connection,
  Finding,
  OutsideAnswer,
  OutsideRequest,
  ProviderInfo,
} from '../../domain/connection.ts'
import type { Attachment } from './credential.ts'

/** Secrets by the name of their field. */
export type Secrets = Readonly<Record<string, string>>

/** What a check may use: requests that carry the connection's credential to its own origins. */
export interface Checking {
  readonly connection: Connection
  readonly send: (request: OutsideRequest) => Promise<OutsideAnswer>
}

export interface Provider extends ProviderInfo {
  /** Where the credential may go, from the settings; only where the user does not say (`takesHosts`). */
  readonly origins?: (settings: Readonly<Record<string, string>>) => readonly string[]
  /** What is wrong with what was given beyond a missing field, or null. */
  readonly problem?: (given: Given) => string | null
  readonly attach: (connection: Pick<Connection, 'auth' | 'settings'>, secrets: Secrets) => Attachment
  /** Absent: there is nothing to ask anybody. Throws what the request failed with. */
  readonly check?: (checking: Checking) => Promise<Finding>
}

export interface Given {
  readonly auth: Connection['auth']
  readonly settings: Readonly<Record<string, string>>
  readonly secrets: Secrets
}

/** How an answer to a check is taken that says nothing more precise. */
export function findingOf({ status }: OutsideAnswer, place: string): Finding {
  if (status === 401 || status === 403)
    return { state: 'refused', message: `${place} answered ${status}: it did not accept the credential.` }
  if (status >= 400) return { state: 'failing', message: `${place} answered ${status}.` }
  return { state: 'connected', message: `${place} accepted it.` }
}
