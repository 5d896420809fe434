/**
 * A tool is one declaration. From it come the module that scripts import, its `.d.ts`, argument validation, what
 * policy judges, how the journal treats it, the sentence of the run view and its page in the docs.
 */
import type { z } from 'zod'
import type { Contract } from './contract.ts'
import type { Failure } from './failure.ts'
import type { Json } from './json.ts'
import type { AskModel } from './model.ts'
import type { NoteChange, NotesView } from './note.ts'
import type { DrawPicture, FindPicture } from './picture.ts'
import type { Touches } from './touches.ts'

export type { Touches }

/**
 * read: looks at the outside, may be repeated · write: changes the outside, never silently repeated ·
 * local: our own database only, staged until its scope succeeds · model: costs money, repeats never.
 */
export type Effect = 'read' | 'write' | 'local' | 'model'

export type Risk = 'low' | 'medium' | 'high'

/**
 * key: the remote honours our idempotency key for a while · natural: doing it twice is doing it once ·
 * reconcile: `reconcile`, which sends nothing, can tell · none: nobody can tell, so a person is asked.
 */
export type Idempotency = 'key' | 'natural' | 'reconcile' | 'none'

/** nothing: the call had changed nothing · no: it had, and there is no way back. */
export type Undoable = { is: 'yes' } | { is: 'nothing' } | { is: 'no'; because: string }

/** What is known about a write whose end was not recorded (J4). */
export type Reconciled<O> =
  { is: 'applied'; result: O } | { is: 'not-applied' } | { is: 'unknown'; evidence: string }

/** A change to local state, staged in the journal until its scope succeeds (J2). */
export type LocalChange =
  | { kind: 'state-set'; key: string; value: Json }
  | { kind: 'state-delete'; key: string }
  | { kind: 'notice'; title: string; body: string; level: 'info' | 'warning' }
  | { kind: 'publish'; topic: string; payload: Json }
  | NoteChange

/** Local state as its scope sees it: what is committed, under what the scope itself has staged. */
export interface LocalView {
  get(key: string): Json | undefined
  /** Keys with the prefix, sorted, and their values. */
  list(prefix: string): { key: string; value: Json }[]
  readonly notes: NotesView
}

/** What a running tool is given. Nothing else reaches it. */
export interface ToolContext {
  readonly workflowId: string
  readonly runId: string
  readonly stepId: string
  /** The same for every try of this step, in every copy of the data folder. Sent to remotes that honour keys. */
  readonly idempotencyKey: string
  readonly contract: Contract
  /** Whether the policy lets a call that is led to another host go on there; the contract is asked beside it. */
  readonly mayVisit?: (host: string) => boolean
  /** UTC ms; the script never sees another clock. */
  now(): number
  readonly signal: AbortSignal
  readonly local: LocalView
  /** Stages a change of local state: for tools whose effect is `local`, and reads that remember what they saw. */
  stage(change: LocalChange): void
  /** When the first byte of this call was about to leave (UTC ms). */
  readonly begunAt: number
  /** What `prepare` recorded with the write-ahead. */
  readonly evidence: Json
  /** Asks a model: only for tools whose effect is `model`. */
  readonly ask?: AskModel
  /** Has a model draw: only for tools whose effect is `model`. */
  readonly draw?: DrawPicture
  /** Pictures that were drawn for this automation, by name. */
  readonly picture?: FindPicture
}

export interface ToolDeclaration<I = Json, O = Json> {
  /** `family.verb`; scripts import `verb` from `tools/family`. */
  readonly name: string
  readonly version: number
  /** Present tense, for the docs: "Write a file". */
  readonly title: string
  /** One paragraph for contributors and the model: shapes, units, failures. */
  readonly doc: string
  readonly effect: Effect | ((input: I) => Effect)
  readonly input: z.ZodType<I>
  readonly output: z.ZodType<O>
  /** How the guest may call it: positional parameter names of `input`, in order; default: the one input object. */
  readonly positional?: readonly (keyof I & string)[]
  readonly touches: (input: I) => Touches
  readonly risk: Risk | ((input: I) => Risk)
  readonly idempotency: Idempotency | ((input: I, contract: Contract) => Idempotency)
  /** For `key`: how long after a call began the remote is known to honour its key, ms. Default: never. */
  readonly keyWindowMs?: (input: I, contract: Contract) => number
  /** Longest a call may take, ms. A write that takes longer is `outcome-unknown`. */
  readonly timeoutMs?: number | ((input: I) => number)
  /** How long after a crash the remote may still be applying the call; `not-applied` is believed only after it. */
  readonly settleMs?: number
  /** Looks, before a write or a local change, at what reconciliation and undo will need. Recorded with it. */
  readonly prepare?: (input: I, context: ToolContext) => Promise<Json>
  readonly run: (input: I, context: ToolContext) => Promise<O>
  readonly reconcile?: (input: I, context: ToolContext) => Promise<Reconciled<O>>
  /** What it would do, with plausible ids: for dry runs and exploration. Writes without one are described only. */
  readonly simulate?: (input: I, context: ToolContext) => Promise<O>
  /** What a script sees of a write whose answer was lost and which a person says was done. Default: null. */
  readonly assume?: (input: I) => O
  /**
   * The inverse, where there is one: takes back what this very call did, if the world is still as the call left it, and
   * fails otherwise. Called again after an interruption at any point, it finishes; what is as before is taken back.
   */
  readonly undo?: (input: I, output: O, context: ToolContext) => Promise<void>
  /** Whether this very call can be undone, as far as its record tells. Default: it can, where there is an inverse. */
  readonly undoable?: (input: I, output: O, evidence: Json) => Undoable
  /** The input as logs and other people may see it. */
  readonly redact?: (input: I) => Json
  /** One past-tense sentence for the run view: "Moved a.pdf to Receipts". */
  readonly describe: (input: I, output: O | undefined) => string
  /**
   * A wait instead of a call: the engine suspends the scope and completes the step itself. Such tools have no
   * effect of their own; `run` is never called.
   */
  readonly wait?: (input: I, now: number) => WaitRequest
}

export type WaitRequest =
  | { kind: 'sleep'; until: number; zone: string; localTime: string }
  | { kind: 'signal'; name: string; until: number | null }
  | { kind: 'ask'; question: string; choices: readonly string[]; freeText: boolean; until: number | null }

/** Widens a precise declaration to the shape registries hold. The one place where the input's type is forgotten. */
export function defineTool<I, O>(declaration: ToolDeclaration<I, O>): ToolDeclaration {
  return declaration as unknown as ToolDeclaration
}

/** How a step ended, as the guest sees it: a value, or an error thrown in with code and message (J9). */
export type Outcome =
  { ok: true; value: Json } | { ok: false; error: { code: string; message: string; failure?: Failure } }
