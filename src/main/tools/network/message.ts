/** What the guarded client is asked, and what it answers. */
import type { Credential } from '../../connections/credential.ts'
import type { Headers } from './headers.ts'
import type { BodySink } from './intake.ts'
import type { Target } from './target.ts'

export type Method = 'GET' | 'HEAD' | 'OPTIONS' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'

export interface HttpRequest {
  url: string
  method?: Method
  headers?: Headers
  body?: Uint8Array | string
  /** Does the contract name exactly this host? Only then may it lead into a private network or to this machine. */
  allowHost: (host: string) => boolean
  /** May a redirect lead to this host? */
  mayVisit: (host: string) => boolean
  /** Statuses to return; others fail. Default: below 400. */
  accept?: (status: number) => boolean
  timeoutMs?: number
  /** Of the body, after decompression. */
  maxBytes?: number
  maxRedirects?: number
  followRedirects?: boolean
  signal?: AbortSignal
  /** Asks even a host that is being left alone: for tools whose purpose is to find out. */
  despiteHealth?: boolean
  /** Called before each hop, redirects included: may wait, and refuses by failing. */
  beforeHop?: (target: Target) => Promise<void>
  /** Sees the head of an accepted answer before its body is read; refuses it by failing. */
  onHead?: (head: { status: number; headers: Readonly<Record<string, string>>; target: Target }) => void
  /** Takes the accepted body instead of memory; the answer's own is then empty. */
  sink?: BodySink
  /**
   * What a connection adds, known to this code only: it goes to the connection's own origins, no further than the first
   * redirect to another, and is masked in whatever comes back. A header alone is for the first origin.
   */
  credential?: Credential | { name: string; value: string }
}

export interface HttpAnswer {
  status: number
  /** Lower-case names, no prototype. */
  headers: Record<string, string>
  /** Of the last hop. */
  url: string
  body: Uint8Array
  /** The addresses that redirected, in order. */
  redirects: string[]
  timing: { resolveMs: number; firstByteMs: number; totalMs: number }
}
