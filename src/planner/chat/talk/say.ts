/** What is said at each point of a conversation, from where it stands. Pure. */
import type { SetUpEntry, SetUpSlot } from '../entry.ts'
import { isNeeded } from '../entry.ts'
import type { Fit } from '../match.ts'
import { entryOf, valueOf } from './talk.ts'
import type { Choice, Draft, DryRun, Offer, Question, Said, Setting, Shelf, Talk } from './talk.ts'
import { playedWith, textsIn } from './texts.ts'

export function plain(text: string | readonly string[], question: Question | null = null): Said {
  const lines = typeof text === 'string' ? [text] : text
  return {
    text: lines.filter(line => line !== '').join('\n'),
    question,
    offers: [],
    settings: [],
    contract: [],
    dryRun: null,
  }
}

export function openQuestion(text: string): Question {
  return { text, example: null, choices: [] }
}

export function offerSaid(
  talk: Talk,
  shelf: Shelf,
  fits: readonly Fit[],
  before: readonly string[] = [],
): Said {
  const texts = textsIn(talk.language)
  const offers = talk.offers.flatMap(id => {
    const entry = shelf.entries(talk.language).find(found => found.id === id)
    return entry === undefined ? [] : [offerOf(entry, fits)]
  })
  return { ...plain([...before, texts.fits(offers.length)], offerQuestion(talk, offers)), offers }
}

function offerOf({ id, title, promise }: SetUpEntry, fits: readonly Fit[]): Offer {
  return { id, title, promise, words: fits.find(fit => fit.id === id)?.why.words ?? [] }
}

function offerQuestion({ language }: Talk, offers: readonly Offer[]): Question {
  const texts = textsIn(language)
  const choices = [
    ...offers.map(({ title }, place) => ({ value: String(place + 1), label: title })),
    choice(language, 'other'),
    choice(language, 'cancel'),
  ]
  return { text: texts.whichOne(offers.length), example: null, choices }
}

function choice(
  language: Talk['language'],
  which: 'back' | 'cancel' | 'other' | 'change' | 'again' | 'yes' | 'empty',
): Choice {
  const texts = textsIn(language)
  return { value: texts.answers[which], label: texts.choices[which] }
}

export function slotSaid(talk: Talk, entry: SetUpEntry, slot: SetUpSlot, before: readonly string[]): Said {
  const question = slotQuestion(talk, slot)
  return { ...plain(before, question), settings: settingsOf(talk, entry) }
}

/** What nothing here takes; whether to go on without it. */
export function doubtSaid(talk: Talk, entry: SetUpEntry, before: readonly string[]): Said {
  const texts = textsIn(talk.language)
  const said = talk.doubts.flatMap(doubt => doubt.said)
  const choices = [
    { value: texts.answers.yes, label: texts.choices.without },
    choice(talk.language, 'change'),
    choice(talk.language, 'other'),
    choice(talk.language, 'back'),
    choice(talk.language, 'cancel'),
  ]
  const question = { text: texts.goOnWithout(said), example: null, choices }
  return { ...plain(before, question), settings: settingsOf(talk, entry) }
}

/** What was said and not taken, by name. */
export function doubtLines(
  { language }: Talk,
  entry: SetUpEntry,
  doubts: Talk['doubts'],
  unheard: readonly string[],
): string[] {
  const texts = textsIn(language)
  const label = (name: string) => entry.slots.find(slot => slot.name === name)?.label ?? name
  const lines = doubts.flatMap(({ slot, said, problem }) => {
    if (slot === null || said.length === 0) return []
    return [
      problem === null
        ? texts.notSure(label(slot), said)
        : texts.notTaken(label(slot), said.join(', '), problem),
    ]
  })
  return unheard.length === 0 ? lines : [...lines, texts.unheard(unheard)]
}

function slotQuestion(talk: Talk, slot: SetUpSlot): Question {
  const texts = textsIn(talk.language)
  const now = talk.given.find(({ slot: name }) => name === slot.name)?.text
  const notes = [
    ...(now === undefined ? [] : [texts.isSoNow(shownAs(slot, now))]),
    ...(slot.default === null || slot.default === now ? [] : [texts.usualIs(shownAs(slot, slot.default))]),
  ]
  const meant = talk.doubts.flatMap(doubt => (doubt.slot === slot.name ? doubt.choices : []))
  const choices = [
    ...slot.choices.map(({ value, label }) => ({ value, label })),
    ...(slot.choices.length > 0 ? [] : meant.map(value => ({ value, label: value }))),
    ...(slot.default === null || slot.choices.length > 0
      ? []
      : [{ value: slot.default, label: `${texts.choices.usual}: ${slot.default}` }]),
    ...(slot.required ? [] : [choice(talk.language, 'empty')]),
    choice(talk.language, 'back'),
    choice(talk.language, 'cancel'),
  ]
  return { text: [slot.question, ...notes].join(' '), example: slot.example, choices }
}

