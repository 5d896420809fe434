/**
 * The passphrase a server is started with: from the file that `STEWARD_PASSPHRASE_FILE` names, or from the descriptor
 * that `STEWARD_PASSPHRASE_FD` names. Never from the environment itself, which other programs may read.
 */
import fs from 'node:fs'
import { fail } from '../../../domain/failure.ts'

const LARGEST_BYTES = 8_192

export function givenPassphrase(env: NodeJS.ProcessEnv): string | undefined {
  const file = env['STEWARD_PASSPHRASE_FILE']
  const descriptor = env['STEWARD_PASSPHRASE_FD']
  if (file !== undefined && file !== '') return read(file, `The passphrase file ${file}`)
  if (descriptor === undefined || descriptor === '') return undefined
  if (!/^\d{1,4}$/.test(descriptor)) refuse('STEWARD_PASSPHRASE_FD is not the number of a descriptor')
  return read(Number(descriptor), `The descriptor ${descriptor}`)
}

function read(source: string | number, name: string): string {
  try {
    const text = fs.readFileSync(source, 'utf8').slice(0, LARGEST_BYTES)
    const [line = ''] = text.split(/\r?\n/)
    return line === '' ? refuse(`${name} is empty`) : line
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : ''
    if (!/^E[A-Z]+$/.test(code)) throw error
    return refuse(`${name} could not be read (${code})`)
  }
}

function refuse(what: string): never {
  fail({ kind: 'invalid-input', path: 'passphrase', message: `${what}. Nothing was started or changed.` })
}
