/** What a plan says to its person: text, the open question, and the card that may be confirmed. */
import { contractText } from '../../../domain/contract-text.ts'
import { contractDiff } from '../../../domain/contract-diff.ts'
import type { ClauseChange } from '../../../domain/contract-diff.ts'
import type { Contract } from '../../../domain/contract.ts'
import { parseContract } from '../../../domain/contract-check.ts'
import { isJsonObject, sha256Hex } from '../../../domain/json.ts'
import type { Json } from '../../../domain/json.ts'
import { draftSchema } from '../../../planner/agent/draft.ts'
import type { Draft, Open } from '../../../planner/agent/draft.ts'
import { wordsIn } from '../../../planner/agent/words.ts'
import type { Said } from '../../../planner/chat/talk/talk.ts'
import { playedWith } from '../../../planner/chat/talk/texts.ts'
import { draftOf } from '../../store/tasks.ts'
import type { TaskRow } from '../../store/tasks.ts'
import type { Store } from '../../store/store.ts'

/** As a conversation without a model says it, and what only a plan has to say. */
export interface PlanSaid extends Said {
  /** What the model says it assumed. */
  assumptions: string[]
  /** What the host made of the contract. */
  notes: string[]
  /** What the model says of what the dry run missed. */
  despite: string | null
  /** What the contract says differently from the one that is live, what it grants more first; empty for a new one. */
  changes: ClauseChange[]
  /** The script behind the card, to be looked at and not edited. */
  script: { hash: string; source: string } | null
  /** Ids of runs that it speaks of. */
  runs: string[]
}

export const NOTHING_SAID: PlanSaid = {
  text: '',
  question: null,
  offers: [],
  settings: [],
  contract: [],
  dryRun: null,
  assumptions: [],
  notes: [],
  despite: null,
  changes: [],
  script: null,
  runs: [],
}

const RUN_ID = /\brun_[0-9a-hjkmnp-tv-z]{26}\b/g

export function readDraft(store: Store, task: TaskRow): Draft {
  return draftSchema.parse(draftOf(store, task))
}

/** What is asked; null also where its draft cannot be read any more. */
export function openIn(store: Store, task: TaskRow): Draft['open'] {
  return draftSchema.safeParse(draftOf(store, task)).data?.open ?? null
}

/** Also of a task whose draft cannot be read any more. */
export function wordsOf(store: Store, task: TaskRow) {
  const read = draftSchema.safeParse(draftOf(store, task))
  return wordsIn(read.data?.language ?? 'en')
}

/** The draft as it is, but that nothing is asked any more. */
export function withoutQuestion(store: Store, task: TaskRow): Json {
  const draft = draftOf(store, task)
  return isJsonObject(draft) ? { ...draft, open: null } : draft
}

export function stoppedSaid(words: ReturnType<typeof wordsIn>): Json {
  return textSaid(words.stopped)
}

export function textSaid(text: string): Json {
  return asJson({ ...NOTHING_SAID, text, runs: [...new Set(text.match(RUN_ID) ?? [])] })
}

export function questionSaid(
  draft: Draft,
  open: Omit<Open, 'callId' | 'turn'>,
  before: Contract | null,
): Json {
  const question = { text: open.text, example: open.example, choices: open.choices }
  if (open.about !== 'confirm') return asJson({ ...NOTHING_SAID, text: '', question })
  const read = parseContract(draft.contract)
  const { source, assumptions, notes, despite } = draft
  return asJson({
    ...NOTHING_SAID,
    text: [
      wordsIn(draft.language).card(read.ok ? read.contract.title : ''),
      ...playedWith(draft.language, draft.rehearsed?.dryRun.given ?? 'own'),
    ].join(' '),
    question,
    contract: read.ok ? contractText(read.contract, draft.language) : [],
    dryRun: draft.rehearsed?.dryRun ?? null,
    assumptions,
    notes,
    despite,
    changes: before !== null && read.ok ? contractDiff(before, read.contract) : [],
    script: source === null ? null : { hash: sha256Hex(source), source },
  })
}

function asJson(said: PlanSaid): Json {
  return JSON.parse(JSON.stringify({ from: 'steward', ...said })) as Json
}
