/**
 * Patterns of places held against each other: whether all that one stands for, another stands for too. Text only, as
 * in `places.ts`; in doubt the answer is no, so that a comparison of contracts errs towards saying “wider”.
 */
import { hostBarred, hostMatches, parsePath, pathBarred, pathWithin, recipientMatches } from './places.ts'

export type Covers = (wide: string, narrow: string) => boolean

const isSame: Covers = (wide, narrow) => wide === narrow

/** As grants cover. A pattern of hosts is matched as its own text: `*.b.com` ends as each host it stands for does. */
export const GRANT_COVERS = {
  hosts: (wide, narrow) => wide === narrow || hostMatches(wide, narrow),
  paths: (wide, narrow) => wide === narrow || pathWithin(wide, narrow),
  recipients: recipientMatches,
  accounts: isSame,
} as const satisfies Record<string, Covers>

/** As *Never* covers. */
export const NEVER_COVERS = {
  hosts: (wide, narrow) => wide === narrow || hostBarred(wide, narrow),
  paths: (wide, narrow) => wide === narrow || pathBarred(wide, narrow, false),
  recipients: recipientMatches,
  tools: isSame,
} as const satisfies Record<string, Covers>

/** As flows cover: a host stands for the addresses of its domain too. */
export const flowCovers: Covers = (wide, narrow) => {
  if (wide === narrow) return true
  if (parsePath(wide) !== null) return pathWithin(wide, narrow)
  const at = narrow.lastIndexOf('@')
  if (at === -1) return hostMatches(wide, narrow)
  return wide.includes('@')
    ? recipientMatches(wide, narrow)
    : hostMatches(wide, narrow.slice(at + 1).toLowerCase())
}

export function isCovered(covers: Covers, wide: readonly string[], narrow: string): boolean {
  return wide.some(pattern => covers(pattern, narrow))
}

export function areCovered(covers: Covers, wide: readonly string[], narrow: readonly string[]): boolean {
  return narrow.every(pattern => isCovered(covers, wide, pattern))
}

/** What both lists stand for. Two patterns of one kind either hold one another or have nothing in common. */
export function common(covers: Covers, some: readonly string[], others: readonly string[]): string[] {
  return some.flatMap(one =>
    others.flatMap(other => (covers(one, other) ? [other] : covers(other, one) ? [one] : [])),
  )
}
