import { describe, expect, it } from 'vitest'
import { parseContract } from '../contract-check.ts'
import { contractText } from '../contract-text.ts'
import { declarationOf, TRIGGERS, triggerSchema } from './list.ts'

const contract = (when: unknown[], more: object = {}) => ({
  schema: 1,
  title: 'Test',
  promise: 'Tests triggers.',
  zone: 'UTC',
  when,
  uses: [],
  reads: { hosts: ['example.com', '*.example.org'], paths: ['/home/me'] },
  ...more,
})

function refusal(trigger: unknown, more: object = {}): string {
  const answer = parseContract(contract([trigger], more))
  return answer.ok ? 'accepted' : answer.failure.message
}

describe('every trigger', () => {
  it.each(TRIGGERS.map(declared => [declared.kind, declared] as const))(
    '%s has examples that a contract takes, in words of their own',
    (kind, declared) => {
      for (const example of declared.examples) {
        const read = parseContract(contract([example]))
        expect(read).toMatchObject({ ok: true, contract: { when: [{ ...example }] } })
        const words = read.ok ? (contractText(read.contract)[0]?.lines[0] ?? '') : ''
        expect(words).toMatch(/^[A-Z].{10,}[^.]$/)
        expect(words).not.toContain('undefined')
      }
      expect(declared.examples.length).toBeGreaterThan(0)
      expect(declarationOf({ kind } as never).title).toBe(declared.title)
    },
  )

  it('is written in a contract as it was before it was declared so', () => {
    const before = [
      { kind: 'manual' },
      { kind: 'interval', everyMs: 1_000 },
      { kind: 'cron', expression: '0 8 * * *', zone: 'Europe/Berlin' },
      { kind: 'once', local: '2026-03-29T08:00' },
      { kind: 'event', topic: 'filed' },
    ]
    expect(before.map(trigger => triggerSchema.parse(trigger))).toEqual(before)
  })

  it('refuses what it does not know, and says what to write', () => {
    expect(refusal({ kind: 'sometimes' })).toContain('it is one of manual, interval, cron')
    expect(refusal({ kind: 'feed' })).toContain('when[0].url: is missing')
    expect(refusal({ kind: 'feed', url: 'example.com/feed' })).toContain('such as https://example.com/news')
    expect(refusal({ kind: 'feed', url: 'https://me:pw@example.com/' })).toContain(
      'without user and password',
    )
    expect(refusal({ kind: 'page', url: 'https://example.com', everyMs: 100 })).toContain('look less often')
    expect(refusal({ kind: 'files', folder: '/home/me', existing: 'all' })).toContain('“process”')
    expect(refusal({ kind: 'files', folder: '/home/me', on: [] })).toContain('write ["created"]')
    expect(refusal({ kind: 'webhook', verify: 'token' })).toContain('Standard Webhooks')
    expect(refusal({ kind: 'webhook', connection: 'mine' })).toContain('unless verify is “hub”')
  })

  it('P2 watches only what the contract lets it read', () => {
    expect(refusal({ kind: 'feed', url: 'https://a.example.org/feed' })).toBe('accepted')
    expect(refusal({ kind: 'feed', url: 'https://example.org/feed' })).toContain('not among reads.hosts')
    expect(refusal({ kind: 'page', url: 'https://example.com:8443/' })).toContain('not among reads.hosts')
    expect(refusal({ kind: 'files', folder: '/home/me/in' })).toBe('accepted')
    expect(refusal({ kind: 'files', folder: '/home/metoo' })).toContain('not among reads.paths')
    expect(refusal({ kind: 'files', folder: '/home/me/../you' })).toContain('absolute path without “..”')
    const never = { never: { hosts: ['b.example.org'], paths: ['/home/me/secret'] } }
    expect(refusal({ kind: 'feed', url: 'https://b.example.org/feed' }, never)).toContain('under never.hosts')
    expect(refusal({ kind: 'files', folder: '/home/me/secret/in' }, never)).toContain('under never.paths')
  })

  it('watches each thing once, and has each address once', () => {
    const twice = (a: object, b: object) => {
      const answer = parseContract(contract([a, b]))
      return answer.ok ? 'accepted' : answer.failure.message
    }
    const url = 'https://example.com/feed'
    expect(twice({ kind: 'feed', url }, { kind: 'feed', url, everyMs: 60_000 })).toContain(
      'the same as when[0]',
    )
    expect(twice({ kind: 'feed', url }, { kind: 'page', url })).toBe('accepted')
    expect(twice({ kind: 'webhook' }, { kind: 'webhook', verify: 'hub' })).toContain('the same as when[0]')
    expect(twice({ kind: 'webhook' }, { kind: 'webhook', name: 'other' })).toBe('accepted')
    expect(twice({ kind: 'manual' }, { kind: 'manual' })).toBe('accepted')
  })
})
