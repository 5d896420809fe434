import { describe, expect, it } from 'vitest'
import { ask, failureFrom, open, serve } from '../../../../test/support/guarded-client.ts'
import type { LoopbackServer } from '../../../../test/support/loopback-server.ts'
import { Credential } from '../../connections/credential.ts'
import { sentOf } from './failures.ts'

function keyOf(server: LoopbackServer, key: string): Credential {
  return new Credential({
    connection: key,
    origins: [new URL(server.url()).origin],
    attachment: { headers: { 'x-key': key } },
    secrets: [],
  })
}

describe('the account of a connection', () => {
  it('R5 holds an account back that answered 429, and nobody else at the host', async () => {
    const server = await serve((request, response) => {
      const status = request.headers['x-key'] === 'a' ? 429 : 200
      response.writeHead(status, status === 429 ? { 'retry-after': '30' } : {}).end()
    })
    const client = open()
    const as = (key: string) => client.request(ask(server.url(), { credential: keyOf(server, key) }))
    expect(await failureFrom(as('a'))).toMatchObject({ kind: 'rate-limited', retryAfterMs: 30_000 })
    expect(sentOf(await failureFrom(as('a')))).toBe('no')
    expect((await as('b')).status).toBe(200)
    expect((await client.request(ask(server.url()))).status).toBe(200)
    expect(server.seen).toHaveLength(3)
  })

  it('R5 sends four requests at a time as one account, and lets those go that no longer wait', async () => {
    const open4: (() => void)[] = []
    const server = await serve((_, response) => {
      open4.push(() => response.end())
    })
    const client = open()
    const credential = keyOf(server, 'a')
    const aborted = new AbortController()
    const asked = Array.from({ length: 6 }, () => client.request(ask(server.url(), { credential })))
    const given = client.request(ask(server.url(), { credential, signal: aborted.signal }))
    const other = client.request(ask(server.url(), { credential: keyOf(server, 'b') }))
    await expect.poll(() => server.seen.length).toBe(5)
    aborted.abort()
    expect(sentOf(await failureFrom(given))).toBe('no')
    for (let ended = 0; ended < 7; ended++) {
      await expect.poll(() => open4.length).toBeGreaterThan(ended)
      open4[ended]?.()
    }
    await Promise.all([...asked, other])
    expect(server.seen.filter(({ headers }) => headers['x-key'] === 'a')).toHaveLength(6)
  })
})
