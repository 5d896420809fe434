/** One-off times that have passed already (R4): a new contract that names one would wait for ever and not say so. */
import type { Contract } from '../../../domain/contract.ts'
import { fail } from '../../../domain/failure.ts'
import type { Reader } from '../../store/tx.ts'
import { deployed, workflowById } from '../../store/workflows.ts'
import { nextDue } from './due.ts'
import { specOf, zoneOf } from './spec.ts'

/** What is wrong with each; `workflowId` is that of the automation this is a new version of. */
export function passedTimes(
  reader: Reader,
  { when, zone }: Contract,
  now: number,
  workflowId: string | null,
): string[] {
  const kept = timesOf(reader, workflowId)
  return when.flatMap((trigger, index) => {
    const spec = specOf(trigger, now)
    if (spec?.kind !== 'once') return []
    const place = zoneOf(trigger, zone)
    // One that had its time may stay in the contract: a new version does not go back on it.
    if (kept.has(`${spec.local} ${place}`) || nextDue(spec, place, now) !== null) return []
    return `when[${index}]: ${spec.local} (${place}) has passed, so it would never come: take a later time, or leave it out`
  })
}

export function refusePassed(
  reader: Reader,
  contract: Contract,
  now: number,
  { workflowId, done }: { workflowId: string | null; done: 'installed' | 'rehearsed' },
): void {
  const issues = passedTimes(reader, contract, now, workflowId)
  if (issues.length === 0) return
  fail({
    kind: 'invalid-input',
    path: 'contract',
    message: `The contract was refused; nothing was ${done}. ${issues.map(issue => `${issue}.`).join(' ')}`,
    detail: { issues },
  })
}

function timesOf(reader: Reader, workflowId: string | null): Set<string> {
  const workflow = workflowId === null ? undefined : workflowById(reader, workflowId)
  if (workflow === undefined || workflow.state === 'archived') return new Set()
  const { when, zone } = deployed(reader, workflow).contract
  return new Set(
    when.flatMap(trigger => (trigger.kind === 'once' ? `${trigger.local} ${zoneOf(trigger, zone)}` : [])),
  )
}
