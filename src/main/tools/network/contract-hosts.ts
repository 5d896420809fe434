/** What a contract says about hosts, as far as a request has to know it: which it names, may visit, honour a key. */
import type { Contract } from '../../../domain/contract.ts'
import type { ToolContext, Touches } from '../../../domain/tool.ts'
import { firstMismatch, mayRead, neverTouched } from '../../../domain/warrant.ts'

/** Named to the letter, without a wildcard: only then may the host lead into a private network. */
export function namesHost({ reads, changes }: Contract, host: string): boolean {
  return reads.hosts.includes(host) || changes.some(clause => clause.hosts?.includes(host) === true)
}

/** Whether a redirect may lead a read of this tool there. */
export function mayVisit(
  context: Pick<ToolContext, 'contract' | 'mayVisit'>,
  tool: string,
  host: string,
): boolean {
  const { contract } = context
  if (context.mayVisit?.(host) === false) return false
  const touches = { hosts: [host] }
  const module = `tools/${tool.slice(0, tool.lastIndexOf('.'))}`
  const never = neverTouched(contract, { tool, module, touches })
  return never === null && mayRead(contract, touches).ok
}

/** For how long the hosts of a write are declared to honour its idempotency key; null where they are not. */
export function honoursKeyForMs(contract: Contract, tool: string, touches: Touches): number | null {
  const windows = contract.changes
    .filter(clause => clause.tool === tool && firstMismatch(contract, clause, touches) === null)
    .flatMap(clause => clause.honoursKeyForMs ?? [])
  return windows.length === 0 ? null : Math.min(...windows)
}
