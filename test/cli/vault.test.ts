import fs from 'node:fs'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { serveHttp } from '../support/loopback-server.ts'
import { Steward } from './steward.ts'
import type { Ended } from './steward.ts'

const CANARY = 'canary-7d1f0c9a55'
const PASSPHRASE = 'four unrelated canaries here'

let steward: Steward
const said: Ended[] = []

beforeEach(() => {
  steward = new Steward()
})
afterEach(() => {
  steward.end()
  said.length = 0
})

async function run(...args: string[]): Promise<Ended> {
  const end = await steward.run(...args)
  said.push(end)
  return end
}

describe('connections on the command line', () => {
  it('are added, listed, checked and removed, and their secret is said nowhere', async () => {
    const site = await serveHttp((request, response) => {
      response.writeHead(request.headers.authorization === `Bearer ${CANARY}` ? 200 : 401).end('{}')
    })
    const core = await steward.serve()
    try {
      const host = `http://${site.host}`
      const secret = steward.write('secret', `${CANARY}\n`)
      const add = ['connections', 'add', 'shop', '--kind', 'http', '--host', host, '--set', 'check=/me']
      expect(await run(...add)).toMatchObject({ code: 2, out: '' })
      const added = await run(...add, '--secret-file', secret, '--json')
      expect(added).toMatchObject({ code: 0 })
      expect(added.json()).toMatchObject({ name: 'shop', state: 'connected', origins: [host] })
      expect((await run('connections', 'list')).out).toMatch(/shop +http +connected/)
      expect((await run('connections', 'kinds')).out).toMatch(/searxng[^]*brave[^]*tavily/)
      const wrong = steward.write('wrong', 'another-key')
      const replaced = await run('connections', 'add', 'shop', '--secret-file', wrong)
      expect(replaced.code).toBe(1)
      expect(replaced.out).toMatch(/State +refused/)
      expect((await run('connections', 'remove', 'shop')).out).toBe('Removed shop and its credential.\n')
      expect(await run('connections', 'check', 'shop')).toMatchObject({ code: 2 })
      for (const end of said) expect(end.out + end.err).not.toContain(CANARY)
    } finally {
      await core.stop()
      await site.close()
    }
    for (const file of fs.readdirSync(path.join(steward.home, 'logs')))
      expect(fs.readFileSync(path.join(steward.home, 'logs', file), 'utf8')).not.toContain(CANARY)
  })
})

describe('the vault on the command line', () => {
  it('is put under a passphrase, keeps everything shut without it, and opens with it', async () => {
    const word = steward.write('word', `${PASSPHRASE}\n`)
    const first = await steward.serve()
    const before = await run('vault')
    expect(before).toMatchObject({ code: 0 })
    expect(before.out).toContain('nothing else protects them')
    expect(await run('vault', 'rotate', '--holder', 'passphrase')).toMatchObject({ code: 2 })
    const inbox = fs.mkdtempSync(path.join(steward.folder, 'tidied-'))
    await run('gallery', 'add', 'tidy-folder', '--set', `folder=${inbox}`, '--name', 'tidy')
    await run('run', 'tidy')
    const rotated = await run(
      'vault',
      'rotate',
      '--holder',
      'passphrase',
      '--new-passphrase-file',
      word,
      '--json',
    )
    expect(rotated.json()).toMatchObject({ holder: 'passphrase', rotations: 1, state: 'open' })
    await first.stop()

    expect((await run('doctor', '--json')).json()).toMatchObject({ ok: false })
    expect(await run('audit', 'verify')).toMatchObject({ code: 1 })
    const backup = path.join(steward.folder, 'b.db')
    expect(await run('backup', backup)).toMatchObject({ code: 0 })
    const refused = await run('restore', backup)
    expect(refused).toMatchObject({ code: 1 })
    expect(refused.err).toContain('STEWARD_PASSPHRASE_FILE')

    const locked = await steward.serveLocked()
    expect(locked.line).toMatch(/The vault is locked.*http:\/\/127\.0\.0\.1:\d+.*steward vault unlock/)
    expect((await run('inbox')).out).toContain('tidy')
    const wrong = steward.write('wrong', 'not that one at all')
    expect(await run('vault', 'unlock', '--passphrase-file', wrong)).toMatchObject({ code: 2 })
    expect(await run('vault', 'unlock', '--passphrase-file', word)).toMatchObject({ code: 0 })
    expect(await run('automations')).toMatchObject({ code: 0 })
    expect(await run('audit', 'verify')).toMatchObject({ code: 0 })
    expect(await locked.stop()).toMatchObject({ code: 0 })
    for (const end of said) expect(end.out + end.err).not.toContain('canaries')
  })

  it('can be left at its door with Ctrl-C', async () => {
    const word = steward.write('word', PASSPHRASE)
    const first = await steward.serve()
    await run('vault', 'rotate', '--holder', 'passphrase', '--new-passphrase-file', word)
    await first.stop()
    const locked = await steward.serveLocked()
    expect(await locked.stop()).toMatchObject({ code: 0, out: '' })
    expect(await run('automations')).toMatchObject({ code: 3 })
  })
})
