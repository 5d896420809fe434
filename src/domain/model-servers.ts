/** Servers of models on this machine. They are looked for when a person asks, and never before. */

export interface ModelServer {
  readonly name: string
  /** Where its interface begins, as a connection takes it. */
  readonly url: string
  /** What it has loaded or can load. */
  readonly models: readonly string[]
}

/** Those that answer; nothing that is not on this machine is asked. */
export type FindModelServers = () => Promise<readonly ModelServer[]>
