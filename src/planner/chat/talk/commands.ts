/** What a person may say at any point instead of an answer, in English and German, slips of typing included. Pure. */
import { wordsOf } from '../../../domain/note-words.ts'
import { distance } from '../distance.ts'
import type { SetUpSlot } from '../entry.ts'

export type Command = 'yes' | 'no' | 'back' | 'cancel' | 'other' | 'change' | 'again' | 'empty'

const SAID: Readonly<Record<Command, string>> = {
  yes: 'yes|y|yeah|yep|ok|okay|sure|add|add it|do it|go ahead|confirm|confirmed|set it up|yes please|this one|ja|j|jo|klar|gern|gerne|hinzufugen|fuge es hinzu|mach das|passt|bestatigen|ubernehmen|ja bitte|einrichten',
  no: 'no|n|nope|no thanks|nein|ne|nein danke|nicht',
  back: 'back|go back|undo|previous|step back|zuruck|einen schritt zuruck|ruckgangig',
  cancel:
    'cancel|stop|abort|quit|exit|forget it|never mind|nevermind|abbrechen|abbruch|stopp|vergiss es|lass es|beenden|doch nicht',
  other:
    'something else|other|others|none|none of these|none of them|neither|different|something different|etwas anderes|was anderes|anderes|keins|keine|keins davon|keine davon|nichts davon|andere',
  change: 'change|change something|edit|adjust|correct|andern|etwas andern|anpassen|korrigieren|bearbeiten',
  again:
    'again|try again|retry|once more|repeat|nochmal|noch mal|noch einmal|erneut|wiederholen|erneut versuchen',
  empty: 'none|empty|skip|leave empty|nothing|keine|keins|leer|uberspringen|nichts|leer lassen',
}

/** Whether the text is this command and nothing else. */
export function isCommand(text: string, command: Command): boolean {
  const said = wordsOf(text).join(' ')
  return said !== '' && SAID[command].split('|').some(form => form === said || isSlip(form, said))
}

function isSlip(form: string, said: string): boolean {
  return form.length >= 5 && !form.includes(' ') && !said.includes(' ') && distance(form, said) === 1
}

/** `2`, `2.`, `#2`; null where the text is no number from 1 to `most`. */
export function numberIn(text: string, most: number): number | null {
  const [, digits] = /^\s*#?(\d{1,2})[.)]?\s*$/.exec(text) ?? []
  const number = Number(digits)
  return digits !== undefined && number >= 1 && number <= most ? number : null
}

/** `change the folder to ~/Music`, `Folder: ~/Music`: the slot, and its new text where one was said. */
export function correctionIn(
  text: string,
  slots: readonly Pick<SetUpSlot, 'name' | 'label'>[],
): { slot: string; text: string } | null {
  const named = slots.flatMap(({ name, label }) => [label, name].map(said => ({ name, said })))
  for (const { name, said } of named.toSorted((a, b) => b.said.length - a.said.length)) {
    const own = escaped(said)
    const verb = VERB.exec(text)?.[0] ?? ''
    const rest = text.slice(verb.length)
    const pattern =
      verb === '' ? `^${own}\\s*[:=]\\s*(.+)$` : `^${own}(?:\\s*(?:[:=]|to|auf|zu|in|as|is)\\s*(.+))?\\s*$`
    const match = new RegExp(pattern, 'isu').exec(rest.trim())
    if (match !== null) return { slot: name, text: match[1]?.trim() ?? '' }
  }
  return null
}

const VERB =
  /^\s*(?:please |bitte )?(?:change|set|make|correct|edit|use|ändere|änder|aendere|setze?|stelle?|korrigiere|nimm)(?:\s+(?:the|my|den|die|das))?\s+/iu

function escaped(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`)
}

/** `call it my-watch`; null where no name is said. */
export function nameIn(text: string): string | null {
  const [, name] =
    /^\s*(?:please |bitte )?(?:call it|name it|rename it to|name\s*[:=]|nenne? es|name\s+ist)\s*["“„]?([\p{L}\p{N}][\p{L}\p{N} _-]*)["“”]?\s*$/iu.exec(
      text,
    ) ?? []
  return name === undefined ? null : wordsOf(name).join('-').slice(0, 64)
}
