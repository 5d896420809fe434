/**
 * What the planner is given by its host. All of it looks, computes or simulates: no port here changes anything outside
 * or installs anything. That is done by the host, when a person has confirmed what was shown.
 */
import type { Contract } from '../../domain/contract.ts'
import type { Json } from '../../domain/json.ts'
import type { Risk } from '../../domain/tool.ts'
import type { DryRun } from '../chat/talk/talk.ts'

export interface PlanPorts {
  readonly tools: ToolShelf
  readonly examples: ExampleShelf
  connections(): readonly KnownConnection[]
  /** What is wrong with a contract; null where it can be kept. */
  contract(json: Json): { ok: true; contract: Contract } | { ok: false; problems: readonly string[] }
  check(source: string, contract: Json, signal: AbortSignal): Promise<ScriptReport>
  /** Plays a script that only looks around, under a contract made for that (S6). */
  explore(source: string, contract: Json, signal: AbortSignal): Promise<Explored>
  /** Plays the script that would be added, on what is there now; changes are simulated (O2). */
  dryRun(source: string, contract: Json, signal: AbortSignal): Promise<DryRun>
  readonly past: Past | null
  /** Folder names as a person writes them, to real ones: `~/Downloads`. */
  home(): string
  zone(): string
  now(): number
}

export interface KnownConnection {
  name: string
  purpose: string
  /** Where its credential may go. */
  hosts: readonly string[]
}

export interface ToolShelf {
  /** Every module with what its tools do, a line each. */
  overview(): string
  /** Modules and tools that words speak of, best first. */
  search(words: string): readonly { module: string; tool: string; title: string }[]
  /** The declarations that scripts are checked against; null where there is no such module. */
  declaration(module: string): string | null
  /** Of a tool, at its worst; null where there is none. */
  risk(tool: string): { risk: Risk; writes: boolean } | null
}

export interface ExampleShelf {
  search(words: string): readonly { id: string; title: string; promise: string }[]
  /** Its contract and script as they are written, with the places that are filled in. */
  read(id: string): { contract: string; script: string } | null
}

export interface ScriptReport {
  ok: boolean
  /** A line each: where, what is wrong, what to do instead. Errors first. */
  problems: readonly string[]
}

export interface Explored {
  /** What the script returned, as JSON; null where it failed. */
  result: Json
  failure: string | null
  /** What it read, and what it would have changed, in words. */
  steps: readonly string[]
  /** What policy refused. */
  refused: readonly string[]
}

/** What was done by the automation that is talked about. */
export interface Past {
  readonly name: string
  readonly contract: Json
  readonly source: string
  /** How it stands, its versions, its last runs. */
  overview(): Json
  runs(filter: { state?: string; limit: number }): Json
  /** What one run did and why it ended so; null where it is none of this automation. */
  run(id: string): Json | null
}
