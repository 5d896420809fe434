/** How a command ends, for whoever reads its exit code. */

export const EXIT = {
  done: 0,
  /** What was asked for was tried, and failed: a run, a chain, a check. */
  failed: 1,
  /** It was asked for in a way that cannot be done. */
  usage: 2,
  noCore: 3,
  /** It waits for a person. */
  waiting: 4,
} as const

export type ExitCode = (typeof EXIT)[keyof typeof EXIT]

/** Ends a command with a message for people. */
export class CommandFailed extends Error {
  readonly code: ExitCode
  readonly title: string

  constructor(code: ExitCode, message: string, title = 'The command failed') {
    super(message)
    this.code = code
    this.title = title
  }
}
