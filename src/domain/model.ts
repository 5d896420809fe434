/**
 * Asking a language model, as the planner, the maintainer and tools see it: one port, whatever provider stands behind
 * it. What goes in is text and declared tools; what comes out is text, calls of those tools, and what it cost. A model
 * proposes, and nothing here gives it a power.
 * Money is integer micro-dollars. Failures are of the closed union: `not-connected` (nothing is connected, setting
 * `model`), `auth-revoked` (the key was refused), `rate-limited`, `unavailable`, `timeout`, `network`, `offline`,
 * `budget-exceeded` (a cap, before anything was sent), `rejected` (the model refused, is gone, or takes less at once:
 * `isTooLong`), `bad-response`.
 */
import { FailureError, isFailureError } from './failure.ts'
import type { Failure } from './failure.ts'
import { isJsonObject } from './json.ts'
import type { Json, JsonObject } from './json.ts'
import type { Wish } from './picture.ts'

/** planner: plans and changes · maintainer: repairs · small: judges and extracts for scripts · images: draws for them. */
export const MODEL_ROLES = ['planner', 'maintainer', 'small', 'images'] as const
export type ModelRole = (typeof MODEL_ROLES)[number]
/** Those that are asked for words. */
export type TextRole = Exclude<ModelRole, 'images'>

/** What money is spent on: making an automation, mending it, or a run that asks a model. */
export type Purpose = 'build' | 'repair' | 'run'

/** Whose cost it is; null where it is nobody's. */
export interface CostOf {
  readonly purpose: Purpose
  readonly workflowId: string | null
  readonly taskId: string | null
  /** Of making something: the rehearsal that asked. */
  readonly runId: string | null
  readonly stepId: string | null
  /** As costs are listed: `planner`, `llm.extract`. */
  readonly tool: string
}

/** A tool that the model may call. `input` is a JSON Schema of an object. */
export interface ModelTool {
  readonly name: string
  readonly description: string
  readonly input: JsonObject
}

export interface ModelCall {
  readonly id: string
  readonly tool: string
  /** As the model wrote it: not validated. Null where it was not JSON. */
  readonly input: Json
}

export type ModelMessage =
  | { readonly from: 'user'; readonly text: string }
  | {
      readonly from: 'model'
      readonly text: string
      readonly calls: readonly ModelCall[]
      /** Of the reply that this message is, where it came with any. */
      readonly kept?: Kept
    }
  /** Answers to calls of the message before, in their order. */
  | { readonly from: 'tools'; readonly answers: readonly ModelAnswer[] }

/**
 * What a provider wants back with an answer of its model (signatures, reasoning that only it can read), as it gave it.
 * Part of the conversation for that very model, and nothing for anybody else: not shown, not logged, not exported.
 */
export interface Kept {
  /** Whose it is. For every other model the message is its text and its calls. */
  readonly by: string
  /** null: what it gave was refused again and again, and it is given nothing back in this conversation. */
  readonly data: Json
  /** How many tokens of reasoning it may stand for, whatever its length. */
  readonly tokens: number
  /** What was kept of earlier messages had been refused, and this answer was given without it. */
  readonly isAfresh: boolean
  /** What stands before it was changed since: whoever binds what it signs to that does not know it any more. */
  readonly isShifted?: boolean
}

export interface ModelAnswer {
  readonly callId: string
  readonly tool: string
  readonly text: string
}

/** What every request has, whatever is asked for. */
export interface PaidRequest {
  /** Longest the whole request may take with its tries, ms. */
  readonly timeoutMs: number
  readonly of: CostOf
  /** At most this much may have been spent on the task, the run or whatever `capped` names, this call included. */
  readonly capped?: readonly CostCap[]
  readonly signal: AbortSignal
  /**
   * caller: whoever asked records what it cost together with what comes of it (J2): `unsettled` of the reply is for
   * `settleCost` in that transaction. Until then its reservation counts. Absent: it is recorded here.
   */
  readonly settles?: 'caller'
}

export interface ModelRequest extends PaidRequest {
  readonly role: TextRole
  /** Says who the model is; the same for all requests of a conversation, so that providers can cache it. */
  readonly system: string
  readonly messages: readonly ModelMessage[]
  readonly tools?: readonly ModelTool[]
  /** Asks for one JSON value of this schema instead of text; it comes as `value` of the reply, parsed. */
  readonly answer?: JsonObject
  /** 0 where the provider offers it; absent: the provider's own. */
  readonly temperature?: number
  readonly maxOutputTokens: number
  /** Told of text as it arrives. */
  readonly onText?: (delta: string) => void
  /** What `onText` was told so far counts no more: the answer broke off, and begins anew. */
  readonly onAgain?: () => void
}

