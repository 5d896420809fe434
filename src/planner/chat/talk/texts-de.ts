/** German. */
import { problemInGerman } from './problems-de.ts'
import type { Texts } from './texts.ts'

export const german: Texts = {
  nothingFits: sentence => `Nichts Fertiges passt zu „${sentence}“. Es wurde nichts eingerichtet.`,
  thereIs: titles => `Fertig gibt es: ${titles.join(' · ')}.`,
  aModelWouldAdd:
    'Für alles andere braucht es ein Modell: Mit einem Modellschlüssel ließe sich eine Automation zu jedem Satz schreiben. Die fertigen brauchen keinen.',
  sayIt: 'Was soll erledigt werden?',
  sayItOtherwise: 'Was soll erledigt werden, in anderen Worten?',
  fits: count =>
    count === 1 ? 'Eine fertige Automation passt.' : `${String(count)} fertige Automationen passen.`,
  whichOne: count => (count === 1 ? 'Diese einrichten?' : 'Welche?'),
  noneLeft: 'Sonst passt nichts Fertiges.',
  chosen: (title, promise) => `${title}: ${promise}`,
  refused: (label, text, problem) => `${label}: „${text}“ ${problemInGerman(problem)}.`,
  keptUsual: (label, value) => `${label} bleibt ${value}.`,
  notTaken: (label, text, problem) =>
    `${label}: „${text}“ wurde nicht übernommen: Das ${problemInGerman(problem)}.`,
  notSure: (label, said) =>
    `${label}: ${quoted(said)} wurde nicht übernommen, weil nicht sicher ist, was es hier heißt.`,
  unheard: said => `Nicht übernommen: ${quoted(said)}.`,
  goOnWithout: said => `Nichts hier nimmt ${quoted(said)} auf. Ohne das weitermachen?`,
  leftEmpty: label => `${label} blieb leer.`,
  changed: (label, value) => `${label} ist jetzt ${value}.`,
  named: name => `Der Name ist jetzt ${name}.`,
  nameRefused:
    'Der Name wurde nicht übernommen: Er besteht aus Buchstaben, Ziffern und Bindestrichen. Es bleibt beim alten.',
  usualIs: value => `Üblich: ${value}`,
  stillNeeded: label => `${label} kann nicht leer bleiben.`,
  isSoNow: value => `Jetzt: ${value}`,
  wentBack: 'Einen Schritt zurück.',
  nothingBefore: 'Davor gab es keinen Schritt.',
  cancelled: 'Abgebrochen. Es wurde nichts eingerichtet.',
  whichSetting: 'Welche Einstellung soll anders sein?',
  cannotBe: message => `So lässt es sich nicht einrichten. ${message}`,
  summary: name => `„${name}“ würde dies tun und sonst nichts:`,
  playsNow: 'Ein Probelauf hat begonnen: Er liest wirklich und ändert nichts.',
  stillPlays: 'Der Probelauf ist noch nicht zu Ende.',
  dryRunEnded: (reads, changes) =>
    `Der Probelauf kam ans Ende. Gelesen: ${String(reads)}. Geändert hätte er: ${changes === 0 ? 'nichts' : String(changes)}. Geändert wurde nichts.`,
  playedWith: {
    'as-if-new':
      'Dabei galt alles, was jetzt da ist, als eben gekommen. Im Betrieb gilt es als bekannt, und nur was später kommt, löst etwas aus.',
    example: 'Dabei galt ein Beispiel dessen, was geschickt würde.',
    'by-hand':
      'Dabei fand sich nichts, was jetzt etwas auslösen würde; darum lief alles wie von Hand gestartet.',
  },
  wouldAsk: count => `Vorher gefragt hätte er: ${String(count)}-mal.`,
  wouldRefuse: count => `Vom Vertrag verweigert worden wäre: ${String(count)}.`,
  wouldNotBeDone: 'So, wie es jetzt steht, gälte es nicht als erledigt:',
  dryRunFailed: message => `Der Probelauf kam nicht ans Ende. ${message} Geändert wurde nichts.`,
  dryRunStopped: 'Der Probelauf wurde vor dem Ende angehalten. Geändert wurde nichts.',
  addIt: name => `„${name}“ hinzufügen?`,
  addItAnyway: name => `„${name}“ trotzdem hinzufügen?`,
  added: (name, title) => `„${name}“ wurde hinzugefügt: ${title}.`,
  isNotNew: count => `Schon da: ${String(count)}. Das gilt als bekannt.`,
  countsAsNew: count => `Schon da: ${String(count)}. Das gilt als neu.`,
  noticesComeHere: 'Was es meldet, steht in diesem Chat.',
  addedBefore: name => `„${name}“ war schon hinzugefügt. Nichts wurde doppelt hinzugefügt.`,
  belongsTo: name =>
    `Es wurde nichts geändert. Dieser Chat gehört zu „${name}“. Eine andere Automation beginnt in einem anderen Chat; sie mit Worten zu ändern, braucht einen Modellschlüssel.`,
  notUnderstood: 'Das wurde nicht verstanden. Es wurde nichts geändert.',
  gone: 'Das Gewählte gibt es in der Galerie dieser Version nicht mehr. Es wurde nichts eingerichtet.',
  notAdded: message => `Es wurde nicht hinzugefügt. ${message}`,
  choices: {
    yes: 'Hinzufügen',
    without: 'Ohne das weitermachen',
    anyway: 'Trotzdem hinzufügen',
    change: 'Etwas ändern',
    again: 'Noch einmal versuchen',
    back: 'Zurück',
    cancel: 'Abbrechen',
    other: 'Etwas anderes',
    usual: 'Wie üblich',
    empty: 'Leer lassen',
    example: 'Zum Beispiel',
  },
  answers: {
    yes: 'ja',
    change: 'ändern',
    again: 'noch einmal',
    back: 'zurück',
    cancel: 'abbrechen',
    other: 'etwas anderes',
    empty: 'leer lassen',
  },
}

function quoted(said: readonly string[]): string {
  return said.map(text => `„${text}“`).join(', ')
}
