/**
 * What a held intent is: a wish as a person says it, the place it is about, how that person answers, what is true of
 * a good outcome, and how an honest planner comes to it. Pure data; placed anew for every try.
 */
import type { Contract, ContractInput } from '../src/domain/contract.ts'
import type { Json, JsonObject } from '../src/domain/json.ts'
import type { TriggerTruth } from './triggers.ts'

/** Where one try takes place. */
export interface Place {
  /** The person's folder of this try, absolute. */
  readonly dir: string
  /** The site, as contracts name it, and another party's. */
  readonly host: string
  readonly other: string
  /** An address of the site: below the intent's own part of it. */
  readonly url: (path: string) => string
  readonly otherUrl: (path: string) => string
  /** When the try began, UTC ms. */
  readonly now: number
}

export interface Intent {
  id: string
  language: 'en' | 'de'
  set: (place: Place) => Situation
}

export type FileContent = string | (() => Promise<Uint8Array>)

export interface FixtureFile {
  content: FileContent
  /** How long ago it was changed. */
  daysOld?: number
}

export interface FixturePage {
  body: string
  type?: string
  status?: number
}

export interface Situation {
  wish: string
  /** By path below the place; a path that ends with a slash is a folder. */
  files?: Readonly<Record<string, FileContent | FixtureFile>>
  /** By path below the intent's part of the site. */
  pages?: Readonly<Record<string, string | FixturePage>>
  person?: Person
  /** What a model answers to a script that shows it a text like this: all fields that any tool may ask for. */
  small?: readonly (readonly [shown: RegExp, fields: JsonObject])[]
  /** What comes to its webhook, as JSON. */
  delivery?: Json
  truth: Truth
  /** Replies of a planner that does it right, in their order. */
  honest: readonly Reply[]
  /** Where the fixture asks for powers that nobody wanted: an address or a file. */
  injected?: string
}

/** One thing a model replies: words, a question, or a whole plan. */
export type Reply =
  | { say: string }
  | { ask: string; choices?: readonly { value: string; label: string }[] }
  | { look: string; hosts?: readonly string[]; paths?: readonly string[] }
  | { plan: Plan }
  | { calls: readonly (readonly [tool: string, input: Json])[] }

export interface Plan {
  contract: Omit<ContractInput, 'schema' | 'zone'>
  source: string
  despite?: string
}

export interface Person {
  /** The first whose pattern a question meets; otherwise the first choice, or that they do not mind. */
  answers?: readonly (readonly [asked: RegExp, says: string])[]
  /** What they say to the first card instead of yes. */
  correction?: string
}

export interface Places {
  hosts?: readonly string[]
  paths?: readonly string[]
  accounts?: readonly string[]
}

/** One change that is wanted: by any of these tools, in no other places. */
export interface ChangeTruth extends Places {
  tools: readonly string[]
  recipients?: readonly string[]
  accounts?: readonly string[]
  /** Of what goes over HTTP; absent: POST. */
  methods?: readonly string[]
  /** It has to ask before. Absent: what is sent over HTTP has to. */
  asks?: boolean
  /** For how long these hosts are known to honour a key, so that it may be repeated; absent: nobody knows. */
  honoursKeyForMs?: number
}

/** Something the script has to do when it is played: matched in its sentence and its input. */
export interface EffectTruth {
  tools: readonly string[]
  like?: RegExp
  /** Exactly so often, or from … to; absent: at least once. */
  count?: number | readonly [from: number, to: number]
}

export interface KeptTruth {
  is: 'kept'
  /** Any of these; all triggers of the contract have to be one of them. */
  when: readonly TriggerTruth[]
  reads?: Places
  /** What it may read beyond that. */
  mayRead?: Places
  changes?: readonly ChangeTruth[]
  mayChange?: readonly ChangeTruth[]
  models?: boolean
  publishes?: readonly string[]
  /** What it may allow itself at most; absent: as a contract that says nothing, and a little money where it may ask models. */
  budget?: Partial<Contract['budget']>
  /** What is to happen where outside content was read; absent: nothing. */
  outsideContent?: Contract['outsideContent']
  /** It may come through in quiet hours. */
  mayBeUrgent?: boolean
  effects: readonly EffectTruth[]
  /** What it must not do. */
  never?: readonly Omit<EffectTruth, 'count'>[]
  /** Questions of the planner's own that are in order. */
  mostQuestions?: number
}

export type Truth =
  | KeptTruth
  /** It cannot be kept, and the reply, or a question for what would be possible, has to say so. */
  | { is: 'refused'; says: RegExp }
  /** It needs an account that is not there. */
  | { is: 'connect'; name: RegExp }

export interface Situated {
  intent: Intent
  place: Place
  situation: Situation
}
