/**
 * The file `keys` of a data folder: its ring of keys, wrapped (J12, P5). Owns the file: read whole, replaced whole,
 * on the disk before it counts. Does not own who may open it: a passphrase or the operating system is the vault's
 * business; what a file alone holds is opened here.
 */
import fs from 'node:fs'
import path from 'node:path'
import { bytesToHex, hexToBytes } from '@noble/ciphers/utils.js'
import { fail } from '../../domain/failure.ts'
import {
  newKey,
  newRing,
  newRingId,
  ringAround,
  storedKeysSchema,
  unwrapRing,
  wrapRing,
} from '../../domain/key-ring.ts'
import type { HolderKind, KeyRing, StoredKeys } from '../../domain/key-ring.ts'
import type { SealingKey } from '../../domain/seal.ts'
import type { KeyShelf } from '../../domain/vault.ts'

export interface KeyPort extends SealingKey {
  /** 32 bytes; fails with `vault-locked` where it cannot be had. */
  auditKey(): Uint8Array
}

const KEY_FILE = 'keys'
/** Before there was a vault: the data key and the audit key as they are. */
const PLAIN_LENGTH = 64
const LARGEST_BYTES = 65_536

export function keyPath(folder: string): string {
  return path.join(folder, KEY_FILE)
}

export function keyShelf(folder: string): KeyShelf {
  return {
    read: () => readKeys(folder),
    write: stored => {
      writeKeys(folder, stored)
    },
  }
}

/** The keys of a folder that nobody but its file holds: made where there are none. Any other stays locked here. */
export function keyFile(folder: string): KeyPort {
  const stored = readKeys(folder) ?? createKeys(folder)
  return keyPortOf(openRing(folder, stored))
}

/** A ring as the store uses it; null: locked. */
export function keyPortOf(ring: KeyRing | null): KeyPort {
  return {
    dataKey: (generation = ring?.data.length ?? 0) => ring?.data[generation - 1] ?? null,
    generation: () => ring?.data.length ?? 1,
    auditKey: () => ring?.audit ?? locked(),
  }
}

/** Who holds the keys of this folder; null where there are none, `damaged` where the file is not to be read. */
export function keyHolder(folder: string): HolderKind | 'damaged' | null {
  const bytes = bytesOf(folder)
  if (bytes === null) return null
  if (bytes.length === PLAIN_LENGTH) return 'file'
  return parsed(bytes)?.holder.kind ?? 'damaged'
}

function createKeys(folder: string): StoredKeys {
  const stored = heldByFile(newRing())
  writeKeys(folder, stored)
  return stored
}

function heldByFile(ring: KeyRing): StoredKeys {
  const key = newKey()
  return wrapRing(ring, key, newRingId(), { kind: 'file', key: bytesToHex(key) })
}

function openRing(folder: string, stored: StoredKeys): KeyRing | null {
  const { holder } = stored
  if (holder.kind !== 'file') return null
  return unwrapRing(stored, hexToBytes(holder.key)) ?? refuseDamaged(folder)
}

function readKeys(folder: string): StoredKeys | null {
  const bytes = bytesOf(folder)
  if (bytes === null) return null
  closeToOthers(keyPath(folder))
  if (bytes.length !== PLAIN_LENGTH) return parsed(bytes) ?? refuseDamaged(folder)
  const half = PLAIN_LENGTH / 2
  const stored = heldByFile(ringAround(bytes.subarray(0, half), bytes.subarray(half)))
  writeKeys(folder, stored)
  return stored
}

function bytesOf(folder: string): Uint8Array | null {
  const file = keyPath(folder)
  const size = fs.statSync(file, { throwIfNoEntry: false })?.size
  if (size === undefined) return null
  return size > LARGEST_BYTES ? new Uint8Array() : new Uint8Array(fs.readFileSync(file))
}

function parsed(bytes: Uint8Array): StoredKeys | undefined {
  try {
    return storedKeysSchema.safeParse(JSON.parse(Buffer.from(bytes).toString('utf8'))).data
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}

/** What counts is on the disk, and opens, before it takes the place of what was there. */
function writeKeys(folder: string, stored: StoredKeys): void {
  const file = keyPath(folder)
  const draft = `${file}.new`
  fs.rmSync(draft, { force: true })
  const descriptor = fs.openSync(draft, 'wx', 0o600)
  try {
    fs.writeSync(descriptor, `${JSON.stringify(stored)}\n`)
    fs.fsyncSync(descriptor)
  } finally {
    fs.closeSync(descriptor)
  }
  fs.renameSync(draft, file)
  syncFolder(folder)
}

function syncFolder(folder: string): void {
  if (process.platform === 'win32') return
  const descriptor = fs.openSync(folder, 'r')
  try {
    fs.fsyncSync(descriptor)
  } finally {
    fs.closeSync(descriptor)
  }
}

function closeToOthers(file: string): void {
  if (process.platform !== 'win32' && (fs.statSync(file).mode & 0o077) !== 0) fs.chmodSync(file, 0o600)
}

function locked(): never {
  fail({
    kind: 'vault-locked',
    message: 'The vault is locked, so the audit log could not be read or written. Nothing was changed.',
  })
}

function refuseDamaged(folder: string): never {
  fail({
    kind: 'vault-locked',
    message: `The key file ${keyPath(folder)} is damaged, so this folder's records cannot be opened. Nothing was changed. Put the key file back from a copy.`,
  })
}
