/**
 * One message further: where a conversation stands after it, what is said, and what the host has to do. At most one
 * question is open at a time, and nothing is set up before the last one was answered with yes. Pure but for the shelf,
 * which may look at the disk.
 */
import type { SetUpEntry } from '../entry.ts'
import { isNeeded } from '../entry.ts'
import { prefill, unquoted } from '../fill-slots.ts'
import { factsIn } from '../facts/facts.ts'
import { EntryIndex } from '../match.ts'
import { languageOf } from '../words.ts'
import { answerSlot, setSlot } from './answer-slot.ts'
import { isCommand, correctionIn, nameIn, numberIn } from './commands.ts'
import { proceed } from './proceed.ts'
import {
  againSaid,
  changeSaid,
  confirmSaid,
  doubtLines,
  nothingSaid,
  offerSaid,
  openQuestion,
  plain,
  slotSaid,
} from './say.ts'
import { entryOf, NEW_TALK, withGiven, withoutDoubts } from './talk.ts'
import type { DryRun, Shelf, Talk, Turn } from './talk.ts'
import { textsIn } from './texts.ts'

export function turn(talk: Talk, message: string, shelf: Shelf): Turn {
  const text = message.trim()
  switch (talk.stage) {
    case 'listening':
    case 'cancelled':
      return listen(talk, text, shelf)
    case 'choosing':
      return choose(talk, text, shelf)
    case 'asking':
      return withEntry(talk, shelf, entry => ask(talk, entry, text, shelf))
    case 'changing':
      return withEntry(talk, shelf, entry => change(talk, entry, text, shelf))
    case 'rehearsing':
      return withEntry(talk, shelf, entry => interrupt(talk, entry, text, shelf))
    case 'confirming':
      return withEntry(talk, shelf, entry => confirm(talk, entry, text, shelf))
    case 'added':
      return added(talk, text, shelf)
  }
}

/** The dry run has ended: it is shown, and adding is asked for. */
export function afterDryRun(talk: Talk, dryRun: DryRun, shelf: Shelf): Turn {
  return withEntry(talk, shelf, () => {
    const draft = shelf.draft(talk)
    const next: Talk = { ...talk, stage: 'confirming' }
    return { talk: next, said: confirmSaid(next, draft.ok ? draft.name : '', dryRun), effect: 'none' }
  })
}

/** What was shown is not what would be added any more: it is shown, and played, anew. */
export function showAnew(talk: Talk, shelf: Shelf): Turn {
  return withEntry(talk, shelf, entry => proceed(talk, entry, shelf, []))
}

/** What was added: what starts it, in words, and what of it is there already. */
export interface Beginning {
  title: string
  when: readonly string[]
  watched: readonly { existing: 'skip' | 'process' | 'known'; count: number | null }[]
}

export function afterInstall(talk: Talk, name: string, { title, when, watched }: Beginning): Turn {
  const texts = textsIn(talk.language)
  const lines = [
    texts.added(name, title),
    ...when,
    ...watched.flatMap(({ existing, count }) =>
      count === null ? [] : [existing === 'process' ? texts.countsAsNew(count) : texts.isNotNew(count)],
    ),
    texts.noticesComeHere,
  ]
  const next: Talk = { ...talk, stage: 'added', name, open: null }
  return { talk: next, said: plain(lines), effect: 'none' }
}

/** What the host refused; the question stays open. */
export function afterRefusal(talk: Talk, message: string, shelf: Shelf): Turn {
  return { talk, said: againSaid(talk, shelf, [textsIn(talk.language).notAdded(message)]), effect: 'none' }
}

function listen(talk: Talk, text: string, shelf: Shelf): Turn {
  const language = languageOf(text) ?? talk.language
  if (isCommand(text, 'cancel') || isCommand(text, 'back') || isCommand(text, 'no')) {
    return cancel({ ...talk, language })
  }
  return offer({ ...NEW_TALK, language, sentence: text }, shelf)
}

