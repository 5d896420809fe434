import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Json } from '../../domain/json.ts'
import type { WaitRequest } from '../../domain/tool.ts'
import { flowTools } from './flow.ts'
import { createRegistry, validateInput } from './registry.ts'
import { scopeForTests } from '../../../test/support/tool-scope.ts'

const registry = createRegistry(flowTools())
const march = Date.UTC(2026, 2, 28, 1, 30)

function wait(name: string, input: Json, now = march): WaitRequest {
  const tool = registry.get(name)
  if (tool?.wait === undefined) throw new Error(`${name} does not wait.`)
  const checked = validateInput(tool, input)
  if (!checked.ok) throw new Error(checked.failure.message)
  return tool.wait(checked.value, now)
}

function wakes(input: Json, now = march): string {
  const request = wait('flow.sleep', input, now)
  return request.kind === 'sleep'
    ? `${new Date(request.until).toISOString()} ${request.localTime} ${request.zone}`
    : ''
}

describe('flow.now', () => {
  it("S3 tells the host's time, in the contract's zone or the one asked for", async () => {
    const { call } = scopeForTests({ zone: 'Europe/Berlin', now: Date.UTC(2026, 2, 29, 1) })
    expect(await call(registry.get('flow.now'), {})).toMatchObject({
      iso: '2026-03-29T01:00:00.000Z',
      local: '2026-03-29T03:00:00',
      zone: 'Europe/Berlin',
      weekday: 7,
    })
    expect(await call(registry.get('flow.now'), { zone: 'America/New_York' })).toMatchObject({
      date: '2026-03-28',
      offsetMinutes: -240,
    })
  })
})

describe('flow.random and flow.uuid', () => {
  const { call } = scopeForTests()

  it('draws within its bounds, whole numbers from both ends', async () => {
    const bound = fc.integer({ min: -1_000_000, max: 1_000_000 })
    await fc.assert(
      fc.asyncProperty(bound, fc.integer({ min: 1, max: 5 }), fc.boolean(), async (min, span, integer) => {
        const drawn = (await call(registry.get('flow.random'), { min, max: min + span, integer })) as number
        expect(drawn).toBeGreaterThanOrEqual(min)
        expect(drawn).toBeLessThanOrEqual(min + span)
        expect(integer ? Number.isInteger(drawn) : drawn < min + span).toBe(true)
      }),
    )
    const dice = await Promise.all(
      Array.from({ length: 400 }, () => call(registry.get('flow.random'), { min: 1, max: 6, integer: true })),
    )
    expect([...new Set(dice)].sort()).toEqual([1, 2, 3, 4, 5, 6])
  })

  it('refuses bounds that leave nothing to draw', async () => {
    await expect(call(registry.get('flow.random'), { min: 2, max: 2 })).rejects.toThrow('greater than min')
    await expect(call(registry.get('flow.random'), { min: 1.2, max: 1.8, integer: true })).rejects.toThrow(
      'no whole number',
    )
  })

  it('makes ids that differ', async () => {
    const ids = await Promise.all([1, 2, 3].map(() => call(registry.get('flow.uuid'), {})))
    expect(new Set(ids).size).toBe(3)
  })
})

