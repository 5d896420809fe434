/** English. */
import type { Texts } from './texts.ts'

export const english: Texts = {
  nothingFits: sentence => `Nothing ready-made fits “${sentence}”. Nothing was set up.`,
  thereIs: titles => `Ready-made are: ${titles.join(' · ')}.`,
  aModelWouldAdd:
    'What is not among them takes a model: with a model key, an automation could be written for a sentence of any kind. The ready-made ones need none.',
  sayIt: 'What should be kept done?',
  sayItOtherwise: 'What should be kept done, in other words?',
  fits: count =>
    count === 1 ? 'One ready-made automation fits.' : `${String(count)} ready-made automations fit.`,
  whichOne: count => (count === 1 ? 'Set this one up?' : 'Which one?'),
  noneLeft: 'Nothing else that is ready-made fits.',
  chosen: (title, promise) => `${title}: ${promise}`,
  refused: (label, text, problem) => `${label}: “${text}” ${problem}.`,
  keptUsual: (label, value) => `${label} stays ${value}.`,
  notTaken: (label, text, problem) => `${label}: “${text}” was not taken, because it ${problem}.`,
  notSure: (label, said) =>
    `${label}: ${quoted(said)} was not taken, because it is not certain what it means here.`,
  unheard: said => `Not taken: ${quoted(said)}.`,
  goOnWithout: said => `Nothing here takes ${quoted(said)}. Go on without it?`,
  leftEmpty: label => `${label} was left empty.`,
  changed: (label, value) => `${label} is now ${value}.`,
  named: name => `Its name is now ${name}.`,
  nameRefused: 'The name was not taken: it takes letters, digits and hyphens. It is called as before.',
  usualIs: value => `Usual: ${value}`,
  stillNeeded: label => `${label} cannot be left empty.`,
  isSoNow: value => `Now: ${value}`,
  wentBack: 'One step back.',
  nothingBefore: 'There was no step before this one.',
  cancelled: 'Cancelled. Nothing was set up.',
  whichSetting: 'Which setting should be another?',
  cannotBe: message => `It cannot be set up like this. ${message}`,
  summary: name => `“${name}” would do this and nothing else:`,
  playsNow: 'A dry run has begun: it reads for real and changes nothing.',
  stillPlays: 'The dry run has not ended yet.',
  dryRunEnded: (reads, changes) =>
    `The dry run came to its end. It read ${things(reads)} and would have changed ${changes === 0 ? 'nothing' : things(changes)}. Nothing was changed.`,
  playedWith: {
    'as-if-new':
      'It was played as if all that is there now had just come. Once live, that counts as known, and only what comes later starts it.',
    example: 'It was played with an example of what would be posted.',
    'by-hand': 'Nothing that would start it was found now, so it was played as if started by hand.',
  },
  wouldAsk: count => `It would have asked first ${times(count)}.`,
  wouldRefuse: count => `The contract would have refused ${things(count)}.`,
  wouldNotBeDone: 'As things are, it would not count as done:',
  dryRunFailed: message => `The dry run did not come to its end. ${message} Nothing was changed.`,
  dryRunStopped: 'The dry run was stopped before its end. Nothing was changed.',
  addIt: name => `Add “${name}”?`,
  addItAnyway: name => `Add “${name}” all the same?`,
  added: (name, title) => `Added “${name}”: ${title}.`,
  isNotNew: count =>
    `There ${count === 1 ? 'is one thing' : `are ${String(count)} things`} already; they count as known.`,
  countsAsNew: count =>
    `There ${count === 1 ? 'is one thing' : `are ${String(count)} things`} already; they count as new.`,
  noticesComeHere: 'What it tells appears in this chat.',
  addedBefore: name => `“${name}” had been added already. Nothing was added twice.`,
  belongsTo: name =>
    `Nothing was changed. This chat belongs to “${name}”. Another automation begins in another chat; changing this one by saying so takes a model key.`,
  notUnderstood: 'That was not understood. Nothing was changed.',
  gone: 'What was chosen is not in the gallery of this version any more. Nothing was set up.',
  notAdded: message => `It was not added. ${message}`,
  choices: {
    yes: 'Add it',
    without: 'Go on without it',
    anyway: 'Add it all the same',
    change: 'Change something',
    again: 'Try again',
    back: 'Back',
    cancel: 'Cancel',
    other: 'Something else',
    usual: 'As usual',
    empty: 'Leave empty',
    example: 'For example',
  },
  answers: {
    yes: 'yes',
    change: 'change',
    again: 'try again',
    back: 'back',
    cancel: 'cancel',
    other: 'something else',
    empty: 'leave empty',
  },
}

function quoted(said: readonly string[]): string {
  return said.map(text => `“${text}”`).join(', ')
}

function things(count: number): string {
  return count === 1 ? 'one thing' : `${String(count)} things`
}

function times(count: number): string {
  return count === 1 ? 'once' : `${String(count)} times`
}
