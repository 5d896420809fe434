/** What a schema found wrong, in words for whoever wrote it: each issue with its path, none in those of the library. */
import type { z } from 'zod'

export interface Issue {
  /** `changes[2].hosts`; empty for the whole. */
  path: string
  text: string
}

type ZodIssue = z.core.$ZodIssue
export type Path = readonly PropertyKey[]

/** `root` is what the schema was given. */
export function issueOf(issue: ZodIssue, root: unknown): Issue {
  const text =
    issue.code === 'unrecognized_keys'
      ? `does not know ${issue.keys.map(key => `“${key}”`).join(', ')}`
      : complaint(issue, issue.path, root)
  return { path: pathText(issue.path), text }
}

/** `rows[2].name` */
export function pathText(path: Path): string {
  return path.reduce<string>((text, key) => {
    if (typeof key === 'number') return `${text}[${key}]`
    return text === '' ? String(key) : `${text}.${String(key)}`
  }, '')
}

export function subject(path: Path): string {
  return path.length === 0 ? 'the input' : `“${pathText(path)}”`
}

const NOT_OURS = /^(Invalid|Too big|Too small|Unrecognized)\b/

/** Continues a sentence that begins with the field. */
export function complaint(issue: ZodIssue, path: Path, root: unknown): string {
  if (!NOT_OURS.test(issue.message)) return issue.message.charAt(0).toLowerCase() + issue.message.slice(1)
  switch (issue.code) {
    case 'invalid_type':
      return typeComplaint(issue.expected, valueAt(root, path))
    case 'too_small':
    case 'too_big':
      return sizeComplaint(issue)
    case 'invalid_value':
      return `must be ${issue.values.length > 1 ? 'one of ' : ''}${issue.values.map(value => JSON.stringify(value)).join(', ')}`
    case 'unrecognized_keys':
      return `has no place for ${issue.keys.map(key => `“${key}”`).join(', ')}`
    case 'invalid_union':
      return unionComplaint(issue, path, root)
    case 'invalid_key':
      return 'is a key that is not allowed'
    case 'invalid_format':
      return formComplaint(issue)
    default:
      return `was not accepted (${issue.message})`
  }
}

function typeComplaint(expected: string, value: unknown): string {
  return value === undefined ? 'is missing' : `must be ${noun(expected)}, not ${noun(typeName(value))}`
}

const NOUNS: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'an object',
  record: 'an object',
  null: 'null',
}

function noun(type: string): string {
  return NOUNS[type] ?? type
}

function typeName(value: unknown): string {
  if (value === null) return 'null'
  return Array.isArray(value) ? 'array' : typeof value
}

function sizeComplaint(issue: z.core.$ZodIssueTooSmall | z.core.$ZodIssueTooBig): string {
  return issue.code === 'too_small'
    ? `must be at least ${amount(issue.minimum, issue.origin)}`
    : `must be at most ${amount(issue.maximum, issue.origin)}`
}

function formComplaint(issue: z.core.$ZodIssueInvalidStringFormat): string {
  return `does not have the form ${issue.format === 'regex' ? (issue.pattern ?? 'it needs') : issue.format}`
}

function amount(limit: number | bigint, origin: string): string {
  if (origin === 'string') return `${limit} characters long`
  if (origin === 'array' || origin === 'set') return `${limit} entries long`
  return `${limit}`
}

/** Of several allowed shapes the nearest is the one with the fewest complaints. */
function unionComplaint(issue: z.core.$ZodIssueInvalidUnion, path: Path, root: unknown): string {
  const branches = issue.errors.filter(branch => branch.length > 0)
  const types = branches
    .map(branch => branch[0])
    .filter(first => first?.code === 'invalid_type' && first.path.length === 0)
  if (types.length > 0 && types.length === branches.length) {
    if (valueAt(root, path) === undefined) return 'is missing'
    const nouns = types.map(first => (first?.code === 'invalid_type' ? noun(first.expected) : ''))
    return `must be ${[...new Set(nouns)].join(' or ')}, not ${noun(typeName(valueAt(root, path)))}`
  }
  const nearest = [...branches].sort((a, b) => rank(b) - rank(a))[0]?.[0]
  if (nearest === undefined) return 'fits none of the forms allowed here'
  const inner = [...path, ...nearest.path]
  const said = complaint(nearest, inner, root)
  return nearest.path.length === 0 ? said : `does not fit: ${subject(inner)} ${said}`
}

/** A branch whose first complaint lies deeper came closer; among equals, the one with fewer complaints. */
function rank(branch: readonly ZodIssue[]): number {
  return (branch[0]?.path.length ?? 0) * 1_000 - branch.length
}

function valueAt(root: unknown, path: Path): unknown {
  return path.reduce<unknown>((value, key) => {
    if (typeof value !== 'object' || value === null) return undefined
    return Object.hasOwn(value, key) ? Reflect.get(value, key) : undefined
  }, root)
}