/** The entries that fit and were not refused; nothing is set up before one is chosen. */
function offer(talk: Talk, shelf: Shelf): Turn {
  const entries = shelf.entries().filter(({ id }) => !talk.refused.includes(id))
  const fits = new EntryIndex(entries).fits(talk.sentence)
  if (fits.length === 0) {
    const texts = textsIn(talk.language)
    const said =
      talk.refused.length === 0
        ? nothingSaid(talk, shelf)
        : plain([texts.noneLeft, texts.aModelWouldAdd], openQuestion(texts.sayItOtherwise))
    return { talk: { ...talk, stage: 'listening', offers: [], doubts: [] }, said, effect: 'none' }
  }
  const offers = fits.map(({ id }) => id)
  const next: Talk = { ...talk, stage: 'choosing', offers, doubts: [], entry: null, open: null }
  return { talk: next, said: offerSaid(next, shelf, fits), effect: 'none' }
}

function choose(talk: Talk, text: string, shelf: Shelf): Turn {
  const chosen = chosenIn(talk, text, shelf)
  if (chosen !== undefined) return begin(talk, chosen, shelf)
  if (isCommand(text, 'other') || isCommand(text, 'no')) {
    return offer({ ...talk, refused: [...talk.refused, ...talk.offers] }, shelf)
  }
  if (isCommand(text, 'cancel')) return cancel(talk)
  if (isCommand(text, 'back')) return back(talk, shelf)
  // More about the same thing, such as how often; or something else altogether.
  const entries = shelf.entries()
  if (new EntryIndex(entries).fits(text).length === 0 && factsIn(text).length > 0) {
    return offer({ ...talk, sentence: `${talk.sentence} ${text}` }, shelf)
  }
  return listen(talk, text, shelf)
}

function chosenIn({ offers, language }: Talk, text: string, shelf: Shelf): SetUpEntry | undefined {
  const number = numberIn(text, offers.length)
  const said = text.toLowerCase()
  const entries = offers.flatMap(id => shelf.entries(language).filter(entry => entry.id === id))
  if (number !== null) return entries[number - 1]
  // A title is one in whichever language it was read.
  const titled = shelf.entries().find(({ title }) => title.toLowerCase() === said)?.id
  const named = entries.find(({ id, title }) => [id, title.toLowerCase()].includes(said) || id === titled)
  return named ?? (entries.length === 1 && isCommand(text, 'yes') ? entries[0] : undefined)
}

function begin(talk: Talk, entry: SetUpEntry, shelf: Shelf): Turn {
  const { filled, doubts, unheard } = prefill(entry, talk.sentence, (slot, text) => shelf.judge(slot, text))
  const texts = textsIn(talk.language)
  const notes = doubtLines(talk, entry, doubts, unheard)
  const next: Talk = {
    ...talk,
    entry: entry.id,
    given: filled.map(one => ({ ...one, from: 'sentence' as const })),
    doubts,
    asked: [],
    open: null,
    name: null,
    hash: null,
  }
  return proceed(next, entry, shelf, [texts.chosen(entry.title, entry.promise), ...notes])
}

function ask(talk: Talk, entry: SetUpEntry, text: string, shelf: Shelf): Turn {
  const slot = entry.slots.find(({ name }) => name === talk.open)
  if (slot === undefined) return askedWhether(talk, entry, text, shelf)
  if (unquoted(text) !== text) return answerSlot(talk, entry, slot, text, shelf)
  const texts = textsIn(talk.language)
  if (isCommand(text, 'empty') && slot.choices.length === 0) {
    if (isNeeded(slot) || slot.required) {
      return { talk, said: slotSaid(talk, entry, slot, [texts.stillNeeded(slot.label)]), effect: 'none' }
    }
    const given = talk.given.filter(({ slot: name }) => name !== slot.name)
    const sure = withoutDoubts(talk, new Set([slot.name]))
    const next: Talk = { ...sure, given, asked: [...talk.asked, slot.name], open: null, hash: null }
    return proceed(next, entry, shelf, [texts.leftEmpty(slot.label)])
  }
  const correction = correctionIn(text, entry.slots)
  if (correction !== null && correction.slot !== slot.name) return correct(talk, entry, correction, shelf)
  const isOwn = slot.choices.some(({ value }) => value.toLowerCase() === text.toLowerCase())
  const step = isOwn ? null : command(talk, text, shelf)
  return step ?? answerSlot(talk, entry, slot, correction === null ? text : correction.text, shelf)
}

