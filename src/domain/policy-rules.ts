/**
 * What the rules of a policy file say about one call. What makes an answer stricter matches widely (a host with its
 * subdomains, a folder in any spelling); what an allow list lets through matches as narrowly as a grant.
 */
import { visibleText } from './approval.ts'
import type { PolicyCall } from './decision.ts'
import {
  canonicalHost,
  hostBarred,
  hostMatches,
  parsePath,
  pathBarred,
  pathWithin,
  recipientMatches,
} from './places.ts'
import type { ActionWord, Policy, PolicyRule } from './policy-file.ts'
import type { Risk, Touches } from './tool.ts'

export interface RulesAnswer {
  verdict: 'allow' | 'ask' | 'deny'
  /** Points into the policy file: `policy.rules[2]`. */
  clause: string
  reason: string
  /** How long a question about the call may wait; null where no rule says so. */
  withinMs: number | null
}

const STRICTNESS = { allow: 0, ask: 1, deny: 2 } as const
const RISKS = ['low', 'medium', 'high'] as const

export type RuledCall = Pick<PolicyCall, 'tool' | 'effect' | 'touches' | 'risk'>

/** The strictest of what the rules say; the first of equals is cited. */
export function rulesAnswer(policy: Policy, call: RuledCall): RulesAnswer {
  const matching = [...policy.rules.entries()].filter(([, rule]) => matches(rule, call))
  const answers = [
    ...matching.map(([index, rule]) => answerOf(rule, `policy.rules[${index}]`, call)),
    riskAnswer(policy, highest([call.risk, ...matching.map(([, rule]) => rule.risk ?? 'low')]), call),
  ]
  const strictest = answers.reduce((most, answer) =>
    STRICTNESS[answer.verdict] > STRICTNESS[most.verdict] ? answer : most,
  )
  const timeouts = matching.flatMap(([, rule]) => rule.timeoutMs ?? [])
  return { ...strictest, withinMs: timeouts.length === 0 ? null : Math.min(...timeouts) }
}

/** Folders that such a call may not be led to by a link: what is denied, and what it was not asked about. */
export function closedFolders(policy: Policy, call: RuledCall): string[] {
  const styles = new Set((call.touches.paths ?? []).map(({ path }) => parsePath(path)?.style))
  return policy.rules
    .filter(rule => rule.actions.some(action => isAction(action, call)))
    .flatMap(rule => [
      ...rule.deny.filter(place => kindOf(place) === 'folder'),
      ...(rule.approval === 'auto' || isNarrowedTo(rule, call.touches) ? [] : rule.folders),
    ])
    .filter(folder => styles.has(parsePath(folder)?.style))
}

type Said = Omit<RulesAnswer, 'withinMs'>

function answerOf(rule: PolicyRule, clause: string, { touches }: RuledCall): Said {
  const name = `The policy’s rule “${visibleText(rule.name)}”`
  const denied = placesOf(touches).find(touched => rule.deny.some(place => covers(place, touched, 'widely')))
  if (denied !== undefined) return { verdict: 'deny', clause, reason: `${name} denies ${shown(denied)}.` }
  const stray =
    rule.allow.length === 0 ? undefined : placesOf(touches).find(touched => isStray(rule.allow, touched))
  if (stray !== undefined)
    return { verdict: 'deny', clause, reason: `${name} does not list ${shown(stray)} among what it allows.` }
  if (rule.approval === 'deny') return { verdict: 'deny', clause, reason: `${name} denies this.` }
  if (rule.approval === 'ask')
    return { verdict: 'ask', clause, reason: `${name} asks before this every time.` }
  return { verdict: 'allow', clause, reason: '' }
}

/** What is asked about or denied at one risk is so at every higher one. */
function riskAnswer(policy: Policy, risk: Risk, call: RuledCall): Said {
  const upTo = reachesOut(call) ? RISKS.slice(0, RISKS.indexOf(risk) + 1) : []
  const deciding = (['deny', 'ask'] as const).flatMap(verdict =>
    upTo.filter(each => policy.approval_by_risk[each] === verdict).map(each => ({ verdict, each })),
  )[0]
  if (deciding === undefined) return { verdict: 'allow', clause: 'policy', reason: '' }
  const { verdict, each } = deciding
  const what = verdict === 'deny' ? 'denies' : 'asks before'
  const from = each === 'high' ? 'high risk' : `${each} risk or more`
  return {
    verdict,
    clause: `policy.approval_by_risk.${each}`,
    reason: `The policy ${what} every call of ${from}.`,
  }
}

