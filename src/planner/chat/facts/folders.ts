/** Folders and files in a sentence: paths, and a person's own folders by their names. Pure. */
import type { FactOf, Found } from './fact.ts'
import { matches, wordPattern } from './pattern.ts'

type Path = Found<FactOf<'path'>>

const QUOTED = /["“„«]((?:~[\\/]|\/|[A-Za-z]:[\\/])[^"“”„«»\n]*)["”“»]/gu
const WRITTEN =
  /(?<![\p{L}\p{N}:/.~])(?:~(?:[\\/][^\s"“”„«»,;]*)?|\/[^\s/"“”„«»,;][^\s"“”„«»,;]*|[A-Za-z]:[\\/][^\s"“”„«»,;]*)/gu
const MINE =
  '(?:my|our|the|mein(?:en|em|e|er)?|unser(?:en|em|e|er)?|den|dem|der|die|das|im|in|into|from|aus|on) '
const OWN: readonly (readonly [names: string, candidates: readonly string[], alone: boolean])[] = [
  ['downloads?', ['~/Downloads'], true],
  ['desktop|schreibtisch', ['~/Desktop', '~/Schreibtisch'], true],
  ['documents?|dokumenten?', ['~/Documents', '~/Dokumente'], false],
  ['pictures?|photos?|bilder|fotos?', ['~/Pictures', '~/Bilder'], false],
  ['music|musik', ['~/Music', '~/Musik'], false],
  ['videos?|movies|filme', ['~/Videos', '~/Movies'], false],
  [
    'screenshots?|bildschirmfotos?',
    ['~/Pictures/Screenshots', '~/Bilder/Bildschirmfotos', '~/Desktop'],
    false,
  ],
]

export function pathsIn(text: string): Path[] {
  const quoted = [...text.matchAll(QUOTED)].map(match => path(match.index, match[0].length, match[1] ?? ''))
  const written = [...text.matchAll(WRITTEN)].flatMap(match => {
    const said = match[0].replace(/[.,;:!?)\]]+$/u, '')
    const isInside = quoted.some(({ from, to }) => match.index >= from && match.index < to)
    return isInside || said === '' || said === '/' ? [] : [path(match.index, said.length, said)]
  })
  const paths = [...quoted, ...written]
  const own = OWN.flatMap(([names, candidates, alone]) => ownFolders(text, names, candidates, alone)).filter(
    ({ from, to }) => !paths.some(other => from < other.to && other.from < to),
  )
  return [...paths, ...own].toSorted((a, b) => a.from - b.from)
}

function path(from: number, length: number, said: string): Path {
  const bare = said.length > 1 ? said.replace(/(?<=[^:])[\\/]+$/, '') : said
  return { kind: 'path', candidates: [bare], written: true, from, to: from + length }
}

/** Names that also mean things (“photos”) count as a folder only where the word says so. */
function ownFolders(text: string, names: string, candidates: readonly string[], alone: boolean): Path[] {
  const folder = `(?:${names})(?:-| )?(?:s-?)?(?:folder|directory|ordner|verzeichnis)`
  const mine = alone
    ? `${MINE}(?:${names})`
    : `(?:my|mein(?:en|em|e|er)?) (?:${names})(?= (?:folder|directory|ordner))|(?<=(?:^| )(?:to|into|nach) )(?:${names})`
  const patterns = [wordPattern(folder), wordPattern(mine), ...(alone ? [wordPattern(names)] : [])]
  const found = patterns.flatMap(pattern =>
    matches(pattern, text, () => ({ kind: 'path' as const, candidates, written: false })),
  )
  const [first] = found.toSorted((a, b) => a.from - b.from)
  return first === undefined ? [] : [first]
}
