/**
 * What a person said, taken into a plan: as the answer to what is asked, as a yes to what was shown, or as a further
 * wish. Pure; the one thing it may ask of its host is to make live what was confirmed.
 */
import type { ModelCall, ModelMessage } from '../../domain/model.ts'
import type { Draft, Open } from './draft.ts'
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

/** What was said, and the turn of the conversation that its person saw when they said it. */
export interface Saying {
  text: string
  turn: number
}

/** Of what is kept of a person's words, the last. */
const MOST_SAID = 60
const NO = /^\s*(?:no|nope|nein|nee)(?![\p{L}\p{N}])[\s,.:;!–-]*/iu

export function hear({ text, turn }: Saying, thread: readonly ModelMessage[], before: Draft): Heard {
  const draft = {
    ...before,
    language: languageOf(text) ?? before.language,
    expected: null,
    steps: 0,
    repeated: { call: '', times: 0 },
  }
  const left = unanswered(thread, draft)
  const { open } = draft
  const call = open === null ? undefined : left.find(({ id }) => id === open.callId)
  const closed = { ...draft, open: null }
  // What was said before a question was there does not answer it.
  if (open === null || call === undefined || open.turn !== turn) return further(text, left, closed)
  return replied(text, { draft: closed, open, call })
}

function replied(text: string, { draft, open, call }: { draft: Draft; open: Open; call: ModelCall }): Heard {
  if (open.about === 'connect' && saysConnected(text, open))
    return { draft: { ...draft, expected: open.looks?.accounts[0] ?? null }, messages: [], confirmed: null }
  if (open.about === 'model' || open.about === 'connect') return chosen(text, { draft, open, call })
  if (open.about === 'confirm') {
    if (isYes(text)) return { draft, messages: [], confirmed: call }
    return answered(
      withSaid(draft, withoutNo(text)),
      call,
      `The person did not confirm it, and said: ${text}`,
    )
  }
  if (isYes(text)) return { draft: allowed(draft, open), messages: [], confirmed: null }
  return answered(draft, call, `The person did not allow that, and said: ${text}`)
}

/** Not believed, but a reason to look: the call that needs it is made again. */
function saysConnected(text: string, { choices: [connected] }: Open): boolean {
  return isYes(text) || (connected !== undefined && [connected.value, connected.label].includes(text.trim()))
}

function chosen(text: string, { draft, open, call }: { draft: Draft; open: Open; call: ModelCall }): Heard {
  const choice = open.choices.find(({ value, label }) => [value, label].includes(text.trim()))
  if (choice === undefined) return answered(ownAnswer(draft, text), call, `The person answered: ${text}`)
  return answered(draft, call, `The person chose: ${choice.value} (${choice.label})`)
}

function allowed(draft: Draft, { about, looks }: Open): Draft {
  if (looks === null) return draft
  return about === 'look'
    ? { ...draft, looks: withLooks(draft.looks, looks) }
    : { ...draft, told: [...new Set([...draft.told, ...looks.hosts])] }
}

/** To a question of the model's: a no to it wants nothing of what it says. */
function ownAnswer(draft: Draft, text: string): Draft {
  return NO.test(text) ? draft : withSaid(draft, text)
}

/** A card is not wanted as it is: what else is said is how it is wanted. */
function withoutNo(text: string): string {
  return text.replace(NO, '')
}

/** Own words, typed freely: no choice that a model wrote, and no answer to whether something is allowed. */
function withSaid(draft: Draft, text: string): Draft {
  return { ...draft, said: [...draft.said, text].slice(-MOST_SAID) }
}

function answered(draft: Draft, { id, tool }: ModelCall, text: string): Heard {
  return {
    draft: { ...draft, answers: [...draft.answers, { callId: id, tool, text }] },
    messages: [],
    confirmed: null,
  }
}

/** Nothing was asked: what the model was at is put aside, and it hears what was said. */
function further(text: string, left: readonly ModelCall[], before: Draft): Heard {
  const draft = withSaid(before, text)
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