/** Asks the model of `images` for one picture. */
export interface DrawRequest extends PaidRequest {
  readonly wish: Wish
}

/** A cap that stops a call before it is made (`budget-exceeded`). */
export interface CostCap {
  /** As failures name it: `costPerDayMicros`, `task`. */
  readonly name: string
  readonly micros: number
  readonly over:
    | { taskId: string }
    | { runId: string }
    /** What its runs cost, and one rehearsal: making and mending it is not theirs otherwise. */
    | { workflowId: string; since: number; rehearsal?: string }
    | { since: number }
  /** When it starts anew (UTC ms); null for never. */
  readonly resetsAt: number | null
}

export interface Tokens {
  /** All that was sent, cached or not. */
  readonly input: number
  /** Of `input`, what the provider had cached. */
  readonly cached: number
  /** All that came back, reasoning included. */
  readonly output: number
  /** Of `output`, what was reasoning. */
  readonly reasoning: number
}

/** What one request to a provider cost. */
export interface Spent {
  readonly micros: number
  readonly tokens: Tokens
  /** The price or the count of tokens was not known and is an estimate. */
  readonly estimated: boolean
}

/** What every reply says beside what was asked for. */
export interface PaidReply extends Spent {
  readonly model: string
  /** What the caller has to record, where the request said so. */
  readonly unsettled?: CostEntry
}

export interface ModelReply extends PaidReply {
  readonly text: string
  readonly calls: readonly ModelCall[]
  /** To be given back with the message that this reply becomes. */
  readonly kept?: Kept
  /** Of `answer`, where one was asked for. */
  readonly value: Json
  /** length: cut off at `maxOutputTokens`. */
  readonly finish: 'stop' | 'calls' | 'length'
}

export interface DrawReply extends PaidReply {
  /** As they came: not looked at. At most `LARGEST_PICTURE`. */
  readonly bytes: Uint8Array
}

/** What one picture costs, in micro-dollars. */
export interface Quote {
  readonly about: number
  /** As is reserved for it. */
  readonly most: number
}

/** A reservation, and what it came to. */
export interface CostEntry extends Spent {
  readonly id: string
}

/** What a tool asks for a script. Which model it is, whose cost and what it may cost is not the tool's to say. */
export interface Question {
  readonly system: string
  readonly text: string
  /** The JSON Schema of the answer. */
  readonly answer: JsonObject
  readonly maxOutputTokens: number
}

/** Answers with one JSON value of the schema; fails as `Models` does. */
export type AskModel = (question: Question) => Promise<Json>

export interface ModelInfo {
  readonly connection: string
  readonly provider: string
  readonly model: string
  /** Where it is asked: two servers may serve models of one name. */
  readonly base: string
  readonly price?: ModelPrice
  /** Tokens it takes at once, what it answers included; absent where nobody knows. */
  readonly window?: number
}

/** In micro-dollars for a million tokens. */
export interface ModelPrice {
  readonly input: number
  readonly cachedInput: number
  readonly output: number
  /** It is not known what this very model costs. */
  readonly isEstimate: boolean
}

export interface Models {
  /** Which model serves a role now; null where none is connected: nothing is sent anywhere then. */
  serving(role: ModelRole): ModelInfo | null
  /** Throws a `FailureError`, or the signal's reason when it was aborted. */
  ask(request: ModelRequest): Promise<ModelReply>
  /** Fails as `ask` does. */
  draw(request: DrawRequest): Promise<DrawReply>
  /** What a picture costs now, or what is missing for one. Asks nobody. */
  quote(wish: Wish): Quote | Failure
}

/** In the detail of a failure: the model takes less at once than it was sent. */
export const TOO_LONG = { tooLong: true } as const

export function isTooLong(error: unknown): boolean {
  return (
    isFailureError(error) && isJsonObject(error.failure.detail) && error.failure.detail['tooLong'] === true
  )
}

const NONE: Failure = {
  kind: 'not-connected',
  setting: 'model',
  message: 'No model is connected. Nothing was sent. Connect one, then this goes on.',
  detail: { sent: 'no' },
}

/** Where nobody has connected one. */
export const NO_MODELS: Models = {
  serving: () => null,
  ask: () => Promise.reject(new FailureError(NONE)),
  draw: () => Promise.reject(new FailureError(NONE)),
  quote: () => NONE,
}
