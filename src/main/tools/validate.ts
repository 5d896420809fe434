/**
 * What a script passed to a tool, and what a tool gave back, against the tool's schemas; where they disagree, a
 * Failure that says in words which field and why.
 */
import type { z } from 'zod'
import type { Failure } from '../../domain/failure.ts'
import { complaint, pathText, subject } from '../../domain/issues.ts'
import type { Json } from '../../domain/json.ts'
import type { ToolDeclaration } from '../../domain/tool.ts'

export type Checked = { ok: true; value: Json } | { ok: false; failure: Failure }

const SHOWN_ISSUES = 3

/** The input as `run` may take it, defaults filled in; otherwise `invalid-input` with the first field at fault. */
export function validateInput(tool: ToolDeclaration, input: Json): Checked {
  const parsed = tool.input.safeParse(input)
  if (parsed.success) return { ok: true, value: parsed.data }
  const path = pathText(parsed.error.issues[0]?.path ?? [])
  return {
    ok: false,
    failure: {
      kind: 'invalid-input',
      message: `${tool.name} was called with input it cannot use: ${sentences(parsed.error.issues, input)}. Nothing was done.`,
      ...(path === '' ? {} : { path }),
    },
  }
}

/** A result that matches what the declaration promises; otherwise `bad-response`. */
export function validateOutput(tool: ToolDeclaration, output: unknown): Checked {
  const parsed = tool.output.safeParse(output)
  if (parsed.success) return { ok: true, value: parsed.data }
  return {
    ok: false,
    failure: {
      kind: 'bad-response',
      message: `${tool.name} gave back something it does not promise: ${sentences(parsed.error.issues, output)}.`,
    },
  }
}

function sentences(issues: readonly z.core.$ZodIssue[], root: unknown): string {
  const said = issues
    .slice(0, SHOWN_ISSUES)
    .map(issue => `${subject(issue.path)} ${complaint(issue, issue.path, root)}`)
  const more = issues.length - said.length
  return more > 0 ? `${said.join('; ')}; and ${more} more` : said.join('; ')
}