describe('flow.sleep', () => {
  const cases: [input: Json, wakes: string][] = [
    [{ for: '90m' }, '2026-03-28T03:00:00.000Z 2026-03-28T03:00:00.000 UTC'],
    [{ hours: 1, minutes: 30 }, '2026-03-28T03:00:00.000Z 2026-03-28T03:00:00.000 UTC'],
    [{ ms: 1 }, '2026-03-28T01:30:00.001Z 2026-03-28T01:30:00.001 UTC'],
    [{ hours: 24, zone: 'Europe/Berlin' }, '2026-03-29T01:30:00.000Z 2026-03-29T03:30:00.000 Europe/Berlin'],
    [{ for: '3d', zone: 'Europe/Berlin' }, '2026-03-31T00:30:00.000Z 2026-03-31T02:30:00.000 Europe/Berlin'],
    [{ days: 1, zone: 'Europe/Berlin' }, '2026-03-29T01:30:00.000Z 2026-03-29T03:30:00.000 Europe/Berlin'],
    [
      { until: '2026-03-29T02:30', zone: 'Europe/Berlin' },
      '2026-03-29T01:30:00.000Z 2026-03-29T03:30:00.000 Europe/Berlin',
    ],
    [
      { until: '2026-10-25T02:30', zone: 'Europe/Berlin' },
      '2026-10-25T00:30:00.000Z 2026-10-25T02:30:00.000 Europe/Berlin',
    ],
    [{ until: '2026-04-01T00:00:00Z' }, '2026-04-01T00:00:00.000Z 2026-04-01T00:00:00.000 UTC'],
    [{ until: '2020-01-01' }, '2020-01-01T00:00:00.000Z 2020-01-01T00:00:00.000 UTC'],
  ]
  it.each(cases)('J6 from 28 March 2026, 01:30 UTC, %j', (input, expected) => {
    expect(wakes(input)).toBe(expected)
  })

  it('keeps the wall clock over the end of summer time', () => {
    const october = Date.UTC(2026, 9, 24, 12)
    expect(wakes({ for: '1d', zone: 'Europe/Berlin' }, october)).toContain(
      '2026-10-25T13:00:00.000Z 2026-10-25T14:00',
    )
    expect(wakes({ for: '24h', zone: 'Europe/Berlin' }, october)).toContain(
      '2026-10-25T12:00:00.000Z 2026-10-25T13:00',
    )
  })

  it('wakes after exactly the time asked for, below a day and in UTC', () => {
    fc.assert(
      fc.property(fc.nat(4_000_000_000_000), fc.nat(100_000), (now, minutes) => {
        const request = wait('flow.sleep', { for: `${minutes}m` }, now)
        expect(request).toMatchObject({ kind: 'sleep', until: now + minutes * 60_000 })
      }),
    )
  })

  const refused: [input: Json, why: RegExp][] = [
    [{}, /exactly one way/],
    [{ for: '1d', ms: 5 }, /exactly one way/],
    [{ for: '1d', until: '2026-01-01' }, /exactly one way/],
    [{ for: 'a while' }, /“for” is not a length of time/],
    [{ until: '10:30' }, /“until” is not an ISO date/],
    [{ ms: -1 }, /at least 0/],
    [{ days: 1.5 }, /whole number/],
    [{ for: '1d', zone: 'Nowhere' }, /IANA/],
  ]
  it.each(refused)('refuses %j', (input, why) => {
    expect(() => wait('flow.sleep', input)).toThrow(why)
  })

  it('is never run as a call', async () => {
    await expect(scopeForTests().call(registry.get('flow.sleep'), { ms: 1 })).rejects.toThrow(
      'A wait was run',
    )
  })
})

describe('flow.waitFor and flow.ask', () => {
  it('J6 wait for ever, or until their timeout in the zone', () => {
    expect(wait('flow.waitFor', { name: 'paid' })).toEqual({ kind: 'signal', name: 'paid', until: null })
    expect(wait('flow.waitFor', { name: 'paid', timeout: '1d', zone: 'Europe/Berlin' })).toEqual({
      kind: 'signal',
      name: 'paid',
      until: Date.UTC(2026, 2, 29, 1, 30),
    })
    expect(wait('flow.ask', { question: 'Go?', choices: ['Yes', 'No'], timeout: '1h' })).toEqual({
      kind: 'ask',
      question: 'Go?',
      choices: ['Yes', 'No'],
      freeText: false,
      until: march + 3_600_000,
    })
    expect(wait('flow.ask', { question: 'Who?' })).toMatchObject({ choices: [], freeText: true, until: null })
    expect(wait('flow.ask', { question: 'Who?', choices: ['Me'], freeText: true })).toMatchObject({
      freeText: true,
    })
  })

  it('refuse what nobody could answer or send', () => {
    expect(() => wait('flow.waitFor', { name: 'Paid!' })).toThrow('lower-case letters')
    expect(() => wait('flow.ask', { question: 'Go?', choices: ['Yes', 'Yes'] })).toThrow('a choice twice')
    expect(() => wait('flow.ask', { question: 'Go?', freeText: false })).toThrow('no way to answer')
  })

  it('promise what the engine resolves them to', () => {
    const outputs: [string, Json][] = [
      ['flow.waitFor', { payload: { a: 1 } }],
      ['flow.waitFor', { timedOut: true }],
      ['flow.ask', { answer: 'Yes' }],
      ['flow.ask', { timedOut: true }],
      ['flow.sleep', { wokeAt: 1 }],
    ]
    for (const [name, output] of outputs)
      expect(registry.get(name)?.output.safeParse(output).success).toBe(true)
  })
})

describe('flow.publish', () => {
  it('J2 stages an event on a topic the contract lists, and no other', async () => {
    const { call, staged } = scopeForTests({ publishes: ['invoice-filed'] })
    const publish = registry.get('flow.publish')
    await call(publish, { topic: 'invoice-filed', payload: { id: 7 } })
    await call(publish, { topic: 'invoice-filed' })
    expect(staged).toEqual([
      { kind: 'publish', topic: 'invoice-filed', payload: { id: 7 } },
      { kind: 'publish', topic: 'invoice-filed', payload: null },
    ])
    await expect(call(publish, { topic: 'other' })).rejects.toMatchObject({
      failure: { kind: 'not-permitted', clause: 'publishes' },
    })
    expect(staged).toHaveLength(2)
  })
})
