/**
 * What budgets and time windows say about one more call (P2). Beyond a limit of the run, or where no waiting would
 * help, the call is denied; beyond a limit of the hour or day, or outside the windows, it is deferred (R5).
 */
import { actionsOf } from './decision.ts'
import type { Decision, PolicyInput } from './decision.ts'
import { isOpen, nextOpening } from './windows.ts'
import { nextDay, nextHour } from './zone.ts'

type Denial = Extract<Decision, { verdict: 'deny' }>
type Delay = Extract<Decision, { verdict: 'defer' }>

export function quotaDecision(input: PolicyInput): Denial | Delay | null {
  const real = input.phase === 'run'
  return (
    callsDenial(input) ??
    (real ? actionsDenial(input) : null) ??
    costDenial(input) ??
    (real ? windowsDenial(input) : null) ??
    latest([...(real ? actionDelays(input) : []), ...costDelays(input)])
  )
}

function deny(clause: string, reason: string): Denial {
  return { verdict: 'deny', clause, reason }
}

function callsDenial({ contract, usage }: PolicyInput): Denial | null {
  const most = contract.budget.callsPerRun
  if (usage.callsThisRun < most) return null
  return deny('budget.callsPerRun', `The run made ${most} calls, which is its limit.`)
}

const ACTION_LIMITS = ['actionsPerRun', 'actionsPerHour', 'actionsPerDay'] as const

function actionsDenial({ contract, call, usage }: PolicyInput): Denial | null {
  const actions = actionsOf(call)
  if (actions === 0) return null
  const tooMany = ACTION_LIMITS.find(limit => actions > contract.budget[limit])
  if (tooMany !== undefined) {
    const most = contract.budget[tooMany]
    return deny(`budget.${tooMany}`, `One call would make ${actions} changes; the contract allows ${most}.`)
  }
  const most = contract.budget.actionsPerRun
  if (usage.actionsThisRun + actions <= most) return null
  return deny(
    'budget.actionsPerRun',
    `The run made ${usage.actionsThisRun} of the ${most} changes it may make.`,
  )
}

function costDenial({ contract, call, usage }: PolicyInput): Denial | null {
  const { costPerRunMicros, costPerDayMicros } = contract.budget
  if (call.costMicros === 0) return null
  if (usage.costThisRunMicros + call.costMicros > costPerRunMicros) {
    return deny('budget.costPerRunMicros', 'The call would cost more than is left of the budget of the run.')
  }
  if (call.costMicros <= costPerDayMicros) return null
  return deny('budget.costPerDayMicros', 'One call would cost more than the budget of a whole day.')
}

function isClosed({ contract, call, now }: PolicyInput): boolean {
  return actsOutside(call) && !isOpen(contract.windows, now, contract.zone)
}

function actsOutside(call: PolicyInput['call']): boolean {
  return call.effect === 'write' || actionsOf(call) > 0
}

function windowsDenial(input: PolicyInput): Denial | null {
  const { windows, zone } = input.contract
  if (!isClosed(input) || nextOpening(windows, input.now, zone) !== null) return null
  return deny('windows', 'No time window of the contract ever opens.')
}

function actionDelays(input: PolicyInput): Delay[] {
  const { contract, call, usage, now } = input
  const { budget, windows, zone } = contract
  const actions = actionsOf(call)
  const delays: Delay[] = []
  if (isClosed(input)) {
    const until = nextOpening(windows, now, zone) ?? now
    delays.push(
      defer('windows', 'windows', until, 'Changes are made only within the time windows of the contract.'),
    )
  }
  if (actions === 0) return delays
  if (usage.actionsThisHour + actions > budget.actionsPerHour) {
    const reason = `${usage.actionsThisHour} of ${budget.actionsPerHour} changes of this hour were made.`
    delays.push(defer('budget.actionsPerHour', 'actionsPerHour', nextHour(now, zone), reason))
  }
  if (usage.actionsThisDay + actions > budget.actionsPerDay) {
    const reason = `${usage.actionsThisDay} of ${budget.actionsPerDay} changes of this day were made.`
    delays.push(defer('budget.actionsPerDay', 'actionsPerDay', nextDay(now, zone), reason))
  }
  return delays
}

function costDelays({ contract, call, usage, now }: PolicyInput): Delay[] {
  const most = contract.budget.costPerDayMicros
  const spent = usage.costThisDayMicros
  // What asking a model will cost is known only to who asks it: here, that nothing is left to ask it with.
  const isUsedUp = call.effect === 'model' && spent > 0 && spent >= most
  if (!isUsedUp && (call.costMicros === 0 || spent + call.costMicros <= most)) return []
  const reason = isUsedUp
    ? 'What models may cost in a day is spent.'
    : 'The call would cost more than is left of the budget of the day.'
  return [defer('budget.costPerDayMicros', 'costPerDayMicros', nextDay(now, contract.zone), reason)]
}

function defer(clause: string, budget: string, until: number, reason: string): Delay {
  return { verdict: 'defer', clause, reason, until, budget }
}

/** All of them have to be over. */
function latest(delays: readonly Delay[]): Delay | null {
  return delays.reduce<Delay | null>(
    (last, delay) => (last !== null && last.until >= delay.until ? last : delay),
    null,
  )
}
