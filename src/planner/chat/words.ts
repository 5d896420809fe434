/**
 * Sentences as words to compare: folded, without endings, without the words that every sentence has. English and
 * German share one stemmer, since people mix them; it only has to treat both sides of a comparison alike. Pure.
 */
import { placedWords } from '../../domain/note-words.ts'

export interface Word {
  stem: string
  /** As it was written. */
  text: string
  at: number
}

const ENDINGS = ['ungen', 'ings', 'ung', 'ing', 'est', 'en', 'es', 'ed', 'em', 'e', 's', 'n', 't']
const SHORTEST_STEM = 4

/** `word` is folded: lower case, without accents. */
export function stemOf(word: string): string {
  let stem = word.replaceAll(/([aou])e/g, '$1')
  for (;;) {
    const ending = ENDINGS.find(end => stem.endsWith(end) && stem.length - end.length >= SHORTEST_STEM)
    if (ending === undefined) return stem
    stem = stem.slice(0, -ending.length)
  }
}

/** Every word that says something, in order. */
export function contentWords(text: string): Word[] {
  return placedWords(text).flatMap(({ word, at }) => {
    const isSaying = word.length > 1 && !STOP_WORDS.has(word) && !/^\d+$/.test(word)
    return isSaying ? [{ stem: stemOf(word), text: wordAt(text, at), at }] : []
  })
}

export function stemsOf(text: string): string[] {
  return contentWords(text).map(({ stem }) => stem)
}

function wordAt(text: string, at: number): string {
  return /^[\p{L}\p{N}\p{M}]+/u.exec(text.slice(at))?.[0] ?? ''
}

export type Language = 'en' | 'de'

const ENGLISH =
  'a about above all also am an and any anything are as at be been before below but by can could did do does doing each ever every for from get gets getting give go goes going had has have he her here him his how i if im in into is it its just keep keeps kept know let like look looks make makes me might mine more most my need needs new no not now of off on once one only or other our out over own please put s say says set she should show so some something soon tell tells than that the their them then there these they thing things this those to too under until up us use want wants was way we were what when whenever where whether which while who whose why will with without send sends show many much how still already anything nothing would yes you your'
const GERMAN =
  'ab aber alle allem allen aller alles als also am an andere auch auf aus bei beim bekomme bekommen bin bis bist bitte da dann darin darauf das dass dazu dein deine dem den denn der des die dies diese diesem diesen dieser dieses doch dort du durch ein eine einem einen einer eines er es etwas euch fur gerade gib gibt habe haben hat hatte hier hin ich ihm ihn ihr im immer in ins ist ja jede jedem jeden jeder jedes jetzt kann kein keine konnen konnte lass machen mach macht man mehr mein meine meinem meinen meiner mich mir mit mochte muss nach neu neue neuem neuen neuer neues nicht nie noch nun nur ob oder ohne sag sage sagen schau schaue sein seine seinem seinen seiner selbst sich sie sind so sobald soll sollen steht uber um und uns unser unsere unter vom von vor wann war was weil wenn wer werde werden wie will wir wird wissen wo wurde zu zum zur schick schicke sende zeig zeige viel viele'
const STOP_WORDS = new Set(`${ENGLISH} ${GERMAN}`.split(' '))

/** Words of one language that the other does not have. */
const ONLY_GERMAN = new Set(
  GERMAN.split(' ').filter(word => !ENGLISH.split(' ').includes(word) && !['am', 'an', 'in'].includes(word)),
)
const ONLY_ENGLISH = new Set(ENGLISH.split(' ').filter(word => !GERMAN.split(' ').includes(word)))
const GERMAN_WORD =
  /^(abbrechen|zuruck|nein|uhr|minuten|stunden?|taglich|stundlich|wochentlich|ordner|webseiten?|seiten?|preise?|dateien|aufraumen|sortiere|melde|benachrichtige|prufe|bescheid|morgens|abends|bilder|termine|sichere|finde|doppelte)$/
const ENGLISH_WORD =
  /^(watch|monitor|notify|alert|changes?|page|website|folder|files?|price|cancel|back|check|remind|sort|tidy|daily|hourly|morning|photos|find|duplicates?|backup)$/

/** What a sentence is in; null where its words do not say. */
export function languageOf(text: string): Language | null {
  let balance = /[äöüß]/i.test(text) ? 2 : 0
  for (const { word } of placedWords(text)) {
    if (ONLY_GERMAN.has(word) || GERMAN_WORD.test(word)) balance++
    if (ONLY_ENGLISH.has(word) || ENGLISH_WORD.test(word)) balance--
  }
  if (balance === 0) return null
  return balance > 0 ? 'de' : 'en'
}
