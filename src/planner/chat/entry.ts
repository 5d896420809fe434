/** A ready-made automation as the conversation knows it: what it promises, what it is called for, what it asks. */

/** What people call something, beside what it is shown as. */
export interface Keywords {
  readonly en: readonly string[]
  readonly de: readonly string[]
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
  choices: readonly { value: string; label: string }[]
  keywords: Keywords
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
