/** What every tool has in common that touches nothing outside: nothing for policy to judge, nothing to repeat. */
import type { Idempotency, Risk, Touches } from '../../domain/tool.ts'

export const localCall = {
  version: 1,
  effect: 'local',
  touches: (): Touches => ({}),
  risk: 'low' satisfies Risk,
  idempotency: 'natural' satisfies Idempotency,
} as const
