/** The gallery as a conversation sees it: entries with their words, slots that judge, and what a filled entry would be. */
import os from 'node:os'
import { contractText } from '../../../domain/contract-text.ts'
import { isFailureError } from '../../../domain/failure.ts'
import { hashJson } from '../../../domain/json.ts'
import type { Language } from '../../../domain/language.ts'
import type { SetUpEntry, SetUpSlot } from '../../../planner/chat/entry.ts'
import type { Draft, Shelf, Talk } from '../../../planner/chat/talk/talk.ts'
import { fillGallery, readGallery, shownSlot } from '../gallery.ts'
import type { FilledEntry, GalleryOptions } from '../gallery.ts'
import type { Entry, Slot } from '../gallery/format.ts'
import { readSlot } from '../gallery/slots.ts'
import { checkedContract } from '../install.ts'

const NO_WORDS = { en: [], de: [] }
const MOST_NAMES = 100
const LONGEST_NAME = 64

/** `isTaken`: whether an automation is called so. */
export function openShelf(options: GalleryOptions, isTaken: (name: string) => boolean): Shelf {
  const slots = new Map<SetUpSlot, Slot>()
  const read = (language: Language) =>
    readGallery({ ...options, language }).map(entry => entryOf(entry, slots))
  const english = read('en')
  let german: SetUpEntry[] | null = null
  const home = options.home ?? os.homedir()
  return {
    entries: language => (language === 'de' ? (german ??= read('de')) : english),
    judge: (shown, text) => {
      const slot = slots.get(shown)
      if (slot === undefined) throw new Error(`the slot ${shown.name} is not on this shelf`)
      const answer = readSlot(slot, text, home)
      return answer.ok ? null : answer.problem
    },
    draft: talk => draftOf(talk, options, isTaken),
  }
}

/** What the talk fills in, under a name that is free; fails with what is wrong with it. */
export function fillTalk(
  talk: Talk,
  options: GalleryOptions,
  isTaken: (name: string) => boolean,
): FilledEntry {
  const slots = Object.fromEntries(talk.given.map(({ slot, text }) => [slot, text]))
  const filled = fillGallery(talk.entry ?? '', slots, talk.name ?? undefined, {
    ...options,
    language: talk.language,
  })
  return talk.name === null ? { ...filled, name: freeName(filled.name, isTaken) } : filled
}

/** Tells one thing that was shown from any other: its script, and each clause. */
export function identityOf({ source, contract }: FilledEntry): string {
  return hashJson([source, contract])
}

function draftOf(talk: Talk, options: GalleryOptions, isTaken: (name: string) => boolean): Draft {
  try {
    const filled = fillTalk(talk, options, isTaken)
    if (talk.name !== null && isTaken(filled.name)) {
      return { ok: false, slot: 'name', message: takenWords(filled.name, talk.language) }
    }
    const contract = checkedContract(filled.contract, 'installed')
    const { title, promise } = contract
    return {
      ok: true,
      name: filled.name,
      title,
      promise,
      contract: contractText(contract, talk.language),
      hash: identityOf(filled),
    }
  } catch (error) {
    if (!isFailureError(error)) throw error
    const { failure } = error
    const slot = failure.kind === 'invalid-input' ? (failure.path ?? null) : null
    return { ok: false, slot, message: failure.message }
  }
}

function takenWords(name: string, language: Language): string {
  return language === 'de'
    ? `Eine andere Automation heißt „${name}“.`
    : `There is another automation “${name}”.`
}

/** `watch-example-com`, `watch-example-com-2`, … */
function freeName(name: string, isTaken: (name: string) => boolean): string {
  for (let number = 1; number <= MOST_NAMES; number++) {
    const end = number === 1 ? '' : `-${String(number)}`
    const free = `${name.slice(0, LONGEST_NAME - end.length)}${end}`
    if (!isTaken(free)) return free
  }
  return name
}

function entryOf(entry: Entry, slots: Map<SetUpSlot, Slot>): SetUpEntry {
  const { id, title, promise, keywords } = entry
  const shown = entry.slots.map(slot => {
    const made = slotOf(slot)
    slots.set(made, slot)
    return made
  })
  return { id, title, promise, keywords: keywords ?? NO_WORDS, slots: shown }
}

function slotOf(slot: Slot): SetUpSlot {
  const choices = slot.kind === 'choice' ? slot.choices : []
  return {
    ...shownSlot(slot),
    keywords: slot.keywords ?? NO_WORDS,
    choices: choices.map(({ value, label, keywords, when, than }) => ({
      value,
      label,
      keywords: keywords ?? NO_WORDS,
      when: when ?? null,
      than: than ?? null,
    })),
    unit: slot.kind === 'number' ? (slot.unit ?? null) : null,
    than: slot.kind === 'number' ? (slot.than ?? null) : null,
    goesWith: slot.kind === 'choice' ? (slot.goesWith ?? null) : null,
  }
}
