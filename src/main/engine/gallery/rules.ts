/** Sorting rules as people write them (`pdf → Documents; jpg, png → Pictures; * → Other`), read into data. Pure. */
import { foldName, newNameProblem } from '../../tools/files/names.ts'

export interface SortingRule {
  /** A sub-folder, with `/` between its names. */
  folder: string
  /** Lower case, without a dot in front; `*` is whatever no other rule speaks of. */
  extensions: string[]
}

export type RulesAnswer = { ok: true; rules: SortingRule[] } | { ok: false; problem: string }

const MOST_RULES = 50
const MOST_EXTENSIONS = 200
const EXTENSION = /^[\p{L}\p{N}_+~-]+(\.[\p{L}\p{N}_+~-]+){0,3}$/u

/** `problem` is the end of a sentence about the text. */
export function parseRules(text: string): RulesAnswer {
  const lines = text.split(/[;\n]/).flatMap(line => (line.trim() === '' ? [] : [line.trim()]))
  if (lines.length === 0) return { ok: false, problem: 'holds no rule' }
  if (lines.length > MOST_RULES) return { ok: false, problem: `holds more than ${MOST_RULES} rules` }
  const rules: SortingRule[] = []
  for (const line of lines) {
    const rule = parseRule(line)
    if (typeof rule === 'string') return { ok: false, problem: rule }
    rules.push(rule)
  }
  const problem = clashOf(rules)
  return problem === null ? { ok: true, rules } : { ok: false, problem }
}

function parseRule(line: string): SortingRule | string {
  const [left = '', right, more] = line.split(/\s*(?:→|->|=>)\s*/)
  if (right === undefined || more !== undefined) return `has a rule that is not “endings → folder”: “${line}”`
  const extensions = left.split(/[\s,]+/).flatMap(given => (given === '' ? [] : [extensionOf(given)]))
  if (extensions.length === 0) return `has a rule without an ending: “${line}”`
  const odd = extensions.find(extension => extension !== '*' && !EXTENSION.test(extension))
  if (odd !== undefined) return `has an ending that is none: “${odd}”`
  const problem = folderProblem(right)
  return problem === null ? { folder: right, extensions } : `has a folder “${right}” that ${problem}`
}

function extensionOf(given: string): string {
  return given === '*' ? given : given.replace(/^\*?\./, '').toLowerCase()
}

function folderProblem(folder: string): string | null {
  if (folder === '') return 'has no name'
  if (folder.length > 200) return 'has a very long name'
  if (/^[/~]/.test(folder)) return 'is not a sub-folder of the folder itself'
  for (const name of folder.split('/')) {
    if (name === '' || name === '..' || name === '.')
      return 'is not a plain path of sub-folders, such as Media/Photos'
    if (name.startsWith('.')) return 'is hidden'
    const problem = newNameProblem(name, 'win32')
    if (problem !== null) return problem
  }
  return null
}

/** Two rules for one ending leave open where a file goes; two spellings of one folder are the same on some disks. */
function clashOf(rules: readonly SortingRule[]): string | null {
  const extensions = rules.flatMap(rule => rule.extensions)
  if (extensions.length > MOST_EXTENSIONS) return `holds more than ${MOST_EXTENSIONS} endings`
  const twice = extensions.find((extension, place) => extensions.indexOf(extension) !== place)
  if (twice !== undefined) return `says twice where “${twice}” goes`
  const spellings = new Map<string, string>()
  for (const { folder } of rules) {
    const other = spellings.get(foldName(folder))
    if (other !== undefined && other !== folder)
      return `spells one folder in two ways: “${other}” and “${folder}”`
    spellings.set(foldName(folder), folder)
  }
  return null
}
