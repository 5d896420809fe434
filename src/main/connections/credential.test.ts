import { inspect } from 'node:util'
import { describe, expect, it } from 'vitest'
import { failureOf } from '../../domain/failure.ts'
import { Credential } from './credential.ts'

const CANARY = 'canary-7d1f0c'
const credential = new Credential({
  connection: 'mail',
  origins: ['https://api.example.com'],
  attachment: { headers: { authorization: `Bearer ${CANARY}` }, query: { key: CANARY } },
  secrets: [CANARY],
})

describe('a credential', () => {
  it('goes to its own origins and to no other', () => {
    const own = new URL('https://api.example.com/a?b=1')
    expect(credential.headersFor(own)).toEqual({ authorization: `Bearer ${CANARY}` })
    expect(credential.addressFor(own).href).toBe(`https://api.example.com/a?b=1&key=${CANARY}`)
    for (const other of [
      'http://api.example.com/a',
      'https://api.example.com:8443/a',
      'https://example.com/a',
      'https://api.example.com.evil.example/a',
    ]) {
      expect(credential.headersFor(new URL(other))).toEqual({})
      expect(credential.addressFor(new URL(other)).href).toBe(other)
      expect(() => {
        credential.checkPlace(new URL(other))
      }).toThrow(/is for https:\/\/api\.example\.com only.*Nothing was sent/)
    }
  })

  it('is told nowhere it is printed, copied, thrown or enumerated', () => {
    const place = new URL(`https://${CANARY}.example.com`)
    let refused = ''
    try {
      credential.checkPlace(place)
    } catch (error) {
      refused = JSON.stringify(failureOf(error))
    }
    const shown = [
      JSON.stringify({ credential }),
      inspect(credential, { depth: 9, showHidden: true }),
      JSON.stringify(Object.entries(credential)),
      refused,
    ]
    for (const text of shown) expect(text).not.toContain(CANARY)
    expect(refused).toContain('mail')
    expect(() => structuredClone(credential)).not.toThrow()
    expect(JSON.stringify(structuredClone(credential))).not.toContain(CANARY)
  })

  it('hides what stands in a header after its scheme', () => {
    const basic = Buffer.from('user:passphrase').toString('base64')
    const made = new Credential({
      connection: 'c',
      origins: [],
      attachment: { headers: { authorization: `Basic ${basic}` } },
      secrets: ['passphrase'],
    })
    expect(made.hideInText(`got ${basic} and passphrase`)).toBe('got ••• and •••')
  })
})
