/** How requests reach a provider: with a connection's credential that is never seen here, through the guarded client. */

export interface WireRequest {
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  /** Absent: something is only looked at. */
  readonly body?: string
  readonly signal: AbortSignal
  readonly timeoutMs: number
  readonly maxBytes: number
}

export interface WireAnswer {
  readonly status: number
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>
  /** As it comes in. Errors with a `FailureError` where it is cut off, too large or too late. */
  readonly body: ReadableStream<Uint8Array>
  /** Masks the credential in what the other side says. */
  readonly hide: (text: string) => string
}

/** Resolves with the head of any answer. Fails where there is none, and where the address is not the connection's. */
export type Wire = (connection: string, request: WireRequest) => Promise<WireAnswer>
