import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { dataFolder, ensureToken, openHome, readToken, runningCore } from './home.ts'

let folder: string

beforeEach(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'steward-home-'))
})
afterEach(() => {
  fs.rmSync(folder, { recursive: true, force: true })
})

describe('where the data folder is', () => {
  it.each([
    [{ STEWARD_HOME: '/data/mine' }, 'linux', '/data/mine'],
    [{ STEWARD_HOME: '' }, 'linux', '/home/a/.local/share/steward'],
    [{}, 'linux', '/home/a/.local/share/steward'],
    [{ XDG_DATA_HOME: '/xdg' }, 'linux', '/xdg/steward'],
    [{ XDG_DATA_HOME: 'relative' }, 'linux', '/home/a/.local/share/steward'],
    [{ XDG_DATA_HOME: '/xdg' }, 'darwin', '/home/a/Library/Application Support/Steward'],
    [{ APPDATA: '/roaming' }, 'win32', '/roaming/Steward'],
  ] as const)('with %o on %s it is %s', (env, platform, expected) => {
    expect(dataFolder(env, platform, '/home/a')).toBe(expected)
  })

  it('a relative STEWARD_HOME is taken from where the command was given', () => {
    expect(dataFolder({ STEWARD_HOME: 'here' })).toBe(path.resolve('here'))
  })
})

describe('opening it', () => {
  it('makes it for its owner alone, and leaves nothing behind in it', () => {
    const home = path.join(folder, 'a', 'b')
    openHome(home)
    expect(fs.statSync(home).mode & 0o777).toBe(0o700)
    expect(fs.readdirSync(home)).toEqual([])
    openHome(home)
  })

  it('refuses a file, and a path through one', () => {
    const file = path.join(folder, 'file')
    fs.writeFileSync(file, 'kept')
    for (const home of [file, path.join(file, 'below')]) {
      expect(() => {
        openHome(home)
      }).toThrow(/is not a folder\. Nothing was started or changed\. Choose another with STEWARD_HOME/)
    }
    expect(fs.readFileSync(file, 'utf8')).toBe('kept')
  })

  // A superuser may write anywhere, so there is nothing to refuse.
  it.skipIf(process.getuid?.() === 0)('refuses a folder that may not be written', () => {
    fs.chmodSync(folder, 0o500)
    expect(() => {
      openHome(folder)
    }).toThrow(/may not be written by this user\. Nothing was started or changed/)
    fs.chmodSync(folder, 0o700)
  })

  it.runIf(fs.existsSync('/proc/self'))('refuses a file system that takes no files', () => {
    expect(() => {
      openHome('/proc/self/steward')
    }).toThrow()
  })
})

describe('the token', () => {
  it('is made once, and only its owner can read it', () => {
    const token = ensureToken(folder)
    expect(token).toMatch(/^[A-Za-z0-9_-]{43}$/)
    expect(ensureToken(folder)).toBe(token)
    expect(readToken(folder)).toBe(token)
    fs.chmodSync(path.join(folder, 'token'), 0o644)
    ensureToken(folder)
    expect(fs.statSync(path.join(folder, 'token')).mode & 0o777).toBe(0o600)
  })

  it('is made anew where the file holds none', () => {
    fs.writeFileSync(path.join(folder, 'token'), '')
    expect(readToken(folder)).toBeUndefined()
    expect(ensureToken(folder)).toBe(readToken(folder))
  })
})

describe('the core of a folder', () => {
  const note = (pid: number) => JSON.stringify({ pid, url: 'http://127.0.0.1:4747', startedAt: 1 })

  it('is the one whose process lives', () => {
    expect(runningCore(folder)).toBeUndefined()
    fs.writeFileSync(path.join(folder, 'core.json'), note(process.pid))
    expect(runningCore(folder)).toMatchObject({ pid: process.pid, url: 'http://127.0.0.1:4747' })
  })

  it.each(['', '{', '{}', '{"pid":-1,"url":"http://127.0.0.1:1","startedAt":1}', note(2_147_483_646)])(
    'is none where its note is %s',
    text => {
      fs.writeFileSync(path.join(folder, 'core.json'), text)
      expect(runningCore(folder)).toBeUndefined()
    },
  )
})
