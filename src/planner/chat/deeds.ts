/**
 * What people want done that most automations do not do: whoever asks for one of these is not served by an entry that
 * does not know the word, however much else it has in common with the sentence. English and German. Pure.
 */
import { wordPattern } from './facts/pattern.ts'
import { stemsOf } from './words.ts'

interface Deed {
  said: RegExp
  /** An entry with one of these words does it. */
  known: ReadonlySet<string>
  /** Only of such things, where it does. */
  of: RegExp | null
}

function deed(said: string, known = '', of: RegExp | null = null): Deed {
  return { said: wordPattern(said), known: new Set(stemsOf(known)), of }
}

const DEEDS: readonly Deed[] = [
  deed(
    'delete|deletes|remove|erase|wipe|get rid of|throw away|lösche|löschen|lösch|entferne|entfernen|wirf|wegwerfen',
    'duplicates',
    /dupl|dopp|dubl|twice|copies|kopien|identi|same/i,
  ),
  deed(
    'convert|transform|turn (?:my|the|all|every|these|it|them)|transcode|konvertiere|konvertieren|wandle|wandeln|umwandeln',
  ),
  deed('upload|sync|synchroni[sz]e|synchronisiere|hochladen|lade .{1,60} hoch', 'upload sync'),
  deed('download (?:my|the|a|an)(?! folder)|lade .{1,60} herunter', 'export'),
  deed(
    '(?:send|e-?mail|forward|mail|text) (?!me|us|it|a notice|notices|one|that|what)(?:.{1,60} )?(?:to )?(?:my|the|our|his|her|grandma|mum|dad|everyone|customers)',
  ),
  deed(
    '(?:schicke?|sende|maile|leite) (?!mir|uns|es|das|mich)(?:mein\\p{L}*|unser\\p{L}*|dem|der|den|allen)',
  ),
  deed('(?:e-?mail|message|text) (?:my|him|her|them|everyone)'),
  deed('pay|purchase|buy|book|zahle|bezahle|überweise|kaufe?|buche?|bestelle?n?|order (?:me|us|some|more)'),
  deed('print|prints|drucke?|ausdrucken'),
  deed('translate|übersetze?n?'),
  deed('(?:reply|respond|answer) (?:to|my|all)|beantworte?n?|antworte auf'),
  deed('remind|wake me|erinnere?|wecke?'),
  deed('turn (?:off|on)|switch (?:off|on)|shut .{0,30}down|reboot|schalte|fahre? .{1,30} herunter'),
  deed('unsubscribe|cancel my|abbestelle?n?|kündige?n?'),
  deed('format my|formatiere?n?'),
  deed('play|spiele?'),
]

/** Whether something is asked for that an entry with these words does not do. */
export function lacksDeed(sentence: string, own: ReadonlySet<string>): boolean {
  return DEEDS.some(({ said, known, of }) => {
    said.lastIndex = 0
    if (!said.test(sentence)) return false
    return ![...known].some(stem => own.has(stem)) || of?.test(sentence) === false
  })
}
