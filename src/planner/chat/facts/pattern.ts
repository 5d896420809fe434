/** Regular expressions over sentences, where a word may begin or end with any letter. Pure. */

/** Stands alone: no letter or digit next to it. Spaces in the source stand for any white space. */
export function wordPattern(source: string): RegExp {
  return new RegExp(String.raw`(?<![\p{L}\p{N}])(?:${spaced(source)})(?![\p{L}\p{N}])`, 'giu')
}

function spaced(source: string): string {
  return source.replaceAll(' ?', String.raw`\s*`).replaceAll(' ', String.raw`\s+`)
}

/** Every match with where it stands; those for which `make` has nothing are left out. */
export function matches<T extends object>(
  pattern: RegExp,
  text: string,
  make: (match: RegExpExecArray) => T | null,
): (T & { from: number; to: number })[] {
  return [...text.matchAll(pattern)].flatMap(match => {
    const made = make(match)
    return made === null ? [] : [{ ...made, from: match.index, to: match.index + match[0].length }]
  })
}