/** Whether to go on without what nothing here takes. */
function askedWhether(talk: Talk, entry: SetUpEntry, text: string, shelf: Shelf): Turn {
  if (isCommand(text, 'yes')) return proceed(withoutDoubts(talk, new Set([null])), entry, shelf, [])
  if (isCommand(text, 'no')) return offer({ ...talk, refused: [...talk.refused, entry.id] }, shelf)
  const step = edit(talk, entry, text, shelf) ?? command(talk, text, shelf)
  return (
    step ?? { talk, said: againSaid(talk, shelf, [textsIn(talk.language).notUnderstood]), effect: 'none' }
  )
}

function change(talk: Talk, entry: SetUpEntry, text: string, shelf: Shelf): Turn {
  const number = numberIn(text, entry.slots.length)
  const slot = number === null ? undefined : entry.slots[number - 1]
  const said = text.toLowerCase()
  const named =
    slot ?? entry.slots.find(({ name, label }) => name.toLowerCase() === said || label.toLowerCase() === said)
  if (named !== undefined) return reopen(talk, entry, named.name)
  return (
    edit(talk, entry, text, shelf) ??
    command(talk, text, shelf) ?? {
      talk,
      said: changeSaid(talk, entry, [textsIn(talk.language).notUnderstood]),
      effect: 'none',
    }
  )
}

function reopen(talk: Talk, entry: SetUpEntry, name: string, before: readonly string[] = []): Turn {
  const slot = entry.slots.find(found => found.name === name)
  if (slot === undefined) return { talk, said: changeSaid(talk, entry, before), effect: 'none' }
  const next: Talk = { ...talk, stage: 'asking', open: name, hash: null }
  return { talk: next, said: slotSaid(next, entry, slot, before), effect: 'none' }
}

/** While the dry run plays, it can be taken back or changed; agreeing has to wait for what it shows. */
function interrupt(talk: Talk, entry: SetUpEntry, text: string, shelf: Shelf): Turn {
  const step = edit(talk, entry, text, shelf) ?? command(talk, text, shelf)
  return step ?? { talk, said: plain(textsIn(talk.language).stillPlays), effect: 'none' }
}

function confirm(talk: Talk, entry: SetUpEntry, text: string, shelf: Shelf): Turn {
  if (isCommand(text, 'yes')) return { talk, said: plain(''), effect: 'install' }
  if (isCommand(text, 'again')) return proceed(talk, entry, shelf, [])
  if (isCommand(text, 'no')) return cancel(talk)
  const step = edit(talk, entry, text, shelf) ?? command(talk, text, shelf)
  return (
    step ?? {
      talk,
      said: againSaid(talk, shelf, [textsIn(talk.language).notUnderstood]),
      effect: 'none',
    }
  )
}

