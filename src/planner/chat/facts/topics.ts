/** Words somebody is interested in: between quotation marks, or after “about”, “mentioning”, “über”. Pure. */
import type { FactOf, Found } from './fact.ts'
import { matches, wordPattern } from './pattern.ts'

const QUOTES =
  /"([^"\n]{1,200})"|“([^“”\n]{1,200})”|„([^“”„\n]{1,200})[“”]|«([^«»\n]{1,200})»|(?<![\p{L}\p{N}])['‘]([^'’\n]{1,200})['’](?![\p{L}\p{N}])/gu
const CUE = wordPattern(
  String.raw`about|regarding|concerning|mention(?:s|ing|ed)?|contain(?:s|ing)?|with the words?|for the words?|keywords?|on the topic(?: of)?|über|zum thema|zu den themen|betreffend|mit dem wort|mit den wörtern|erwähnen|erwähnt|enthalten|enthält|stichwort(?:e|en)?|stichwörter(?:n)?`,
)
/** What ends a topic: a clause that begins, or where and when it is looked for. */
const END =
  /[.;:!?()\n]|(?:^|\s)(?:from|on|at|in|into|every|each|when|whenever|if|to|by|daily|hourly|weekly|so|as|is|are|appears?|comes?|shows?|turns?|then|please|but|not|except|excluding|without|aber|nicht|außer|ohne|von|vom|auf|aus|im|bei|beim|alle|jede[nrs]?|täglich|stündlich|wenn|sobald|falls|an|in|per|um|erscheint|erscheinen|kommt|kommen|auftaucht|bitte|haben|hat|ist|sind)(?=\s|$)|\s(?:and|und)\s(?:tell|send|notify|let|put|save|write|sag|schick|schreib|melde|leg)/iu
const BETWEEN = /\s*,\s*(?:and |or |und |oder )?|\s+(?:and|or|und|oder)\s+|\s*[/&]\s*/iu
const ARTICLE =
  /^(?:the|a|an|any|some|new|der|die|das|den|dem|ein|eine|einen|neue|neuen|words?|wort|wörter)\s+/iu
const MOST_WORDS = 4

export function quotesIn(text: string): Found<FactOf<'quoted'>>[] {
  return matches(QUOTES, text, match => {
    const said = match[0].slice(1, -1).trim()
    return said === '' ? null : { kind: 'quoted' as const, text: said }
  })
}

export function topicsIn(text: string): Found<FactOf<'topic'>>[] {
  return [...text.matchAll(CUE)].flatMap(match => {
    const start = match.index + match[0].length
    const rest = text.slice(start)
    const end = END.exec(rest)?.index ?? rest.length
    const said = rest.slice(0, end)
    const words = said.split(BETWEEN).map(bare).filter(isTopic)
    return words.length === 0 ? [] : [{ kind: 'topic' as const, words, from: start, to: start + end }]
  })
}

function bare(part: string): string {
  return part
    .trim()
    .replace(ARTICLE, '')
    .replaceAll(/^["“”„«»'‘’]+|["“”„«»'‘’,]+$/gu, '')
    .trim()
}

function isTopic(words: string): boolean {
  return (
    /^[\p{L}\p{N}][^"“”„«»+;]*$/u.test(words) && words.split(/\s+/).length <= MOST_WORDS && words.length <= 60
  )
}
