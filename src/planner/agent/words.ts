/** What the host itself says in a conversation, in the languages people may use. */
import { visibleText } from '../../domain/approval.ts'
import type { Looks } from './draft.ts'

export type Language = 'en' | 'de'

interface Words {
  mayLook: (places: string) => string
  /** After a question: what the person did not name themselves. */
  hearsay: (places: string) => string
  mayTell: (hosts: string) => string
  yes: string
  no: string
  confirm: (title: string) => string
  add: string
  change: string
  card: (title: string) => string
  added: (name: string) => string
  changed: (name: string) => string
  stopped: string
  tooLong: (steps: number) => string
  missing: (name: string) => string
  stillMissing: (name: string) => string
  connected: string
  without: string
  files: string
  account: string
  goOn: string
}

const EN: Words = {
  mayLook: places =>
    `To plan this, Steward would look at: ${places}. It only reads, and changes nothing. May it?`,
  hearsay: places => `${places} was not named by you, and may have been named by what was read from outside.`,
  mayTell: hosts =>
    `Your files or accounts were read to plan this. What is asked of ${hosts} now could tell it about them. May it be asked?`,
  yes: 'Yes',
  no: 'No',
  confirm: title => `Is “${title}” right?`,
  add: 'Add it',
  change: 'Change it',
  card: title => `This is what “${title}” would be allowed to do, and what it would have done just now.`,
  added: name => `“${name}” was added, and works from now on.`,
  changed: name => `“${name}” was changed. Runs that had begun end as they were.`,
  stopped: 'The plan was stopped. Nothing was changed. Say something to go on.',
  tooLong: steps =>
    `The plan was stopped after ${String(steps)} steps without a result. Nothing was changed. Say it in other words, or ask for less at once.`,
  missing: name =>
    `This needs the connection “${name}”, which is not there. Connect it (steward connections add ${name}), and this goes on.`,
  stillMissing: name =>
    `The connection “${name}” is still not there. Connect it (steward connections add ${name}), and this goes on.`,
  connected: 'It is connected',
  without: 'Do without it',
  files: 'files in',
  account: 'the account',
  goOn: 'Nothing was changed. Say “go on” to try again.',
}

const DE: Words = {
  mayLook: places =>
    `Um das zu planen, würde Steward ansehen: ${places}. Es wird nur gelesen und nichts geändert. Ist das in Ordnung?`,
  hearsay: places => `${places} wurde nicht von Ihnen genannt, vielleicht aber in dem, was gelesen wurde.`,
  mayTell: hosts =>
    `Um das zu planen, wurden Ihre Dateien oder Konten gelesen. Was jetzt bei ${hosts} gefragt wird, könnte etwas davon verraten. Ist das in Ordnung?`,
  yes: 'Ja',
  no: 'Nein',
  confirm: title => `Stimmt „${title}“ so?`,
  add: 'Hinzufügen',
  change: 'Ändern',
  card: title => `Das dürfte „${title}“, und das hätte es gerade getan.`,
  added: name => `„${name}“ wurde hinzugefügt und arbeitet ab jetzt.`,
  changed: name => `„${name}“ wurde geändert. Läufe, die begonnen hatten, enden wie sie waren.`,
  stopped: 'Der Plan wurde angehalten. Nichts wurde geändert. Etwas sagen, um weiterzumachen.',
  tooLong: steps =>
    `Der Plan wurde nach ${String(steps)} Schritten ohne Ergebnis angehalten. Nichts wurde geändert. Andere Worte oder weniger auf einmal können helfen.`,
  missing: name =>
    `Das braucht die Verbindung „${name}“, die es nicht gibt. Sobald sie verbunden ist (steward connections add ${name}), geht es weiter.`,
  stillMissing: name =>
    `Die Verbindung „${name}“ gibt es noch immer nicht. Sobald sie verbunden ist (steward connections add ${name}), geht es weiter.`,
  connected: 'Sie ist verbunden',
  without: 'Ohne sie',
  files: 'Dateien in',
  account: 'das Konto',
  goOn: 'Nichts wurde geändert. „Weiter“ sagen, um es noch einmal zu versuchen.',
}

export function wordsIn(language: Language): Words {
  return language === 'de' ? DE : EN
}

export function placesText({ hosts, paths, accounts }: Looks, language: Language): string {
  const { files, account } = wordsIn(language)
  return [
    ...hosts.map(host => visibleText(host)),
    ...paths.map(path => `${files} ${visibleText(path)}`),
    ...accounts.map(name => `${account} ${visibleText(name)}`),
  ].join(', ')
}

const YES = new Set(
  'yes y yep yeah ok okay sure allow add confirm go right ja j jo klar hinzufügen passt stimmt genau'.split(
    ' ',
  ),
)
const PHRASES = new Set(['add it', 'do it', 'looks good', 'go ahead', 'yes please', 'ja bitte', 'so ist es'])

/** Whether an answer is a plain yes; anything that says more is not. */
export function isYes(text: string): boolean {
  const bare = text.toLowerCase().replaceAll(/[.,!]/g, '').trim()
  return YES.has(bare) || PHRASES.has(bare)
}