/** “Folder: ~/Music”, “call it x”, “every 30 minutes instead”; null where nothing of the kind was said. */
function edit(talk: Talk, entry: SetUpEntry, text: string, shelf: Shelf): Turn | null {
  if (isCommand(text, 'change')) {
    const next: Talk = { ...talk, stage: 'changing', open: null, hash: null }
    return { talk: next, said: changeSaid(next, entry), effect: 'none' }
  }
  const correction = correctionIn(text, entry.slots)
  if (correction !== null) return correct(talk, entry, correction, shelf)
  const name = nameIn(text)
  if (name !== null) return rename(talk, entry, name, shelf)
  const { filled, doubts, unheard } = prefill(entry, text, (slot, value) => shelf.judge(slot, value))
  if (filled.length === 0 && doubts.every(({ slot }) => slot === null)) return null
  const texts = textsIn(talk.language)
  const label = (slot: string) => entry.slots.find(found => found.name === slot)?.label ?? slot
  const notes = [
    ...filled.map(one => texts.changed(label(one.slot), one.text)),
    ...doubtLines(talk, entry, doubts, unheard),
  ]
  const next = withGiven(
    talk,
    filled.map(one => ({ ...one, from: 'answer' as const })),
  )
  return proceed({ ...next, doubts: [...next.doubts, ...doubts] }, entry, shelf, notes)
}

function correct(
  talk: Talk,
  entry: SetUpEntry,
  correction: { slot: string; text: string },
  shelf: Shelf,
): Turn {
  if (correction.text === '') return reopen(talk, entry, correction.slot)
  const slot = entry.slots.find(({ name }) => name === correction.slot)
  return slot === undefined ? reopen(talk, entry, '') : setSlot(talk, entry, slot, correction.text, shelf)
}

function rename(talk: Talk, entry: SetUpEntry, name: string, shelf: Shelf): Turn {
  const texts = textsIn(talk.language)
  const next: Talk = { ...talk, name, hash: null }
  const draft = shelf.draft(next)
  if (!draft.ok && draft.slot === 'name') return proceed(talk, entry, shelf, [texts.nameRefused])
  return proceed(next, entry, shelf, [texts.named(name)])
}

/** What may be said at any point; null where the text is none of it. */
function command(talk: Talk, text: string, shelf: Shelf): Turn | null {
  if (isCommand(text, 'cancel')) return cancel(talk)
  if (isCommand(text, 'back')) return back(talk, shelf)
  if (!isCommand(text, 'other')) return null
  const { entry } = talk
  return offer({ ...talk, refused: entry === null ? talk.refused : [...talk.refused, entry] }, shelf)
}

function back(talk: Talk, shelf: Shelf): Turn {
  const texts = textsIn(talk.language)
  const entry = entryOf(talk, shelf)
  if (talk.stage === 'choosing' || entry === undefined) {
    const said = plain(texts.wentBack, openQuestion(texts.sayIt))
    return { talk: { ...NEW_TALK, language: talk.language }, said, effect: 'none' }
  }
  const last = talk.asked.at(-1)
  if (last === undefined) {
    return offer({ ...talk, entry: null, given: [], name: null, hash: null }, shelf)
  }
  return reopen({ ...talk, asked: talk.asked.slice(0, -1) }, entry, last, [texts.wentBack])
}

function cancel(talk: Talk): Turn {
  const texts = textsIn(talk.language)
  const next: Talk = { ...NEW_TALK, language: talk.language, stage: 'cancelled' }
  return { talk: next, said: plain(texts.cancelled), effect: 'none' }
}

function added(talk: Talk, text: string, shelf: Shelf): Turn {
  const texts = textsIn(talk.language)
  const name = talk.name ?? entryOf(talk, shelf)?.title ?? ''
  const said = isCommand(text, 'yes') ? texts.addedBefore(name) : texts.belongsTo(name)
  return { talk, said: plain(said), effect: 'none' }
}

/** The gallery of a later version may lack what was chosen in an earlier one. */
function withEntry(talk: Talk, shelf: Shelf, then: (entry: SetUpEntry) => Turn): Turn {
  const entry = entryOf(talk, shelf)
  if (entry !== undefined) return then(entry)
  const texts = textsIn(talk.language)
  const next: Talk = { ...NEW_TALK, language: talk.language }
  return { talk: next, said: plain(texts.gone, openQuestion(texts.sayIt)), effect: 'none' }
}
