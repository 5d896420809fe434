import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { failureOf } from '../../src/domain/failure.ts'
import type { Failure } from '../../src/domain/failure.ts'
import { createCodec } from '../../src/domain/seal.ts'
import type { OsKeyStore } from '../../src/domain/vault.ts'
import { openVault } from '../../src/main/connections/vault/vault.ts'
import type { Vault, VaultOptions } from '../../src/main/connections/vault/vault.ts'
import { keyHolder, keyPath, keyShelf } from '../../src/main/store/key-file.ts'

const PASSPHRASE = 'four unrelated words here'
const OTHER = 'as many other words there'
/** Cheap, so that many are tried in little time; the real cost is exercised once. */
const cost = { memoryKib: 64, passes: 1, lanes: 1 }

let folder: string

beforeEach(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'steward-vault-'))
})
afterEach(() => {
  fs.rmSync(folder, { recursive: true, force: true })
})

const open = (options: Partial<VaultOptions> = {}) => openVault({ shelf: keyShelf(folder), cost, ...options })
const seal = (vault: Vault, text = 'text') => createCodec(vault.records).seal(text, 'c')
const unseal = (vault: Vault, sealed: Uint8Array) => createCodec(vault.records).open(sealed, 'c')

async function failing(work: () => unknown): Promise<Failure> {
  try {
    await work()
  } catch (error) {
    return failureOf(error)
  }
  throw new Error('it did not fail')
}

/** What the shell does with the system's keychain, by a mask that only this one knows. */
function keychain(available = true): OsKeyStore {
  const mask = async (bytes: Uint8Array) => bytes.map(byte => byte ^ 0x5a)
  return { name: 'Keychain', isAvailable: async () => available, seal: mask, open: mask }
}

describe('who holds the key', () => {
  it('is a file where nobody else can, and it says so plainly', async () => {
    const vault = await open()
    expect(vault.status()).toMatchObject({ state: 'open', recordsOpen: true, holder: 'file', rotations: 0 })
    expect(vault.status().message).toContain('nothing else protects them')
    expect(fs.statSync(keyPath(folder)).mode & 0o777).toBe(0o600)
    expect(unseal(await open(), seal(vault))).toBe('text')
  })

  it('is the passphrase a new folder is started with; without it nothing opens', async () => {
    const sealed = seal(await open({ passphrase: PASSPHRASE }))
    expect(unseal(await open({ passphrase: PASSPHRASE }), sealed)).toBe('text')
    for (const passphrase of [undefined, OTHER]) {
      const shut = await open({ passphrase })
      expect(shut.status()).toMatchObject({ state: 'locked', recordsOpen: false, holder: 'passphrase' })
      expect((await failing(() => seal(shut))).kind).toBe('vault-locked')
      expect((await failing(() => shut.records.auditKey())).kind).toBe('vault-locked')
    }
  })

  it('is the system’s keychain where it protects something, and not where it does not', async () => {
    const sealed = seal(await open({ os: keychain() }))
    expect(keyHolder(folder)).toBe('os')
    expect(unseal(await open({ os: keychain() }), sealed)).toBe('text')
    const elsewhere = await open({ os: keychain(false) })
    expect(elsewhere.status()).toMatchObject({ state: 'locked', holder: 'os' })
    expect(await failing(() => elsewhere.unlock())).toMatchObject({ kind: 'vault-locked' })
    fs.rmSync(keyPath(folder))
    expect((await open({ os: keychain(false) })).status().holder).toBe('file')
  })

  it('is not changed by a passphrase given later, and that it is unused is said', async () => {
    const sealed = seal(await open())
    const vault = await open({ passphrase: PASSPHRASE })
    expect(vault.status()).toMatchObject({ holder: 'file' })
    expect(vault.status().message).toContain('is not used by this folder')
    expect(unseal(vault, sealed)).toBe('text')
  })

  it('refuses a short passphrase, with nothing written', async () => {
    expect(await failing(() => open({ passphrase: 'short' }))).toMatchObject({ kind: 'invalid-input' })
    expect(keyHolder(folder)).toBeNull()
  })

  it('takes a passphrase however its characters were typed, at the cost that RFC 9106 asks for', async () => {
    const vault = await open({ passphrase: 'Gru\u0308sse an alle', cost: undefined })
    const stored = keyShelf(folder).read()
    expect(stored?.holder).toMatchObject({ memoryKib: 65_536, passes: 3 })
    expect(unseal(await open({ passphrase: 'Gr\u00fcsse an alle' }), seal(vault))).toBe('text')
  })
})

describe('locking', () => {
  it('keeps credentials out of reach while what is recorded goes on being recorded', async () => {
    const vault = await open({ passphrase: PASSPHRASE })
    const credential = createCodec(vault.credentials).seal('key', 'c')
    expect(vault.lock()).toMatchObject({ state: 'locked', recordsOpen: true })
    expect((await failing(() => createCodec(vault.credentials).open(credential, 'c'))).kind).toBe(
      'vault-locked',
    )
    const sealed = seal(vault)
    expect(await failing(() => vault.unlock(OTHER))).toMatchObject({
      kind: 'invalid-input',
      path: 'passphrase',
    })
    expect(await failing(() => vault.unlock())).toMatchObject({ kind: 'invalid-input' })
    expect(vault.status().state).toBe('locked')
    expect(await vault.unlock(PASSPHRASE)).toMatchObject({ state: 'open' })
    expect(createCodec(vault.credentials).open(credential, 'c')).toBe('key')
    expect(unseal(vault, sealed)).toBe('text')
  })

  it('is undone without a question where nobody has to be asked', async () => {
    const vault = await open()
    vault.lock()
    expect(vault.status().state).toBe('locked')
    expect((await vault.unlock()).state).toBe('open')
  })

  it('a vault that was never opened opens by its passphrase, and tells whoever waits', async () => {
    const sealed = seal(await open({ passphrase: PASSPHRASE }))
    const vault = await open()
    let told = 0
    vault.onChange(() => {
      told++
    })
    const waiting = vault.opened.then(() => 'opened')
    expect(await Promise.race([waiting, Promise.resolve('waiting')])).toBe('waiting')
    expect(vault.lock()).toMatchObject({ state: 'locked', recordsOpen: false })
    await vault.unlock(PASSPHRASE)
    expect(await waiting).toBe('opened')
    expect(told).toBe(1)
    expect(unseal(vault, sealed)).toBe('text')
  })
})

