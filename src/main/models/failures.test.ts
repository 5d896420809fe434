import { describe, expect, it } from 'vitest'
import { TOO_LONG } from '../../domain/model.ts'
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

describe('an answer that is asked for at too great a length', () => {
  it.each([
    ['OpenAI', 'max_tokens is too large: 16000. This model supports at most 4096 completion tokens.', 4_096],
    ['DeepSeek', 'Invalid max_tokens value, the valid range of max_tokens is [1, 8192]', 8_192],
    [
      'Groq',
      '`max_tokens` must be less than or equal to `8192`, the maximum value for `max_tokens` is less than the `context_window` for this model',
      8_192,
    ],
    [
      'Anthropic',
      'max_tokens: 16000 > 8192, which is the maximum allowed number of output tokens for claude-3-5-sonnet-20241022',
      8_192,
    ],
    [
      'Gemini',
      'Unable to submit request because it has a maxOutputTokens value of 16000 but the supported range is from 1 (inclusive) to 8193 (exclusive).',
      8_192,
    ],
    ['one with a comma', 'max_output_tokens may be at most 8,192', 8_192],
  ])('is told from too much that was sent, and %s names how much', (_who, message, limit) => {
    const { failure, refused, named } = answered(400, said(message))
    expect(failure).not.toHaveProperty('detail')
    expect(failure.message).not.toContain('More was sent')
    expect(refused).toContain('room')
    expect(Math.max(...named.filter(each => each < 16_000))).toBe(limit)
  })

  it.each([
    'max_tokens is too large: 16000. This model’s maximum context length is 8192 tokens and your request has 1000 input tokens',
    'input length and `max_tokens` exceed context limit: 188240 + 21333 > 200000',
    '`inputs` tokens + `max_new_tokens` must be <= 8193',
  ])('beside what is sent is both', message => {
    const { failure, refused } = answered(400, said(message))
    expect(failure).toMatchObject({ kind: 'rejected', detail: TOO_LONG })
    expect(refused).toEqual(['rest'])
  })

  it.each([
    [400, 'This model’s maximum context length is 8192 tokens. Please reduce the length of the messages.'],
    [400, 'Unsupported parameter: max_tokens. The maximum is set with max_completion_tokens.'],
    [
      400,
      'Could not finish as the limit of max_tokens was reached. Please try again with higher max_tokens.',
    ],
    [402, 'This request requires more credits, or fewer max_tokens: you can afford at most 2000.'],
  ])('is not what %i says with “%s”', (status, message) => {
    const { refused } = answered(status, said(message))
    expect(refused.filter(each => each === 'room' || each === 'rest')).toEqual([])
  })
})

describe('what an answer that is none may have cost', () => {
  it.each([408, 502, 504, 520, 522, 524])('is not known after %i: the model may have gone on', status => {
    const { failure, mayCost, mayTryAgain } = answered(status, '')
    expect([failure.kind, mayCost, mayTryAgain]).toEqual(['unavailable', 'unknown', true])
  })

  it.each([400, 409, 413, 425, 429, 500, 503, 529])('is nothing after %i', status => {
    expect(answered(status, '').mayCost).toBe('none')
  })
})
