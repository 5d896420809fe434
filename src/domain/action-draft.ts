/**
 * What is asked of a person when a failure needs one: its cause, its effect and the choices, in words (docs/09-
 * failure-repair.md). One action per cause: failures of the same connection, host or disk share a cause key.
 */
import { visibleText } from './approval.ts'
import type { Failure, FailureKind } from './failure.ts'
import { hashJson } from './json.ts'
import { isSpendingCap } from './spending.ts'

/**
 * retry: try again from the failed step · dismiss: leave the run as it ended · pause: pause the automation ·
 * reconnect: connect the account, then retry · answer: say what was asked · skip: leave this item, declined.
 */
export type ChoiceId =
  'retry' | 'dismiss' | 'pause' | 'reconnect' | 'answer' | 'skip' | 'it-went-out' | 'it-did-not'

export interface ActionChoice {
  id: ChoiceId
  label: string
  style: 'primary' | 'plain' | 'danger'
}

export interface ActionDraft {
  kind: string
  cause: string
  effect: string
  choices: ActionChoice[]
  /** The same cause is the same open action. */
  causeKey: string
}

export interface Circumstances {
  tries: number
  /** The run, item or step concerned. */
  owner?: string
}

interface Words {
  cause: string
  effect: string
  choices: ActionChoice[]
  /** What is shared by all who meet this cause; null where the failure is the step's own. */
  shared: string | null
}

type Drafts = {
  readonly [K in FailureKind]: (failure: Extract<Failure, { kind: K }>, tries: number) => Words
}

export function draftAction(failure: Failure, { tries, owner }: Circumstances): ActionDraft {
  const draft = DRAFTS[failure.kind] as (failure: Failure, tries: number) => Words
  const { shared, ...words } = draft(failure, tries)
  const concerned = owner ?? failure.step ?? hashJson([failure.kind, failure.message])
  return { kind: failure.kind, ...words, causeKey: `${failure.kind}:${shared ?? concerned}` }
}

const RETRY = choice('retry', 'Try again', 'primary')
const DISMISS = choice('dismiss', 'Dismiss')
const PAUSE = choice('pause', 'Pause this automation')

const KEPT = 'Steps that were done are kept and will not run again.'
const WAITS = `The run waits. ${KEPT}`
const STOPPED = `The run stopped at this step. ${KEPT}`