describe('rotation', () => {
  it('J12 seals anew under new keys, and everything older still opens, also at the next start', async () => {
    const vault = await open()
    const first = seal(vault, 'first')
    const auditKey = Buffer.from(vault.records.auditKey())
    expect(await vault.rotate({})).toMatchObject({ rotations: 1, holder: 'file' })
    const second = seal(vault, 'second')
    expect([first[0], second[0]]).toEqual([1, 2])
    const next = await open()
    expect([unseal(next, first), unseal(next, second)]).toEqual(['first', 'second'])
    expect(auditKey.equals(next.records.auditKey())).toBe(true)
    expect(next.status().rotations).toBe(1)
  })

  it('J12 hands the keys from holder to holder without losing any', async () => {
    const os = keychain()
    const vault = await open({ os: undefined })
    const sealed = [seal(vault, '0')]
    await vault.rotate({ holder: 'passphrase', newPassphrase: PASSPHRASE })
    sealed.push(seal(vault, '1'))
    await vault.rotate({ passphrase: PASSPHRASE, newPassphrase: OTHER })
    sealed.push(seal(vault, '2'))
    expect((await open({ passphrase: PASSPHRASE })).status().state).toBe('locked')
    const withOs = await open({ passphrase: OTHER, os })
    await withOs.rotate({ holder: 'os', passphrase: OTHER })
    sealed.push(seal(withOs, '3'))
    expect((await open({ passphrase: OTHER })).status().state).toBe('locked')
    const last = await open({ os })
    await last.rotate({ holder: 'file' })
    const end = await open()
    expect(sealed.map(each => unseal(end, each))).toEqual(['0', '1', '2', '3'])
    expect(end.status()).toMatchObject({ holder: 'file', rotations: 4 })
  })

  it('asks for the passphrase it replaces or wraps with again, and changes nothing without it', async () => {
    const vault = await open({ passphrase: PASSPHRASE })
    const before = fs.readFileSync(keyPath(folder), 'utf8')
    for (const rotation of [
      {},
      { passphrase: OTHER },
      { holder: 'file' as const },
      { holder: 'file' as const, passphrase: OTHER },
    ])
      expect(await failing(() => vault.rotate(rotation))).toMatchObject({
        kind: 'invalid-input',
        path: 'passphrase',
      })
    expect(
      await failing(() => vault.rotate({ passphrase: PASSPHRASE, newPassphrase: 'short' })),
    ).toMatchObject({
      path: 'newPassphrase',
    })
    expect(await failing(() => vault.rotate({ holder: 'os', passphrase: PASSPHRASE }))).toMatchObject({
      path: 'holder',
    })
    vault.lock()
    expect(await failing(() => vault.rotate({ passphrase: PASSPHRASE }))).toMatchObject({
      kind: 'vault-locked',
    })
    expect(fs.readFileSync(keyPath(folder), 'utf8')).toBe(before)
    await vault.unlock(PASSPHRASE)
    await vault.rotate({ passphrase: PASSPHRASE })
    expect((await open({ passphrase: PASSPHRASE })).status()).toMatchObject({ state: 'open', rotations: 1 })
  })

  it('J12 a disk that refuses the new file leaves the old keys in use', async () => {
    const shelf = keyShelf(folder)
    const vault = await open({
      shelf: {
        read: () => shelf.read(),
        write: stored => {
          if (stored.holder.kind === 'passphrase') throw Object.assign(new Error('full'), { code: 'ENOSPC' })
          shelf.write(stored)
        },
      },
    })
    const sealed = seal(vault)
    expect(
      await failing(() => vault.rotate({ holder: 'passphrase', newPassphrase: PASSPHRASE })),
    ).toMatchObject({
      kind: 'disk-full',
    })
    expect(vault.status()).toMatchObject({ holder: 'file', rotations: 0 })
    expect(unseal(await open(), sealed)).toBe('text')
    expect(unseal(await open(), seal(vault))).toBe('text')
  })

  it('two rotations at once follow each other', async () => {
    const vault = await open()
    const ends = await Promise.all([vault.rotate({}), vault.rotate({})])
    expect(ends.map(end => end.rotations)).toEqual([1, 2])
    expect((await open()).status().rotations).toBe(2)
  })
})

describe('a key file that was tampered with', () => {
  it('opens nothing, says so, and is left as it is', async () => {
    await open({ os: keychain() })
    const stored = keyShelf(folder).read()
    if (stored === null) throw new Error('no keys')
    keyShelf(folder).write({ ...stored, id: '0'.repeat(32) })
    const before = fs.readFileSync(keyPath(folder), 'utf8')
    expect(await failing(() => open({ os: keychain() }))).toMatchObject({ kind: 'vault-locked' })
    expect(fs.readFileSync(keyPath(folder), 'utf8')).toBe(before)
  })
})
