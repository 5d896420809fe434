/** What a schema found wrong, in words for whoever wrote it: each issue with its path. */
import type { z } from 'zod'

export interface Issue {
  /** `changes[2].hosts`; empty for the whole. */
  path: string
  text: string
}

export function issueOf(issue: z.core.$ZodIssue): Issue {
  return { path: pathText(issue.path), text: textOf(issue) }
}

export function pathText(path: readonly PropertyKey[]): string {
  return path
    .map(step => (typeof step === 'number' ? `[${step}]` : `.${String(step)}`))
    .join('')
    .replace(/^\./, '')
}

function textOf(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case 'unrecognized_keys':
      return `does not know ${issue.keys.map(key => `“${key}”`).join(', ')}`
    case 'invalid_type':
      return issue.input === undefined ? 'is missing' : lower(issue.message)
    default:
      return lower(issue.message)
  }
}

function lower(message: string): string {
  return message.charAt(0).toLowerCase() + message.slice(1)
}
