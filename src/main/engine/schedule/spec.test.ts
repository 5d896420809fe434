import { expect, test } from 'vitest'
import { contractFor } from '../../../../test/support/world.ts'
import { contractSchema, type Trigger } from '../../../domain/contract.ts'
import { isFailureError } from '../../../domain/failure.ts'
import type { Json } from '../../../domain/json.ts'
import { checkedContract } from '../install.ts'
import { scheduleSpecSchema, specOf, validateTrigger, zoneOf } from './spec.ts'

const cron = (expression: string): Trigger => ({ kind: 'cron', expression })

test.each([
  '0 8 * * 1-5',
  '*/5 * * * *',
  '30 0 8 * * MON-FRI',
  '0 8 29 2 *',
  '0 8 L * *',
  '0 8 * * 1#1',
  '0  8 * *  ?',
])('R4 the expression "%s" is accepted', expression => {
  expect(validateTrigger(cron(expression))).toBeNull()
})

test.each([
  '0 0 30 2 *',
  '0 0 31 4,6,9,11 *',
  '61 * * * *',
  '0 24 * * *',
  '0 8 0 * *',
  '0 8 * 13 *',
  '0 8 * * 8',
  '5/10 * * * *',
  '*/0 * * * *',
  '5-1 * * * *',
  '0 8 * *',
  '0 8 * * * * *',
  '@annually',
  '0 8 * * +1',
  'at eight o clock daily',
  '0 8 * * Montag',
  '',
])('R4 the expression "%s" is refused with a reason and a next step, never guessed', expression => {
  const failure = validateTrigger(cron(expression))
  expect(failure).toMatchObject({ kind: 'invalid-input', path: 'expression' })
  expect(failure?.message).toContain(`"${expression}"`)
  expect(failure?.message).toMatch(/Nothing was changed\. (Write|Check)/)
  expect(failure?.message).not.toMatch(/CronPattern|!/)
})

test.each([
  '2026-02-30T08:00',
  '2026-03-01T25:00',
  '2026-03-01T24:00',
  '2026-03-01T08:00Z',
  '2026-03-01',
  'tomorrow',
])('R4 the local time "%s" is refused', local => {
  expect(validateTrigger({ kind: 'once', local })).toMatchObject({ kind: 'invalid-input', path: 'local' })
})

test.each(['2026-03-01T08:00', '2026-03-01T08:00:30', '2026-03-01T08:00:30.5', '2028-02-29T00:00'])(
  'R4 the local time "%s" is accepted',
  local => {
    expect(validateTrigger({ kind: 'once', local })).toBeNull()
  },
)

test('R4 an unknown zone is refused', () => {
  const failure = validateTrigger({ kind: 'cron', expression: '0 8 * * *', zone: 'Europe/Atlantis' })
  expect(failure).toMatchObject({ kind: 'invalid-input', path: 'zone' })
  expect(failure?.message).toContain('Europe/Atlantis')
})

test('triggers that time does not start are fine and have no schedule', () => {
  for (const trigger of [{ kind: 'manual' }, { kind: 'event', topic: 'filed' }] satisfies Trigger[]) {
    expect(validateTrigger(trigger)).toBeNull()
    expect(specOf(trigger, 0)).toBeNull()
  }
})

test('a spec survives the database as JSON, and each trigger kind keeps what decides its instants', () => {
  const triggers: Trigger[] = [
    { kind: 'interval', everyMs: 1_000 },
    { kind: 'cron', expression: '0 8 * * *', zone: 'Asia/Kolkata' },
    { kind: 'once', local: '2026-03-01T08:00' },
  ]
  const specs = triggers.map(trigger => specOf(trigger, 42))
  expect(specs.map(spec => scheduleSpecSchema.parse(JSON.parse(JSON.stringify(spec))))).toEqual(specs)
  expect(specs[0]).toEqual({ kind: 'interval', everyMs: 1_000, anchor: 42 })
  expect(triggers.map(trigger => zoneOf(trigger, 'UTC'))).toEqual(['UTC', 'Asia/Kolkata', 'UTC'])
})

test('R4 a local time that the contract accepts although it has an offset is refused here', () => {
  const contract = contractSchema.shape.when.parse([{ kind: 'once', local: '2026-03-01T08:00:00Z' }])
  expect(contract.map(validateTrigger)).toMatchObject([{ kind: 'invalid-input' }])
})

test.each(['* * * *', '@daily', '@hourly', '', '5'])(
  'R4 a contract with the expression "%s" is refused in those words too',
  expression => {
    const json = { ...contractFor({ when: [{ kind: 'cron', expression }] }) } as unknown as Json
    const refused = refusalOf(() => checkedContract(json, 'installed'))
    expect(refused).toContain(`The cron expression "${expression}" was not understood`)
    expect(refused).toContain('Write five fields')
  },
)

test.each([
  [{ kind: 'interval', everyMs: 5 }, 'everyMs: is less than 1000 (1 s): run less often'],
  [{ kind: 'interval', everyMs: 1e12 }, 'everyMs: is more than 31622400000 (366 days)'],
  [{ kind: 'interval', everyMs: 'often' }, 'everyMs: must be a number, not text'],
  [{ kind: 'interval', everyMs: 1_500.5 }, 'everyMs: must be a whole number, not a number'],
  [{ kind: 'interval' }, 'everyMs: is missing'],
  [{ kind: 'once', local: 'tomorrow' }, 'local: is no local date and time such as'],
  [{ kind: 'feed', url: 'https://a.example/f', everyMs: 'soon' }, 'everyMs: must be a number, not text'],
  [{ kind: 'sometimes' }, 'when[0].kind: is not a kind of trigger; it is one of'],
])('R4 %o is refused in words of its own', (trigger, words) => {
  const refused = refusalOf(() =>
    checkedContract({ ...contractFor(), when: [trigger] } as unknown as Json, 'installed'),
  )
  expect(refused).toContain(words)
  expect(refused).not.toMatch(/expected|Invalid|[Tt]oo (small|big)/)
})

function refusalOf(work: () => unknown): string {
  try {
    work()
    return 'was not refused'
  } catch (error) {
    return isFailureError(error) ? error.failure.message : String(error)
  }
}