/** A choice goes by its label. */
function shownAs({ choices }: SetUpSlot, text: string): string {
  return choices.find(({ value }) => value === text)?.label ?? text
}

export function settingsOf(talk: Talk, entry: SetUpEntry): Setting[] {
  return entry.slots.flatMap((slot): Setting[] => {
    const own = { slot: slot.name, label: slot.label }
    const given = talk.given.find(({ slot: name }) => name === slot.name)
    if (given !== undefined) return [{ ...own, value: given.text, from: given.from }]
    const usual = valueOf(talk, slot)
    if (usual !== null) return [{ ...own, value: usual, from: 'usual' }]
    return isNeeded(slot) ? [] : [{ ...own, value: '', from: 'empty' }]
  })
}

export function changeSaid(talk: Talk, entry: SetUpEntry, before: readonly string[] = []): Said {
  const texts = textsIn(talk.language)
  const choices = [
    ...entry.slots.map(({ label }, place) => ({ value: String(place + 1), label })),
    choice(talk.language, 'back'),
    choice(talk.language, 'cancel'),
  ]
  const said = plain(before, { text: texts.whichSetting, example: null, choices })
  return { ...said, settings: settingsOf(talk, entry) }
}

export function playingSaid(
  talk: Talk,
  entry: SetUpEntry,
  draft: Draft & { ok: true },
  before: readonly string[],
): Said {
  const texts = textsIn(talk.language)
  const said = plain([...before, texts.summary(draft.name), draft.promise, texts.playsNow])
  return { ...said, settings: settingsOf(talk, entry), contract: draft.contract }
}

export function confirmSaid(talk: Talk, name: string, dryRun: DryRun): Said {
  return {
    ...plain(dryRunLines(talk, dryRun), confirmQuestion(talk, name, dryRun.state !== 'returned')),
    dryRun,
  }
}

function dryRunLines(talk: Talk, { state, given, counts, missed, failure }: DryRun): string[] {
  const texts = textsIn(talk.language)
  if (state === 'stopped') return [texts.dryRunStopped]
  if (state === 'failed') return [texts.dryRunFailed(failure ?? '')]
  return [
    texts.dryRunEnded(counts.reads, counts.changes),
    ...playedWith(talk.language, given),
    counts.asks === 0 ? '' : texts.wouldAsk(counts.asks),
    counts.refused === 0 ? '' : texts.wouldRefuse(counts.refused),
    ...(missed.length === 0 ? [] : [texts.wouldNotBeDone, ...missed]),
  ]
}

export function confirmQuestion(talk: Talk, name: string, anyway = false): Question {
  const texts = textsIn(talk.language)
  const yes = { value: texts.answers.yes, label: anyway ? texts.choices.anyway : texts.choices.yes }
  const first = anyway ? [choice(talk.language, 'again'), yes] : [yes]
  return {
    text: anyway ? texts.addItAnyway(name) : texts.addIt(name),
    example: null,
    choices: [
      ...first,
      choice(talk.language, 'change'),
      choice(talk.language, 'back'),
      choice(talk.language, 'cancel'),
    ],
  }
}

export function nothingSaid(talk: Talk, shelf: Shelf): Said {
  const texts = textsIn(talk.language)
  const titles = shelf.entries(talk.language).map(({ title }) => title)
  const lines = [texts.nothingFits(talk.sentence), texts.thereIs(titles), texts.aModelWouldAdd]
  return plain(lines, openQuestion(texts.sayItOtherwise))
}

/** The question that is open is asked once more. */
export function againSaid(talk: Talk, shelf: Shelf, before: readonly string[]): Said {
  if (talk.stage === 'choosing') return offerSaid(talk, shelf, [], before)
  if (talk.stage === 'listening' || talk.stage === 'cancelled') {
    return plain(before, openQuestion(textsIn(talk.language).sayIt))
  }
  const entry = entryOf(talk, shelf)
  return entry === undefined ? plain(before) : askedAgain(talk, entry, shelf, before)
}

function askedAgain(talk: Talk, entry: SetUpEntry, shelf: Shelf, before: readonly string[]): Said {
  if (talk.stage === 'changing') return changeSaid(talk, entry, before)
  const slot = entry.slots.find(({ name }) => name === talk.open)
  if (talk.stage === 'asking') {
    return slot === undefined ? doubtSaid(talk, entry, before) : slotSaid(talk, entry, slot, before)
  }
  const draft = talk.stage === 'confirming' ? shelf.draft(talk) : null
  return plain(before, draft?.ok === true ? confirmQuestion(talk, draft.name) : null)
}
