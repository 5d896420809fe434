/** What a killed automation is made of, and what one of its events must lead to. */
import type { ContractInput } from '../../src/domain/contract.ts'
import type { Entry } from './recorder.ts'

export interface Surroundings {
  keyed: string
  plain: string
  /** The folder the files automation may change. */
  files: string
}

export interface ExpectedWrite {
  server: Entry['server']
  path: string
}

export interface Job {
  name: string
  source: string
  contract: Partial<ContractInput>
  /** By another automation or by time: no event of ours. */
  startsItself: boolean
  /** What the event named `token` carries. */
  payload: (token: string) => Record<string, string | string[]>
  /** Writes that one such event must lead to, each exactly once; no other may ever arrive. */
  writes: (token: string) => ExpectedWrite[]
  /** What the event named `token` makes it ask a model. */
  questions: (token: string) => string[]
}

export type Draft = Pick<Job, 'name' | 'writes'> & {
  body: string
  asksModel?: boolean
  questions?: Job['questions']
  payload?: Job['payload']
  approval?: 'always'
  concurrency?: number
  when?: ContractInput['when']
}

/** Two events of one wave name some of the same entries: whoever comes second finds them done, or half done. */
export function entriesOf(token: string): string[] {
  const wave = token.replace(/-\d+$/, '')
  return [`${wave}-x`, `${wave}-y`, `${token}-i`, `${token}-j`, `${token}-k`]
}
