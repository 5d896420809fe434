/** A ready-made automation as the conversation knows it: what it promises, what it is called for, what it asks. */

/** What people call something, beside what it is shown as. */
export interface Keywords {
  readonly en: readonly string[]
  readonly de: readonly string[]
}

export interface SetUpChoice {
  value: string
  label: string
  /** Phrases that mean this choice and no other, in a sentence where nothing was asked. */
  keywords: Keywords
  /** The rhythm it stands for, as a sentence may say it. */
  when: { every: 'day' | 'week' | 'month'; days?: readonly number[] | undefined } | null
  /** Meant where less, or more, was said of the amount it goes with. */
  than: 'less' | 'more' | null
}

export interface SetUpSlot {
  name: string
  label: string
  /** Asked as it stands. */
  question: string
  kind: string
  /** What it takes, in words. */
  takes: string
  example: string
  default: string | null
  required: boolean
  choices: readonly SetUpChoice[]
  keywords: Keywords
  /** Of a number: what it counts. */
  unit: 'money' | 'gb' | 'kb' | null
  /** Of a number: from where on something is done. */
  than: 'less' | 'more' | null
  /** Where that slot was given, this one has to be said and does not stand as usual. */
  goesWith: string | null
}

export interface SetUpEntry {
  id: string
  title: string
  promise: string
  keywords: Keywords
  slots: readonly SetUpSlot[]
}

/** Nothing else stands for what a person has to say. */
export function isNeeded(slot: SetUpSlot): boolean {
  return slot.required && slot.default === null
}
