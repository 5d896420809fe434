/** What the tools for web pages and feeds have in common: the address, the wishes about it, what policy sees of it. */
import { z } from 'zod'
import type { Json } from '../../../domain/json.ts'
import type { Touches } from '../../../domain/tool.ts'
import { targetOf } from '../network/call.ts'
import { maskKeys, maskUrl } from '../network/redact.ts'
import { addressProblem } from '../network/target.ts'

/** The client ends a call itself; the engine's own limit comes later, and only if that fails. */
const GRACE_MS = 5_000
/** Longest that computing in a worker takes, the wait for a free one included. */
const COMPUTING_MS = 60_000

export const urlInput = z
  .string()
  .max(16_384)
  .superRefine((text, context) => {
    const problem = addressProblem(text)
    if (problem !== null) context.addIssue({ code: 'custom', message: problem })
  })
  .describe('Absolute, http or https, without user name or password.')

export const robotsInput = z
  .enum(['respect', 'ignore'])
  .default('respect')
  .describe(
    'What to do about a robots.txt that asks programs to stay away. Ignore it only where the owner agrees; the contract must then name the very host.',
  )

export const timeoutInput = z.int().min(1_000).max(600_000).default(30_000)
export const maxBytesInput = z
  .int()
  .min(1)
  .max(33_554_432)
  .optional()
  .describe('Of the answer, decompressed.')

export const selectorInput = z
  .string()
  .min(1)
  .max(1_000)
  .describe('CSS, such as `main .price`. All that it matches is taken.')

export const reading = { robots: robotsInput, timeoutMs: timeoutInput, maxBytes: maxBytesInput }

interface Addressed {
  url: string
  timeoutMs: number
}

/** What a tool that reads one address and works on the answer declares about every call. */
export const addressed = {
  version: 1,
  effect: 'read',
  risk: 'low',
  idempotency: 'natural',
  touches: ({ url }: Addressed): Touches => touchesOfUrl(url),
  timeoutMs: ({ timeoutMs }: Addressed) => timeoutMs + COMPUTING_MS + GRACE_MS,
  redact: (input: Addressed): Json => ({
    ...(input as unknown as Record<string, Json>),
    url: maskUrl(input.url),
  }),
} as const

export function touchesOfUrl(address: string): Touches {
  const { host, url } = targetOf({ url: address })
  // A query can carry content out.
  return { hosts: [host], method: 'GET', egress: url.search !== '' }
}

/** An address in a sentence: host and path, without what could be a secret. */
export function placeName(address: string): string {
  const { host, url } = targetOf({ url: address })
  const path = maskKeys(url.pathname)
  return `${host}${path === '/' ? '' : path.length > 100 ? `${path.slice(0, 99)}…` : path}`
}
