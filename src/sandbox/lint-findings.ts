/** What looking at a script's text can find. */

export type LintRule =
  | 'local-date'
  | 'outer-assignment'
  | 'empty-catch'
  | 'each-name'
  | 'write-loop'
  | 'swallowed'
  | 'not-awaited'
  | 'unused'
  | 'unreachable'
  | 'not-here'

export interface LintFinding {
  line: number
  column: number
  rule: LintRule
  message: string
}

export interface Spot {
  /** Where in the text, in characters. */
  at: number
  rule: LintRule
  message: string
}
