/** What the conversation says in its own words, in the language of the sentence. House style: `docs/02`. */
import type { Language } from '../words.ts'
import { english } from './texts-en.ts'
import { german } from './texts-de.ts'
import type { PlayedWith } from './stages.ts'

export interface Texts {
  nothingFits(sentence: string): string
  /** What is ready-made, by title. */
  thereIs(titles: readonly string[]): string
  aModelWouldAdd: string
  sayIt: string
  sayItOtherwise: string
  fits(count: number): string
  whichOne(count: number): string
  noneLeft: string
  chosen(title: string, promise: string): string
  refused(label: string, text: string, problem: string): string
  keptUsual(label: string, value: string): string
  notTaken(label: string, text: string, problem: string): string
  /** What was said for a setting, and may mean several things or none that it takes. */
  notSure(label: string, said: readonly string[]): string
  unheard(said: readonly string[]): string
  goOnWithout(said: readonly string[]): string
  leftEmpty(label: string): string
  changed(label: string, value: string): string
  named(name: string): string
  nameRefused: string
  usualIs(value: string): string
  stillNeeded(label: string): string
  isSoNow(value: string): string
  wentBack: string
  nothingBefore: string
  cancelled: string
  whichSetting: string
  cannotBe(message: string): string
  summary(name: string): string
  playsNow: string
  stillPlays: string
  dryRunEnded(reads: number, changes: number): string
  /** What it was played with, where that is not what will start it. */
  playedWith: Record<Exclude<PlayedWith, 'own'>, string>
  wouldAsk(count: number): string
  wouldRefuse(count: number): string
  wouldNotBeDone: string
  dryRunFailed(message: string): string
  dryRunStopped: string
  addIt(name: string): string
  addItAnyway(name: string): string
  added(name: string, title: string): string
  isNotNew(count: number): string
  countsAsNew(count: number): string
  noticesComeHere: string
  addedBefore(name: string): string
  belongsTo(name: string): string
  notUnderstood: string
  gone: string
  notAdded(message: string): string
  choices: Record<
    | 'yes'
    | 'without'
    | 'anyway'
    | 'change'
    | 'again'
    | 'back'
    | 'cancel'
    | 'other'
    | 'usual'
    | 'empty'
    | 'example',
    string
  >
  answers: Record<'yes' | 'change' | 'again' | 'back' | 'cancel' | 'other' | 'empty', string>
}

export function textsIn(language: Language): Texts {
  return language === 'de' ? german : english
}

/** Nothing where the script was played with what will start it. */
export function playedWith(language: Language, given: PlayedWith): string[] {
  return given === 'own' ? [] : [textsIn(language).playedWith[given]]
}