function highest(risks: readonly Risk[]): Risk {
  return RISKS.findLast(risk => risks.includes(risk)) ?? 'low'
}

/** A call that only touches Steward’s own data is meant by no wildcard, and by no risk. */
function reachesOut(call: RuledCall): boolean {
  return call.effect !== 'local'
}

function matches(rule: PolicyRule, call: RuledCall): boolean {
  return rule.actions.some(action => isAction(action, call)) && isNarrowedTo(rule, call.touches)
}

function isAction(action: string, call: RuledCall): boolean {
  if (action === '*') return reachesOut(call)
  const does = WORDS.get(action)
  if (does !== undefined) return does(call)
  return action.endsWith('.*') ? call.tool.startsWith(action.slice(0, -1)) : call.tool === action
}

const touchesPath =
  (access: 'read' | 'write' | 'delete') =>
  ({ touches }: RuledCall): boolean =>
    (touches.paths ?? []).some(path => path.access === access)
const isAny = (list: readonly unknown[] | undefined): boolean => list !== undefined && list.length > 0

const BY_WORD: Record<ActionWord, (call: RuledCall) => boolean> = {
  read_file: touchesPath('read'),
  write_file: touchesPath('write'),
  delete_file: touchesPath('delete'),
  open_url: ({ touches }) => isAny(touches.hosts),
  send_request: ({ effect, touches }) => effect === 'write' && isAny(touches.hosts),
  send_message: ({ touches }) => isAny(touches.recipients),
  use_connection: ({ touches }) => isAny(touches.accounts),
  use_model: ({ effect }) => effect === 'model',
  notify: ({ tool }) => tool.startsWith('notify.'),
  // Steward runs no code but scripts, and those only in the sandbox.
  execute_code: () => false,
}
const WORDS: ReadonlyMap<string, (call: RuledCall) => boolean> = new Map(Object.entries(BY_WORD))

/** What one of these lists names has to be touched; without any, everything is meant. */
function isNarrowedTo({ hosts, folders, connections }: PolicyRule, touches: Touches): boolean {
  if (hosts.length + folders.length + connections.length === 0) return true
  const named = [...hosts, ...folders, ...connections.map(name => `connection:${name}`)]
  return placesOf(touches).some(touched => named.some(place => covers(place, touched, 'widely')))
}

type Touched =
  | { kind: 'host' | 'recipient' | 'connection'; text: string }
  | { kind: 'folder'; text: string; takesAway: boolean }

function placesOf({ hosts = [], paths = [], recipients = [], accounts = [] }: Touches): Touched[] {
  return [
    ...hosts.map(text => ({ kind: 'host' as const, text: text.toLowerCase() })),
    ...paths.map(({ path, access }) => ({
      kind: 'folder' as const,
      text: path,
      takesAway: access !== 'read',
    })),
    ...recipients.map(text => ({ kind: 'recipient' as const, text })),
    ...accounts.map(text => ({ kind: 'connection' as const, text })),
  ]
}

function shown({ kind, text }: Touched): string {
  return kind === 'connection' ? `the connection ${visibleText(text)}` : visibleText(text)
}

function kindOf(place: string): Touched['kind'] {
  if (place.startsWith('connection:')) return 'connection'
  if (place.includes('@')) return 'recipient'
  return parsePath(place) === null ? 'host' : 'folder'
}

/** An allow list closes all other places of the kinds it names, and says nothing about the rest. */
function isStray(allow: readonly string[], touched: Touched): boolean {
  return (
    allow.some(place => kindOf(place) === touched.kind) &&
    !allow.some(place => covers(place, touched, 'exactly'))
  )
}

function covers(place: string, touched: Touched, how: 'widely' | 'exactly'): boolean {
  if (kindOf(place) !== touched.kind) return false
  switch (touched.kind) {
    case 'connection':
      return place.slice('connection:'.length) === touched.text
    case 'recipient':
      return recipientMatches(place, touched.text)
    case 'folder':
      return how === 'widely'
        ? pathBarred(place, touched.text, touched.takesAway)
        : pathWithin(place, touched.text)
    case 'host':
      return how === 'widely' ? isWithinDomain(place, touched.text) : isExactly(place, touched.text)
  }
}

function isWithinDomain(pattern: string, host: string): boolean {
  return hostBarred(pattern, host) || (!pattern.startsWith('*.') && hostBarred(`*.${pattern}`, host))
}

function isExactly(pattern: string, text: string): boolean {
  const host = canonicalHost(text)
  return host !== null && hostMatches(pattern, host)
}
