/**
 * The keys of a data folder, from a file only its owner can read: the data key seals the journal (J12), the audit
 * key signs the audit log (P5). Stands behind `KeyPort`, which the vault will implement.
 */
import { randomBytes } from 'node:crypto'
import fs from 'node:fs'
import path from 'node:path'
import { fail } from '../../domain/failure.ts'

export interface KeyPort {
  /** 32 bytes. */
  dataKey(): Uint8Array
  /** 32 bytes. */
  auditKey(): Uint8Array
}

const LENGTH = 32

export function keyFile(folder: string): KeyPort {
  const file = path.join(folder, 'keys')
  const keys = fs.existsSync(file) ? readKeys(file) : createKeys(file)
  return { dataKey: () => keys.subarray(0, LENGTH), auditKey: () => keys.subarray(LENGTH) }
}

function createKeys(file: string): Uint8Array {
  const keys = randomBytes(2 * LENGTH)
  const descriptor = fs.openSync(file, 'wx', 0o600)
  try {
    fs.writeSync(descriptor, keys)
    fs.fsyncSync(descriptor)
  } finally {
    fs.closeSync(descriptor)
  }
  return keys
}

function readKeys(file: string): Uint8Array {
  const keys = fs.readFileSync(file)
  if (keys.length !== 2 * LENGTH) {
    fail({
      kind: 'vault-locked',
      message: `The key file ${file} is damaged, so this folder's records cannot be opened. Nothing was changed. Put the key file back from a copy.`,
    })
  }
  if (process.platform !== 'win32' && (fs.statSync(file).mode & 0o077) !== 0) fs.chmodSync(file, 0o600)
  return keys
}
