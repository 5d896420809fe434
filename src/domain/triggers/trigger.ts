/**
 * A trigger is one declaration: what a contract may say of it, how that reads in words, what a script is given when it
 * fires, and what tells two deliveries of the same thing apart. Triggers that watch something also declare how they
 * look at it, as a function of what they remember; asking the outside and keeping the memory is the engine's.
 * Adding one is adding a file and a line in `list.ts`.
 */
import type { z } from 'zod'
import { sha256Hex } from '../json.ts'
import type { Json, JsonObject } from '../json.ts'
import type { Language } from '../language.ts'
import type { Touches } from '../touches.ts'

/** When time starts it: how `schedules.spec` keeps that. */
export type TimePlan =
  | { kind: 'interval'; everyMs: number; anchor: number }
  | { kind: 'cron'; expression: string }
  | { kind: 'once'; local: string }

export interface TriggerDeclaration<S extends z.ZodType, P extends z.ZodType, C extends Json> {
  readonly kind: string
  /** As a person asks for it: "When a feed has something new". */
  readonly title: string
  /** For contributors and the model: what it does, and what it does not. */
  readonly doc: string
  /** A strict object whose `kind` is the literal above; refusals name what to write instead. */
  readonly schema: S
  readonly examples: readonly z.input<S>[]
  /** What the script is given as its event. */
  readonly payload: P
  /** As contracts say it, in words. `zone` is that of the trigger, or else the contract's. */
  readonly describe: (spec: z.output<S>, zone: string, language?: Language) => string
  /**
   * What happened, as one text: the same for each delivery of it (R1). Absent: the sender names it, or each delivery
   * is its own.
   */
  readonly key?: (payload: z.output<P>) => string
  /** Unique within a contract, and the same in later versions: what its memory, or its address, belongs to. */
  readonly identity?: (spec: z.output<S>) => string
  /** Present where time starts it. `anchor` is the activation, UTC ms. */
  readonly plan?: (spec: z.output<S>, anchor: number) => TimePlan
  readonly watch?: Watching<z.output<S>, z.output<P>, C>
}

export interface Watching<T, P, C> {
  /** What a look touches: a contract has to let it be read (P2). */
  readonly touches: (spec: T) => Touches
  readonly everyMs: (spec: T) => number
  readonly look: (looking: Looking<T, C>) => Promise<Look<P, C>>
}

export interface Looking<T, C> {
  readonly spec: T
  /** What the last look left; null for the first: that one draws the line, and finds nothing new unless told to (R8). */
  readonly cursor: C | null
  readonly now: number
  /** Events at most; what is beyond them stays for the next look. At least one. */
  readonly most: number
  readonly ports: LookPorts
}

export interface Look<P, C> {
  /** In the order they happened. */
  readonly payloads: readonly P[]
  /** Kept in the transaction that takes the events in: together, nothing is lost or doubled. */
  readonly cursor: C
  /** How many things there are, new or not. */
  readonly saw: number
  /** How many of them are in the events. */
  readonly found: number
  /** More is new than fitted: look again at once. */
  readonly more: boolean
  /** Earlier than usual: something was not at rest yet. */
  readonly nextLookAt?: number
}

/** What a reading tool remembers between two looks, by its own keys. */
export type Memory = JsonObject

/** How a look reaches the outside. All of it fails with Failures. */
export interface LookPorts {
  /** Asks a tool that only reads, as a run would. */
  readonly ask: (tool: string, input: JsonObject, memory: Memory) => Promise<{ output: Json; memory: Memory }>
  /** What is in a folder now. */
  readonly scan: (request: ScanRequest) => Promise<FolderScan>
}

export interface ScanRequest {
  readonly folder: string
  readonly recursive: boolean
  /** Names, with `*` and `?`. */
  readonly match: string | null
  /** More files than this fail as `rejected`. */
  readonly most: number
}

export interface FolderScan {
  /** Which folder it really was: another one may have been put in its place. */
  readonly identity: string
  readonly files: readonly ScannedFile[]
  /** Folders below it that could not be read, with `/` at the end: what is in them is neither there nor gone. */
  readonly unread: readonly string[]
}

export interface ScannedFile {
  /** Below the folder, with `/`. */
  readonly name: string
  readonly path: string
  readonly bytes: number
  /** UTC ms. */
  readonly modified: number
  /** Nanoseconds, as text. */
  readonly modifiedNs: string
  readonly inode: string
  /** When anything about it was last changed, its name included, UTC ms. */
  readonly changed: number
}

export function defineTrigger<S extends z.ZodType, P extends z.ZodType, C extends Json>(
  declaration: TriggerDeclaration<S, P, C>,
): TriggerDeclaration<S, P, C> {
  return declaration
}

/** One short text for several, in their order. */
export function keyOf(parts: readonly string[]): string {
  return sha256Hex(JSON.stringify(parts)).slice(0, 32)
}

/** `https://example.com/news?x` → `example.com/news`: without what could be a secret. */
export function placeOf(url: string): string {
  const { host, pathname } = new URL(url)
  const path = pathname === '/' ? '' : pathname
  return `${host}${path.length > 100 ? `${path.slice(0, 99)}…` : path}`
}

export function touchesOf(url: string): Touches {
  const { host, search } = new URL(url)
  return { hosts: [host], method: 'GET', egress: search !== '' }
}
