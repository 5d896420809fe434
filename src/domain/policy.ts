/**
 * Policy (P1, P2): whether one call of a tool may happen now, under a contract and a policy file. A pure function: what was used,
 * granted and approved arrives as input, and the caller keeps decision, quota and write-ahead in one transaction.
 * The strictest answer wins, in the order deny, defer, ask, allow; where several clauses of *Changes* cover a call,
 * so does the strictest of them. Owns no state and looks nothing up.
 */
import { visibleText } from './approval.ts'
import type { ChangeClause } from './contract.ts'
import { canonicalJson } from './json.ts'
import { actionsOf } from './decision.ts'
import type { Decision, PolicyCall, PolicyInput } from './decision.ts'
import { pathWithin, placeMatches } from './places.ts'
import { underPolicy } from './policy-merge.ts'
import { quotaDecision } from './quota.ts'
import { firstMismatch, mayRead, neverTouched } from './warrant.ts'

export { contractIssues, parseContract } from './contract-check.ts'
export { contractText, describeClause } from './contract-text.ts'
export type { Decision, Phase, PolicyCall, PolicyInput, Usage } from './decision.ts'

type Denial = Extract<Decision, { verdict: 'deny' }>
type Question = Extract<Decision, { verdict: 'ask' }>

/** What permits a call: the clause to cite, and the clauses of *Changes* that cover it. */
interface Warrant {
  verdict: 'allow'
  clause: string
  changes: readonly { index: number; clause: ChangeClause }[]
}

export function decide(input: PolicyInput): Decision {
  return underPolicy(input, byContract(input))
}

function byContract(input: PolicyInput): Decision {
  const barred = barredOutright(input)
  if (barred !== null) return barred
  const warrant = warrantFor(input)
  if (warrant.verdict === 'deny') return warrant
  return (
    flowDenial(input) ??
    taintDenial(input) ??
    quotaDecision(input) ??
    question(input, warrant) ?? { verdict: 'allow', clause: warrant.clause }
  )
}

/**
 * What a grant "the first time" is for: this tool towards this target. A file stands for the folder the clause names,
 * so that the first of many asks for all of them.
 */
export function approvalSubject(call: Pick<PolicyCall, 'tool' | 'touches'>, clause: ChangeClause): string {
  const { hosts = [], method = null, paths = [], recipients = [], accounts = [] } = call.touches
  const places = paths
    .filter(({ access }) => access !== 'read')
    .map(({ path, access }) => `${access} ${clause.paths?.find(root => pathWithin(root, path)) ?? path}`)
  return `${call.tool} ${canonicalJson({
    accounts: distinct(accounts),
    hosts: distinct(hosts.map(host => host.toLowerCase())),
    method,
    paths: distinct(places),
    recipients: distinct(recipients.map(recipient => recipient.toLowerCase())),
  })}`
}

function distinct(texts: readonly string[]): string[] {
  return [...new Set(texts)].sort()
}

function deny(clause: string, reason: string): Denial {
  return { verdict: 'deny', clause, reason }
}

function barredOutright({ contract, call, phase }: PolicyInput): Denial | null {
  const never = neverTouched(contract, call)
  if (never !== null) return deny(never.clause, `The contract says never: ${visibleText(never.what)}.`)
  if (phase === 'verify' && !onlyLooks(call)) {
    return deny('done', `A check after a run may only look; ${call.tool} does more.`)
  }
  if (!contract.uses.includes(call.module)) {
    return deny('uses', `The contract does not list ${visibleText(call.module)} among the modules in use.`)
  }
  const amounts = [actionsOf(call), call.costMicros]
  if (amounts.some(amount => !Number.isSafeInteger(amount) || amount < 0)) {
    return deny('budget', `${call.tool} named an impossible number of actions or cost.`)
  }
  return null
}

const LOCAL_LOOKS = new Set([
  'state.get',
  'state.list',
  'notes.get',
  'notes.list',
  'notes.search',
  'flow.now',
  'flow.random',
  'flow.uuid',
  'calendar.parse',
])
const LOCAL_LOOK_MODULES = new Set(['tools/text', 'tools/tables', 'tools/log'])

function onlyLooks(call: PolicyCall): boolean {
  if (call.effect === 'read') return true
  return call.effect === 'local' && (LOCAL_LOOK_MODULES.has(call.module) || LOCAL_LOOKS.has(call.tool))
}

function warrantFor(input: PolicyInput): Warrant | Denial {
  const { contract, call } = input
  switch (call.effect) {
    case 'local':
      if (call.module === 'tools/notify' && !contract.notifies) {
        return deny('notifies', 'The contract does not let this automation notify.')
      }
      return { verdict: 'allow', clause: 'uses', changes: [] }
    case 'model':
      if (!contract.models) return deny('models', 'The contract does not let this automation use a model.')
      return { verdict: 'allow', clause: 'models', changes: [] }
    case 'read':
      return readWarrant(input)
    case 'write':
      return writeWarrant(input)
  }
}

