/** What a sentence names that a slot could take: where it stands, and its value in the form that slots read. */

interface Place {
  /** In the sentence: from here… */
  from: number
  /** …to before here. */
  to: number
  /** As it was written. */
  said: string
  /** What stands right before it, folded: `to`, `older than`. */
  lead: string
  /** Said to be left out: “but not ~/Music”. */
  negated: boolean
}

/** `size`: of files, `number` in bytes. `nth`: a day of the month, or which of several. */
export type Unit = 'money' | 'percent' | 'size' | 'nth'

export type Fact = Place &
  (
    | { kind: 'address'; url: string; feed: boolean }
    /** The first of these that is there: folders of a person's own go by several names. `written`: as a path. */
    | { kind: 'path'; candidates: readonly string[]; written: boolean }
    /** HH:MM. `exact`: a clock time, not “in the morning”. `open`: nothing next to it says which half of the day. */
    | { kind: 'time'; time: string; exact: boolean; open: boolean }
    /** Of a calendar's months, each counts as thirty days. */
    | { kind: 'interval'; minutes: number }
    | { kind: 'duration'; minutes: number }
    /** 0 is Sunday. `some`: only some of them, as in “every other Monday”. */
    | { kind: 'days'; days: readonly number[]; some: boolean }
    /** As slots of kind number take it. `near` is what stands before and after it, folded. */
    | { kind: 'number'; number: string; unit: Unit | null; than: 'less' | 'more' | null; near: string }
    | { kind: 'quoted'; text: string }
    | { kind: 'topic'; words: readonly string[] }
    | { kind: 'rules'; rules: string }
    /** What is not wanted. */
    | { kind: 'not'; cue: string; words: readonly string[] }
  )

export type FactOf<K extends Fact['kind']> = Extract<Fact, { kind: K }>

type FoundByFacts = 'lead' | 'said' | 'negated'

/** Without its place: what a reader of facts finds, between `from` and `to`. */
export type Found<F extends Fact = Fact> = F extends Fact ? Omit<F, FoundByFacts> : never
