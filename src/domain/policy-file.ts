/**
 * The policy file: rules of a person for every automation at once. A rule matches calls by action and by what they
 * touch, and can only make an answer stricter; nothing in it grants anything (P3). Unknown keys are refused, so a
 * misspelt rule can never be a missing rule.
 */
import { z } from 'zod'
import { hostIssue } from './contract-check.ts'
import { hostPattern, root } from './contract-fields.ts'
import { parsePath } from './places.ts'

/** What a call does, in the words of policy files; tools are also named as they are, `files.move` or `files.*`. */
export const ACTION_WORDS = [
  'read_file',
  'write_file',
  'delete_file',
  'open_url',
  'send_request',
  'send_message',
  'use_connection',
  'use_model',
  'notify',
  'execute_code',
] as const
export type ActionWord = (typeof ACTION_WORDS)[number]

const TOOL_PATTERN = /^([a-z][a-zA-Z0-9]*\.)+(\*|[a-z][a-zA-Z0-9]*)$/

const action = z.string().refine(text => text === '*' || isWord(text) || TOOL_PATTERN.test(text), {
  error: `is neither a tool (files.move, files.*), nor * for all that reaches outside, nor one of ${ACTION_WORDS.join(', ')}`,
})

function isWord(text: string): text is ActionWord {
  return ACTION_WORDS.some(word => word === text)
}

const UNIT_MS = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }
const LONGEST_MS = 90 * UNIT_MS.d
const timeout = z
  .unknown()
  .refine(given => timeoutMs(given) !== null, {
    error: 'is seconds, or a time such as 30s, 15m, 2h or 7d; one second to 90 days',
  })
  .transform(given => timeoutMs(given) ?? LONGEST_MS)

function timeoutMs(given: unknown): number | null {
  const text = typeof given === 'number' ? String(given) : typeof given === 'string' ? given : ''
  const [, amount = '', unit = 's'] = /^(\d{1,7})([smhd])?$/.exec(text) ?? []
  const ms = amount === '' ? 0 : Number(amount) * UNIT_MS[unit as keyof typeof UNIT_MS]
  return ms >= UNIT_MS.s && ms <= LONGEST_MS ? ms : null
}

const CONNECTION = /^connection:[^\s].{0,199}$/
const RECIPIENT = /^[^\s@]*@[^\s@]+$/

/** A place of an allow or deny list: what kind it is shows in how it is written. */
const place = z.string().superRefine((text, context) => {
  const issue = placeIssue(text)
  if (issue !== null) context.addIssue(issue)
})

function placeIssue(text: string): string | null {
  if (CONNECTION.test(text) || RECIPIENT.test(text) || parsePath(text) !== null) return null
  if (hostPattern.safeParse(text).success) return hostIssue(text)
  return 'is neither a host in lower case (*.example.com), nor a folder without “..”, nor an address (@example.com), nor connection:name'
}

const host = hostPattern.superRefine((text, context) => {
  const issue = hostPattern.safeParse(text).success ? hostIssue(text) : null
  if (issue !== null) context.addIssue(issue)
})
const folder = root.refine(text => parsePath(text) !== null, {
  error: 'is not an absolute path without “..”',
})
const risk = z.enum(['low', 'medium', 'high'])
const approval = z.enum(['auto', 'ask', 'deny'])
const some = <T extends z.ZodType>(entry: T) => z.array(entry).min(1).max(1_000)

const rule = z
  .strictObject({
    name: z.string().min(1).max(120),
    action: z.preprocess(given => (typeof given === 'string' ? [given] : given), some(action)).default(['*']),
    /** Only calls that touch one of these. */
    hosts: some(host).default([]),
    folders: some(folder).default([]),
    connections: some(z.string().min(1).max(200)).default([]),
    approval: approval.optional(),
    requires_approval: z
      .boolean({ error: 'is true or false; YAML reads yes, no, on and off as words' })
      .optional(),
    risk: risk.optional(),
    risk_level: risk.optional(),
    deny: some(place).optional(),
    blacklist: some(place).optional(),
    allow: some(place).optional(),
    whitelist: some(place).optional(),
    /** Every script runs in the sandbox, so this can be said and not be switched off. */
    sandbox: z
      .literal(true, { error: 'cannot be switched off: every script runs in the sandbox' })
      .optional(),
    /** How long a question about such a call waits; then it counts as no. */
    timeout: timeout.optional(),
  })
  .superRefine((given, context) => {
    for (const [path, issue] of ruleIssues(given))
      context.addIssue({ code: 'custom', path: [path], message: issue })
  })
  .transform(given => ({
    name: given.name,
    actions: given.action,
    hosts: given.hosts,
    folders: given.folders,
    connections: given.connections,
    approval: given.approval ?? (given.requires_approval === true ? ('ask' as const) : ('auto' as const)),
    risk: given.risk ?? given.risk_level ?? null,
    deny: given.deny ?? given.blacklist ?? [],
    allow: given.allow ?? given.whitelist ?? [],
    timeoutMs: given.timeout ?? null,
  }))

/** Two names for one thing, where only one of them may be given. */
const TWINS = [
  ['approval', 'requires_approval'],
  ['risk', 'risk_level'],
  ['deny', 'blacklist'],
  ['allow', 'whitelist'],
] as const

type Given = Partial<Record<(typeof TWINS)[number][number] | 'timeout' | 'sandbox', unknown>>

function ruleIssues(given: Given): [path: string, issue: string][] {
  const twice = TWINS.filter(([one, other]) => given[one] !== undefined && given[other] !== undefined)
  const says = [...TWINS.flat(), 'timeout', 'sandbox'].some(key => given[key as keyof Given] !== undefined)
  return [
    ...twice.map(([one, other]): [string, string] => [
      other,
      `says the same as “${one}”: leave one of them out`,
    ]),
    ...(says
      ? []
      : [
          ['name', 'says nothing about what it matches: give it approval, allow, deny, risk or timeout'] as [
            string,
            string,
          ],
        ]),
  ]
}

export const policySchema = z.strictObject({
  version: z.union([z.literal('1.0'), z.literal('1'), z.literal(1)], { error: 'is not “1.0”' }),
  /** What follows from how risky a call is at least, whichever rule or tool says so. */
  approval_by_risk: z
    .strictObject({ low: approval.optional(), medium: approval.optional(), high: approval.optional() })
    .default({}),
  rules: z
    .array(rule)
    .max(1_000)
    .superRefine((rules, context) => {
      for (const [index, { name }] of rules.entries()) {
        const first = rules.findIndex(other => other.name === name)
        if (first < index)
          context.addIssue({
            code: 'custom',
            path: [index, 'name'],
            message: `is also the name of rules[${first}]`,
          })
      }
    }),
})

export type Policy = z.output<typeof policySchema>
export type PolicyRule = Policy['rules'][number]
