/**
 * Names of files, as text: which may be created, which two names one disk could take for the same, how a name is
 * shown to people, and simple wildcards. Pure.
 */
const MAX_NAME_BYTES = 255
const PLAIN = /^[\x20-\x7e]*$/
const RESERVED = /^(con|prn|aux|nul|conin\$|conout\$|com[0-9¹²³]|lpt[0-9¹²³])(\.|$)/i
const INVISIBLE = /[\p{Cc}\p{Zl}\p{Zp}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]/u
const ESCAPED_IN_DISPLAY = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Co}\p{Cs}⟨]/gu

/** Names that Steward uses itself inside granted folders: unfinished files and its trash. */
export const OWN_PREFIX = '.steward-'
export const TRASH_FOLDER = '.steward-trash'

/** What is wrong with a name that is to be created, as the end of a sentence; null where nothing is. */
export function newNameProblem(name: string, platform: NodeJS.Platform = process.platform): string | null {
  if (Buffer.byteLength(name) > MAX_NAME_BYTES) return `is longer than ${MAX_NAME_BYTES} bytes`
  if (!name.isWellFormed()) return 'contains half a character'
  if (INVISIBLE.test(name)) return 'contains a control or direction character'
  if (/[:\\]/.test(name)) return 'contains a colon or backslash, which means something else on other systems'
  if (platform === 'win32' && /[<>"|?*]/.test(name)) return 'contains a character that Windows does not allow'
  if (/[. ]$/.test(name)) return 'ends with a dot or a space, which other systems drop'
  if (RESERVED.test(name)) return 'is a device on Windows'
  if (name.toLowerCase().startsWith(OWN_PREFIX))
    return `starts with “${OWN_PREFIX}”, which Steward keeps for itself`
  return null
}

/** One text for all spellings of a name that some disk takes for the same file: case and Unicode forms. */
export function foldName(name: string): string {
  if (PLAIN.test(name)) return name.toLowerCase()
  return Array.from(name.normalize('NFC'), foldCharacter).join('').normalize('NFC')
}

/** By way of upper case, so that both sigmas and the long s meet; a character that becomes two stays itself. */
function foldCharacter(character: string): string {
  const upper = character.toUpperCase()
  return (Array.from(upper).length === 1 ? upper : character).toLowerCase()
}

/** Another spelling that folds to the same, to ask a folder whether it tells the two apart; null without one. */
export function otherSpelling(name: string): string | null {
  const spellings = [name.toUpperCase(), name.toLowerCase(), name.normalize('NFD'), name.normalize('NFC')]
  return spellings.find(spelling => spelling !== name && foldName(spelling) === foldName(name)) ?? null
}

/** A text from a file system as people may see it: what is invisible or reorders text is spelled out. */
export function displayText(text: string): string {
  return text.replace(ESCAPED_IN_DISPLAY, character => {
    const code = character.codePointAt(0) ?? 0
    return `⟨U+${code.toString(16).toUpperCase().padStart(4, '0')}⟩`
  })
}

/** `a.tar.gz`, 2 → `a.tar (2).gz`: the name a further file of that name gets. */
export function numberedName(name: string, number: number): string {
  const dot = name.lastIndexOf('.')
  const end = dot > 0 ? dot : name.length
  return `${name.slice(0, end)} (${number})${name.slice(end)}`
}

/** `*` any run of characters, `?` any one; spelling and case as in `foldName`. Takes at most |pattern| × |name| steps. */
export function matchesWildcard(pattern: string, name: string): boolean {
  const want = Array.from(foldName(pattern))
  const have = Array.from(foldName(name))
  let at = 0
  let star = -1
  let resume = 0
  let place = 0
  while (place < have.length) {
    if (want[at] === '*') {
      star = at++
      resume = place
    } else if (at < want.length && (want[at] === '?' || want[at] === have[place])) {
      at++
      place++
    } else if (star >= 0) {
      at = star + 1
      place = ++resume
    } else return false
  }
  return want.slice(at).every(rest => rest === '*')
}
