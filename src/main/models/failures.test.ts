import { describe, expect, it } from 'vitest'
import { ofStatus } from './failures.ts'

const ASKING = { role: 'planner', connection: 'model', model: 'gpt-4o-mini', host: 'api.example' } as const
const answered = (status: number, body: string, headers: Record<string, string> = {}) =>
  ofStatus(ASKING, { status, headers, body }, 0)
const said = (message: string, more: object = {}) => JSON.stringify({ error: { message, ...more } })

const BY_MINUTE =
  'Rate limit reached for gpt-4o-mini on requests per min (RPM): Limit 3, Used 3, Requested 1. Please try again in 20s. You can increase your rate limit by adding a payment method to your account at https://platform.openai.com/account/billing.'
const BY_PLAN =
  'You exceeded your current quota, please check your plan and billing details. Please retry in 12.3s.'
const DELAY = [{ '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay: '12.5s' }]

describe('R5 a refusal for haste', () => {
  it.each([
    ['that tells where one pays for more', said(BY_MINUTE, { code: 'rate_limit_exceeded' })],
    ['that speaks of the plan', said(BY_PLAN, { code: 429, details: DELAY })],
    ['for tokens', said('Too many tokens, please wait before trying again.')],
    ['of a model', said('The model x is not available at this rate')],
    ['without a word', ''],
  ])('%s is waited out, for as long as its head says', (_which, body) => {
    const { failure, mayTryAgain, mayCost } = answered(429, body, { 'retry-after': '20' })
    expect(failure).toMatchObject({ kind: 'rate-limited', retryAfterMs: 20_000 })
    expect([mayTryAgain, mayCost]).toEqual([true, 'none'])
  })

  it('is waited out for as long as its body says, where its head says nothing', () => {
    const body = said(BY_PLAN, { code: 429, details: DELAY })
    expect(answered(429, body).failure).toMatchObject({ retryAfterMs: 12_500 })
    expect(answered(503, body).failure).toMatchObject({ kind: 'unavailable', retryAfterMs: 12_500 })
    expect(answered(429, said('later', { retryDelay: 'soon' })).failure).toMatchObject({ retryAfterMs: null })
  })
})

describe('an account without credit', () => {
  it.each([
    [429, said(BY_PLAN, { type: 'insufficient_quota', code: 'insufficient_quota' })],
    [429, said('Your account is not active.', { code: 'billing_not_active' })],
    [400, said('Your credit balance is too low to access the API. Go to Plans & Billing.')],
    [402, said('Insufficient Balance')],
    [402, ''],
  ])('is not asked again after %i', (status, body) => {
    const { failure, mayTryAgain } = answered(status, body, { 'retry-after': '1' })
    expect(failure).toMatchObject({ kind: 'rejected', status })
    expect(failure.message).toContain('no credit')
    expect(mayTryAgain).toBe(false)
  })
})