function readWarrant({ contract, call }: PolicyInput): Warrant | Denial {
  const answer = mayRead(contract, call.touches)
  if (answer.ok) return { verdict: 'allow', clause: answer.clause, changes: [] }
  return deny(answer.clause, `The contract does not list ${visibleText(answer.what)} among what may be read.`)
}

function writeWarrant({ contract, call }: PolicyInput): Warrant | Denial {
  const changes: Warrant['changes'][number][] = []
  let mismatch: string | undefined
  let closest = 'changes'
  for (const [index, clause] of contract.changes.entries()) {
    if (clause.tool !== call.tool) continue
    const what = firstMismatch(contract, clause, call.touches)
    if (what === null) changes.push({ index, clause })
    else if (mismatch === undefined) [mismatch, closest] = [what, `changes[${index}]`]
  }
  const [first] = changes
  if (first !== undefined) return { verdict: 'allow', clause: `changes[${first.index}]`, changes }
  if (mismatch === undefined)
    return deny('changes', `No clause of Changes lets this automation use ${call.tool}.`)
  return deny(closest, `No clause of Changes lets ${call.tool} touch ${visibleText(mismatch)}.`)
}

/** Content goes out with a write, with a query in an address, and to a model. */
function sendsContent(call: PolicyCall): boolean {
  return call.effect === 'write' || call.effect === 'model' || call.touches.egress === true
}

/** What was read from a source with a flow goes only where the flow says; a source may always be read on. */
function flowDenial({ contract, call, sources }: PolicyInput): Denial | null {
  if (contract.flows.length === 0 || !sendsContent(call)) return null
  const targets = targetsOf(call)
  for (const [index, flow] of contract.flows.entries()) {
    const source = sources.find(read => placeMatches(flow.from, read))
    if (source === undefined) continue
    const allowed = call.effect === 'read' ? [flow.from, ...flow.to] : flow.to
    const stray = targets.find(target => !allowed.some(place => placeMatches(place, target)))
    if (stray !== undefined || isPlaceless(call, targets)) {
      const where = stray ?? call.tool
      return deny(
        `flows[${index}]`,
        `What was read from ${visibleText(source)} may not go to ${visibleText(where)}.`,
      )
    }
  }
  return null
}

/** Where content would go cannot be told. What only takes paths away sends nothing. */
function isPlaceless(call: PolicyCall, targets: readonly string[]): boolean {
  return targets.length === 0 && (call.touches.paths ?? []).length === 0
}

function targetsOf({ effect, touches }: PolicyCall): string[] {
  const paths = (touches.paths ?? []).filter(({ access }) => access === 'write').map(({ path }) => path)
  const named = [...(touches.hosts ?? []), ...paths, ...(touches.recipients ?? [])]
  return effect === 'model' ? ['models'] : named
}

function isTaintedPower({ call, tainted }: PolicyInput): boolean {
  return tainted && (call.effect === 'write' || (call.effect === 'read' && call.touches.egress === true))
}

function taintDenial(input: PolicyInput): Denial | null {
  if (input.contract.outsideContent !== 'deny' || !isTaintedPower(input)) return null
  return deny(
    'outsideContent',
    'Content from outside was read before, and the contract lets nothing out after that.',
  )
}

function question(input: PolicyInput, warrant: Warrant): Question | null {
  if (input.phase !== 'run' || input.approved) return null
  if (input.contract.outsideContent === 'ask' && isTaintedPower(input)) {
    const reason =
      'Content from outside was read before, and the contract asks before anything goes out after that.'
    return { verdict: 'ask', clause: 'outsideContent', reason, subject: null }
  }
  return approvalQuestion(input, warrant)
}

function approvalQuestion({ call, granted }: PolicyInput, warrant: Warrant): Question | null {
  let first: Question | null = null
  for (const { index, clause } of warrant.changes) {
    const asked = askedBy(clause, call, granted)
    if (asked === null) continue
    const found: Question = { verdict: 'ask', clause: `changes[${index}]`, ...asked }
    if (found.subject === null) return found
    first ??= found
  }
  return first
}

function askedBy(
  clause: ChangeClause,
  call: PolicyCall,
  granted: (subject: string) => boolean,
): Pick<Question, 'reason' | 'subject'> | null {
  switch (clause.approval) {
    case 'never':
      return null
    case 'always':
      return { reason: 'The contract asks before every one of these changes.', subject: null }
    case 'above': {
      const actions = actionsOf(call)
      if (clause.above !== undefined && actions <= clause.above) return null
      return { reason: `The contract asks before a change of this size (${actions}).`, subject: null }
    }
    case 'first-time': {
      const subject = approvalSubject(call, clause)
      if (granted(subject)) return null
      return { reason: 'The contract asks the first time something is changed there.', subject }
    }
  }
}
