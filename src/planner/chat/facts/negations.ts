/** What a sentence does not want: “but not sports”, “except node_modules”, “ohne Videos”. Pure. */
import type { FactOf, Found } from './fact.ts'
import { matches, wordPattern } from './pattern.ts'

const CUE = wordPattern(
  String.raw`(?:but |and |aber |und )?(?:not|no|none|never|don['’]?t|do not|nicht|kein(?:e|en|er|em)?|niemals|nie|keinesfalls)(?: (?:the|any|my|about|in|on|den|die|das|der|meine?n?|im|auf|über))?|except(?: for)?|excluding|exclude|excepting|without|other than|apart from|leav(?:e|ing) out|ohne|außer(?: in)?|ausser|ausgenommen|bis auf`,
)
/** Not being there is what some are asked to tell: that says nothing about what is left out. */
const STATE =
  /(?<![\p{L}\p{N}/~._-])(?:reach|avail|respon|answer|work(?:s|ing)?(?!\p{L})|load(?:s|ing)?(?!\p{L})|onlin|open|run|exist|up(?!\p{L})|there|erreich|verfügbar|antwort|läuft|laufen|geht|gehen|funktion|lädt|laden(?!\p{L})|da(?!\p{L})|klapp|lebt)/iu
const COMPARED =
  /^\s*(?:more|less|fewer|longer|later|higher|lower|mehr|weniger|später|größer|länger)(?!\p{L})/iu
const END =
  /[.;:!?()\n,]|(?:^|\s)(?:from|every|each|when|whenever|if|then|please|at|by|aus|von|alle|jede[nrs]?|täglich|wenn|sobald|falls|um|bitte|sind|ist|werden)(?=\s|$)|\s(?:in|on|im|auf|to|into|nach|of)\s+(?=https?:|~|\/|\p{L}+\.\p{L})|\s(?:and|und)\s(?:tell|send|notify|let|put|save|write|sag|schick|schreib|melde|leg|keep|behalte)/iu
const BETWEEN = /\s+(?:and|or|und|oder|nor|noch)\s+/iu
const MOST_WORDS = 5
const NEAR = 30

export function negationsIn(text: string): Found<FactOf<'not'>>[] {
  const found = matches(CUE, text, match => {
    const start = match.index + match[0].length
    const rest = text.slice(start)
    // Full stops and commas are part of addresses, paths and names of files.
    const end = endOf(rest)
    const said = rest.slice(0, end).trim()
    if (said === '' || isState(text, match.index, rest) || COMPARED.test(rest)) return null
    const words = said.split(BETWEEN).map(bare)
    const isLong = words.some(word => word.split(/\s+/).length > MOST_WORDS)
    const until = start + rest.slice(0, end).trimEnd().length
    return { kind: 'not' as const, cue: cueOf(match[0]), words: isLong ? [] : words, until }
  })
  return found.map(({ until, ...not }) => ({ ...not, to: until })).filter(isFirst)
}

function endOf(rest: string): number {
  let from = 0
  for (;;) {
    const match = END.exec(rest.slice(from))
    if (match === null) return rest.length
    const at = from + match.index
    const isInside = /[.:,]/.test(match[0]) && /^[^\s]/.test(rest.slice(at + 1))
    if (!isInside) return at
    from = at + 1
  }
}

/** “is not reachable”, “antwortet nicht mehr”. */
function isState(text: string, at: number, rest: string): boolean {
  const after = rest.split(/[.,;!?]/)[0]?.slice(0, NEAR) ?? ''
  const before =
    text
      .slice(Math.max(0, at - NEAR), at)
      .split(/[,;!?]/)
      .at(-1) ?? ''
  return STATE.test(after) || (STATE.test(before) && after.trim().split(/\s+/).length <= 1)
}

function cueOf(said: string): string {
  return said.toLowerCase().replaceAll(/\s+/g, ' ')
}

function bare(words: string): string {
  return words.trim().replaceAll(/^["“”„«»'‘’]+|["“”„«»'‘’,]+$/gu, '')
}

function isFirst({ from }: { from: number }, place: number, all: readonly { to: number }[]): boolean {
  return all.slice(0, place).every(({ to }) => to <= from)
}
