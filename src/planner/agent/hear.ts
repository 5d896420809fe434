/**
 * What a person said, taken into a plan: as the answer to what is asked, as a yes to what was shown, or as a further
 * wish. Pure; the one thing it may ask of its host is to make live what was confirmed.
 */
import type { ModelCall, ModelMessage } from '../../domain/model.ts'
import type { Draft } from './draft.ts'
import { languageOf } from '../chat/words.ts'
import { withLooks } from './looks.ts'
import { unanswered } from './next.ts'
import { isYes } from './words.ts'

export interface Heard {
  draft: Draft
  /** What the thread gets, in this order. */
  messages: ModelMessage[]
  /** What was shown was confirmed: it is to be added, and then this call is answered. */
  confirmed: ModelCall | null
}

export function hear(text: string, thread: readonly ModelMessage[], before: Draft): Heard {
  const draft = {
    ...before,
    language: languageOf(text) ?? before.language,
    steps: 0,
    repeated: { call: '', times: 0 },
  }
  const left = unanswered(thread, draft)
  const { open } = draft
  const call = open === null ? undefined : left.find(({ id }) => id === open.callId)
  if (open === null || call === undefined) return further(text, left, { ...draft, open: null })
  const closed = { ...draft, open: null }
  if (open.about === 'confirm') {
    if (isYes(text)) return { draft: closed, messages: [], confirmed: call }
    return answered(closed, call, `The person did not confirm it, and said: ${text}`)
  }
  if (open.about === 'look') {
    if (isYes(text) && open.looks !== null)
      return {
        draft: { ...closed, looks: withLooks(closed.looks, open.looks) },
        messages: [],
        confirmed: null,
      }
    return answered(closed, call, `The person did not allow that, and said: ${text}`)
  }
  return answered(closed, call, `The person answered: ${labelled(open.choices, text)}`)
}

function answered(draft: Draft, { id, tool }: ModelCall, text: string): Heard {
  return {
    draft: { ...draft, answers: [...draft.answers, { callId: id, tool, text }] },
    messages: [],
    confirmed: null,
  }
}

/** Nothing was asked: what the model was at is put aside, and it hears what was said. */
function further(text: string, left: readonly ModelCall[], draft: Draft): Heard {
  const said: ModelMessage = { from: 'user', text }
  if (left.length === 0 && draft.answers.length === 0) return { draft, messages: [said], confirmed: null }
  const aside = left.map(({ id, tool }) => ({
    callId: id,
    tool,
    text: 'It was not done: the person said something else.',
  }))
  const answers: ModelMessage = { from: 'tools', answers: [...draft.answers, ...aside] }
  return { draft: { ...draft, answers: [] }, messages: [answers, said], confirmed: null }
}

function labelled(choices: readonly { value: string; label: string }[], text: string): string {
  const chosen = choices.find(({ value }) => value === text.trim())
  return chosen === undefined || chosen.label === text ? text : `${text} (${chosen.label})`
}