const DRAFTS: Drafts = {
  network: ({ host }, tries) => unreachable(host, `${visibleText(host)} could not be reached`, tries),
  timeout: ({ host, afterMs }, tries) => {
    const who = host === undefined ? 'A call' : visibleText(host)
    return unreachable(host ?? null, `${who} gave no answer within ${seconds(afterMs)}`, tries)
  },
  'rate-limited': ({ host }, tries) =>
    unreachable(host, `${visibleText(host)} refused further calls for now`, tries),
  unavailable: ({ host, status }, tries) => {
    const said = status === null ? '' : ` (status ${status})`
    return unreachable(host, `${visibleText(host)} was not available${said}`, tries)
  },
  offline: () => ({
    cause: 'This computer was offline.',
    effect: `${WAITS} It goes on by itself within a minute of being online.`,
    choices: [RETRY, DISMISS],
    shared: 'this computer',
  }),
  'script-error': failure => needsRepair(failure, 'The script failed'),
  'bad-response': failure => needsRepair(failure, 'An answer was not what the script expects'),
  rejected: failure => needsRepair(failure, 'A request was rejected'),
  'invalid-input': failure => needsRepair(failure, 'The script gave a tool something it does not take'),
  'script-limit': failure => needsRepair(failure, `The script reached a limit (${failure.limit})`),
  divergence: failure => needsRepair(failure, 'The script no longer asked for what it had done before'),
  'outcome-missing': failure => needsRepair(failure, 'What counts as done was not reached'),
  'not-connected': ({ setting, message }) => ({
    cause: visibleText(message, 500),
    effect: `${WAITS} It goes on by itself once that is connected.`,
    choices: [choice('reconnect', 'Connect', 'primary'), DISMISS],
    shared: setting,
  }),
  'auth-expired': ({ connection }) => signIn(connection, 'has expired'),
  'auth-revoked': ({ connection }) => signIn(connection, 'was revoked'),
  'scope-missing': ({ connection, scope }) => ({
    cause: `${visibleText(connection)} has not allowed “${visibleText(scope)}”.`,
    effect: `${WAITS} It goes on once that is allowed.`,
    choices: [choice('reconnect', 'Allow and go on', 'primary'), DISMISS],
    shared: `${connection}:${scope}`,
  }),
  'not-permitted': ({ message }) => ({
    cause: `The contract did not allow a step. ${visibleText(message, 500)}`,
    effect: `The step was not carried out. ${KEPT} To allow it, change the contract, then try again.`,
    choices: [DISMISS, RETRY, PAUSE],
    shared: null,
  }),
  'approval-expired': () => ({
    cause: 'An approval was asked for and not given in time.',
    effect: `The step was not carried out. ${KEPT}`,
    choices: [choice('retry', 'Ask again', 'primary'), DISMISS],
    shared: null,
  }),
  'budget-exceeded': ({ budget, message, resetsAt }) =>
    isSpendingCap(budget)
      ? capReached(budget, message)
      : {
          cause: `A limit of the contract was reached. ${visibleText(message, 500)}`,
          effect: `The step was not carried out. ${KEPT} ${resetsAt === null ? 'To go further, raise the limit in the contract, then try again.' : 'There is room again once the limit resets.'}`,
          choices: [RETRY, DISMISS, PAUSE],
          shared: null,
        },
  'outcome-unknown': ({ tool, message }) => ({
    cause: `Did this go out? ${visibleText(tool)} was under way when contact was lost. ${visibleText(message, 500)}`,
    effect: 'It was neither repeated nor counted as done. The run waits for the answer.',
    choices: [
      choice('it-went-out', 'It went out'),
      choice('it-did-not', 'It did not: do it now', 'danger'),
      choice('skip', 'Leave it as it is'),
    ],
    shared: null,
  }),
  'input-needed': ({ question }) => ({
    cause: visibleText(question, 1_000),
    effect: WAITS,
    choices: [choice('answer', 'Answer', 'primary'), DISMISS],
    shared: null,
  }),
  'vault-locked': () => ({
    cause: 'The vault is locked, so stored records and accounts could not be opened.',
    effect: 'Nothing was changed. Unlock it with “steward vault unlock”: what waits goes on by itself.',
    choices: [choice('retry', 'Unlocked: go on', 'primary'), DISMISS],
    shared: 'vault',
  }),
  internal: failure => stopped(failure, 'Something inside Steward went wrong'),
  'disk-full': () => ({
    cause: 'The disk is full.',
    effect: `${STOPPED} Free some space, then resume.`,
    choices: [choice('retry', 'Resume', 'primary'), DISMISS],
    shared: 'disk',
  }),
  unknown: failure => stopped(failure, 'Something failed in a way that is not known'),
}

function choice(id: ChoiceId, label: string, style: ActionChoice['style'] = 'plain'): ActionChoice {
  return { id, label, style }
}

function unreachable(host: string | null, what: string, tries: number): Words {
  const often = tries === 1 ? 'after one try' : `after ${tries} tries`
  return { cause: `${what}, ${often}.`, effect: STOPPED, choices: [RETRY, DISMISS], shared: host }
}

function needsRepair(failure: Failure, what: string): Words {
  return {
    cause: `${what}. ${visibleText(failure.message, 500)}`,
    effect: `${STOPPED} Repair by a model is not available yet; trying again helps only if the cause has passed.`,
    choices: [RETRY, DISMISS, PAUSE],
    shared: null,
  }
}

function signIn(connection: string, what: string): Words {
  return {
    cause: `The sign-in to ${visibleText(connection)} ${what}.`,
    effect: `${WAITS} It goes on after signing in again.`,
    choices: [choice('reconnect', 'Reconnect', 'primary'), DISMISS],
    shared: connection,
  }
}

function capReached(budget: string, message: string): Words {
  return {
    cause: `A cap on what models may cost was reached. ${visibleText(message, 500)}`,
    effect: `No model is asked beyond it. ${KEPT} What waits goes on by itself once the cap is raised or has started anew.`,
    choices: [RETRY, DISMISS],
    shared: budget,
  }
}

function stopped(failure: Failure, what: string): Words {
  return {
    cause: `${what}. ${visibleText(failure.message, 500)}`,
    effect: STOPPED,
    choices: [DISMISS, RETRY, PAUSE],
    shared: null,
  }
}

function seconds(ms: number): string {
  return ms < 1_000 ? `${ms} ms` : `${Math.round(ms / 1_000)} s`
}
