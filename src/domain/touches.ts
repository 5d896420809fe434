/** What a call would touch: the only thing policy judges. Everything is exact text, resolved before judging. */
export interface Touches {
  /** Lower-case host names with port where it is not the scheme's own: `example.com`, `127.0.0.1:8080`. */
  hosts?: readonly string[]
  /** Upper-case HTTP method, where there is one. */
  method?: string
  /** Absolute, normalised paths. */
  paths?: readonly { path: string; access: 'read' | 'write' | 'delete' }[]
  recipients?: readonly string[]
  accounts?: readonly string[]
  /** How many things of the outside change: counts against quotas. Default 1 for a write, 0 otherwise. */
  actions?: number
  /** True where content goes out although the effect is `read` (a query in an address). */
  egress?: boolean
}
