import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { auditMac, verifyChain } from '../../domain/audit.ts'
import { failureOf } from '../../domain/failure.ts'
import { newKey, newRing, newRingId, wrapRing } from '../../domain/key-ring.ts'
import { createCodec } from '../../domain/seal.ts'
import { keyFile, keyHolder, keyPath, keyShelf } from './key-file.ts'

let folder: string

beforeEach(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'steward-keys-'))
})
afterEach(() => {
  fs.rmSync(folder, { recursive: true, force: true })
})

const mode = () => fs.statSync(keyPath(folder)).mode & 0o777

describe('the key file', () => {
  it('J12 is made once, for its owner alone, and opens the same again', () => {
    const sealed = createCodec(keyFile(folder)).seal('text', 'c')
    expect(createCodec(keyFile(folder)).open(sealed, 'c')).toBe('text')
    expect(fs.readdirSync(folder)).toEqual(['keys'])
    expect(keyHolder(folder)).toBe('file')
    expect(mode()).toBe(0o600)
    fs.chmodSync(keyPath(folder), 0o644)
    keyFile(folder)
    expect(mode()).toBe(0o600)
  })

  it('J12 P5 plain keys from before go on opening what they sealed and signing the log', () => {
    const plain = Buffer.concat([Buffer.alloc(32, 5), Buffer.alloc(32, 6)])
    fs.writeFileSync(keyPath(folder), plain, { mode: 0o600 })
    const sealed = createCodec({ dataKey: () => new Uint8Array(32).fill(5) }).seal('old', 'c')
    const content = { seq: 1, at: 1, kind: 'k', workflowId: null, runId: null, body: null }
    const row = { ...content, mac: auditMac(new Uint8Array(32).fill(6), '', content) }
    for (let start = 0; start < 2; start++) {
      expect(keyHolder(folder)).toBe('file')
      const keys = keyFile(folder)
      expect(createCodec(keys).open(sealed, 'c')).toBe('old')
      expect(verifyChain(keys.auditKey(), [row])).toMatchObject({ ok: true })
      expect(fs.readFileSync(keyPath(folder)).includes(plain)).toBe(false)
    }
    expect(mode()).toBe(0o600)
  })

  it('J12 a draft that a crash left behind is no obstacle, and never read', () => {
    const sealed = createCodec(keyFile(folder)).seal('text', 'c')
    fs.writeFileSync(`${keyPath(folder)}.new`, '{"format":1')
    const shelf = keyShelf(folder)
    const stored = shelf.read()
    expect(createCodec(keyFile(folder)).open(sealed, 'c')).toBe('text')
    if (stored !== null) shelf.write(stored)
    expect(fs.readdirSync(folder)).toEqual(['keys'])
    expect(shelf.read()).toEqual(stored)
  })

  it.each(['', 'x'.repeat(63), '{', '{"format":1}', `"${'x'.repeat(70_000)}"`])(
    'one that holds %# is refused, and left as it was',
    text => {
      fs.writeFileSync(keyPath(folder), text)
      expect(() => keyFile(folder)).toThrow(/is damaged.*Nothing was changed\. Put the key file back/)
      expect(keyHolder(folder)).toBe('damaged')
      expect(fs.readFileSync(keyPath(folder), 'utf8')).toBe(text)
    },
  )

  it('J12 one whose ring was put under another key is refused', () => {
    const stored = wrapRing(newRing(), newKey(), newRingId(), { kind: 'file', key: '00'.repeat(32) })
    keyShelf(folder).write(stored)
    expect(() => keyFile(folder)).toThrow(/is damaged/)
  })

  it('J12 P5 keys that a passphrase holds stay locked: the folder alone opens nothing', () => {
    const holder = {
      kind: 'passphrase',
      kdf: 'argon2id',
      salt: 'ab'.repeat(16),
      memoryKib: 8,
      passes: 1,
      lanes: 1,
    } as const
    keyShelf(folder).write(wrapRing(newRing(), newKey(), newRingId(), holder))
    expect(keyHolder(folder)).toBe('passphrase')
    const keys = keyFile(folder)
    const kinds = [() => createCodec(keys).seal('t', 'c'), () => keys.auditKey()].map(act => {
      try {
        act()
      } catch (error) {
        return failureOf(error).kind
      }
      return 'no failure'
    })
    expect(kinds).toEqual(['vault-locked', 'vault-locked'])
  })

  it('a folder without one has no holder', () => {
    expect(keyHolder(folder)).toBeNull()
    expect(keyShelf(folder).read()).toBeNull()
  })
})
