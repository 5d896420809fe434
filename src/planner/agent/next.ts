/** What has to be done next on a task: a pure function of its thread and its draft. */
import type { ModelCall, ModelMessage } from '../../domain/model.ts'
import type { Draft } from './draft.ts'

export type Next =
  /** The model wants something: it is looked up, computed, simulated, or asked. */
  | { is: 'call'; call: ModelCall }
  /** All that it wanted is there: it becomes one message. */
  | { is: 'answers' }
  /** A person has to say something. */
  | { is: 'wait' }
  | { is: 'ask-model' }
  /** The model has said all it had to say. */
  | { is: 'tell'; text: string }

export function nextStep(thread: readonly ModelMessage[], draft: Draft): Next {
  const last = thread.at(-1)
  if (last?.from !== 'model') return last === undefined ? { is: 'wait' } : { is: 'ask-model' }
  if (last.calls.length === 0) return { is: 'tell', text: last.text }
  const answered = new Set(draft.answers.map(({ callId }) => callId))
  const call = last.calls.find(({ id }) => !answered.has(id))
  if (call === undefined) return { is: 'answers' }
  return draft.open === null ? { is: 'call', call } : { is: 'wait' }
}

/** The calls of the last message that nobody has answered. */
export function unanswered(thread: readonly ModelMessage[], draft: Draft): readonly ModelCall[] {
  const last = thread.at(-1)
  if (last?.from !== 'model') return []
  const answered = new Set(draft.answers.map(({ callId }) => callId))
  return last.calls.filter(({ id }) => !answered.has(id))
}
