/** The fields that clauses of a contract share: zones, names, hosts, folders, addresses, amounts. */
import { z } from 'zod'

export const zone = z.string().refine(isZone, { error: 'is not an IANA time zone, such as Europe/Berlin' })
export const count = z.int().min(0).max(1_000_000)
export const name = z
  .string()
  .regex(/^[a-z0-9][a-z0-9-]{0,63}$/, { error: 'takes lower-case letters, digits and hyphens, 64 at most' })

export const timeOfDay = z
  .string()
  .regex(/^([01]\d|2[0-3]):[0-5]\d$/, { error: 'is a time of day, such as 08:30' })

/** `example.com`, `*.example.com` (any depth of subdomain, not the domain itself), `127.0.0.1:8080`. */
export const hostPattern = z
  .string()
  .regex(/^(\*\.)?([a-z0-9-]+\.)*[a-z0-9-]+(:\d{1,5})?$|^\[[0-9a-f:]+\](:\d{1,5})?$/, {
    error:
      'is a lower-case host name, with *. in front for its subdomains and :port where it is not the usual one',
  })

/** An absolute path; the grant covers it and all below it. */
export const root = z.string().min(1).max(4096)

/** An address that is looked at again and again. */
export const address = z.string().max(4096).refine(isAddress, {
  error: 'is not an http or https address without user and password, such as https://example.com/news',
})

export const selector = z.string().min(1).max(1_000)

const SECOND = 1_000
const MINUTE = 60 * SECOND
const DAY = 86_400 * SECOND

/** How often something is looked at, from `leastMs` on. */
export function lookEvery(leastMs: number, usualMs: number) {
  const least = leastMs % MINUTE === 0 ? `${leastMs / MINUTE} min` : `${leastMs / SECOND} s`
  return z
    .int()
    .min(leastMs, { error: `is less than ${leastMs} (${least}): look less often` })
    .max(31 * DAY, { error: `is more than ${31 * DAY} (31 days): look more often` })
    .default(usualMs)
}

/** What is there when an automation goes live (R8). */
export const existing = z
  .enum(['skip', 'process'], {
    error: 'is “skip” (only what comes later is new) or “process” (what is there is new too)',
  })
  .default('skip')

function isZone(text: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: text }).resolvedOptions().timeZone !== ''
  } catch (error) {
    if (error instanceof RangeError) return false
    throw error
  }
}

function isAddress(text: string): boolean {
  const url = URL.parse(text)
  return url !== null && /^https?:$/.test(url.protocol) && url.username === '' && url.password === ''
}
