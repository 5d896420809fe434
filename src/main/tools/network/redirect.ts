/** Where an answer sends a read on, as far as text can tell; the client resolves and checks it like any first hop. */
import { FailureError } from '../../../domain/failure.ts'
import { unreadableFailure } from './failures.ts'
import { addressProblem, parseTarget, type Target } from './target.ts'

const FOLLOWED = new Set([301, 302, 303, 307, 308])

export interface Redirect {
  from: Target
  status: number
  location: string
  /** Addresses visited before `from`. */
  visited: readonly string[]
  maxRedirects: number
}

export function isRedirect(status: number): boolean {
  return FOLLOWED.has(status)
}

/** Moved: whatever was to be written is to be written elsewhere, so it was not written here. */
export function isMoved(status: number): boolean {
  return status === 301 || status === 307 || status === 308
}

export function nextTarget(redirect: Redirect): Target {
  const href = URL.parse(redirect.location, redirect.from.url.href)?.href ?? ''
  const problem = addressProblem(href)
  if (problem !== null) throw unusable(redirect, `it redirected to an address that ${problem}`)
  const next = parseTarget(href)
  const why = refusalOf(redirect, next)
  if (why !== null) throw unusable(redirect, why)
  return next
}

function refusalOf({ from, visited, maxRedirects }: Redirect, next: Target): string | null {
  if (from.url.protocol === 'https:' && next.url.protocol === 'http:')
    return 'it redirected from https to http'
  if (next.url.href === from.url.href || visited.includes(next.url.href)) return 'it redirected in a loop'
  return visited.length >= maxRedirects ? `it redirected more than ${maxRedirects} times` : null
}

function unusable(redirect: Redirect, why: string): FailureError {
  return new FailureError(unreadableFailure(redirect.from, why, redirect.status))
}
