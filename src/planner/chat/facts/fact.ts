/** What a sentence names that a slot could take: where it stands, and its value in the form that slots read. */

interface Place {
  /** In the sentence: from here… */
  from: number
  /** …to before here. */
  to: number
  /** What stands right before it, folded: `to`, `older than`. */
  lead: string
}

export type Fact = Place &
  (
    | { kind: 'address'; url: string }
    /** The first of these that is there: folders of a person's own go by several names. */
    | { kind: 'path'; candidates: readonly string[] }
    /** HH:MM. `exact`: a clock time, not “in the morning”. */
    | { kind: 'time'; time: string; exact: boolean }
    | { kind: 'interval'; minutes: number }
    | { kind: 'duration'; minutes: number }
    /** 0 is Sunday. */
    | { kind: 'days'; days: readonly number[] }
    /** As slots of kind number take it. `after` is what comes next, folded. */
    | { kind: 'number'; number: string; unit: 'money' | 'percent' | null; after: string }
    | { kind: 'quoted'; text: string }
    | { kind: 'topic'; words: readonly string[] }
    | { kind: 'rules'; rules: string }
  )

export type FactOf<K extends Fact['kind']> = Extract<Fact, { kind: K }>

/** Without its place: what a reader of facts finds, between `from` and `to`. */
export type Found<F extends Fact = Fact> = F extends Fact ? Omit<F, 'lead'> : never
