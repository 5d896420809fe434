/**
 * The data folder: where it is, and the files by which a core and its clients find each other in it.
 * Owns the folder's existence and the access token. Does not own the lock, the database or the keys: the store does.
 */
import { randomBytes } from 'node:crypto'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { CORE_NOTE_FILE, parseCoreNote } from '../domain/core-note.ts'
import type { CoreNote } from '../domain/core-note.ts'
import { fail } from '../domain/failure.ts'

const TOKEN_FILE = 'token'
const TOKEN_BYTES = 32
/** More than a file system's smallest free block, so that a full disk shows. */
const PROBE_BYTES = 16_384

export const VERSION = (
  JSON.parse(fs.readFileSync(path.join(import.meta.dirname, '../../package.json'), 'utf8')) as {
    version: string
  }
).version

/** `STEWARD_HOME`, else the system's usual place for application data. */
export function dataFolder(
  env: NodeJS.ProcessEnv = process.env,
  platform: NodeJS.Platform = process.platform,
  home = os.homedir(),
): string {
  const chosen = env['STEWARD_HOME']
  if (chosen !== undefined && chosen !== '') return path.resolve(chosen)
  if (platform === 'darwin') return path.join(home, 'Library', 'Application Support', 'Steward')
  if (platform === 'win32')
    return path.join(env['APPDATA'] ?? path.join(home, 'AppData', 'Roaming'), 'Steward')
  const shared = env['XDG_DATA_HOME']
  // The XDG specification has relative paths ignored.
  const base = shared !== undefined && path.isAbsolute(shared) ? shared : path.join(home, '.local', 'share')
  return path.join(base, 'steward')
}

/** Makes the folder where it is missing, and proves that it can be written before anything relies on it. */
export function openHome(folder: string): void {
  try {
    makeFolder(path.resolve(folder))
    if (!fs.statSync(folder).isDirectory()) refuse(folder, 'ENOTDIR')
    probe(path.join(folder, `.probe-${String(process.pid)}`))
  } catch (error) {
    refuse(folder, codeOf(error), error)
  }
}

/** One level at a time: Node's own recursion does not come back from a file system that takes no folders. */
function makeFolder(folder: string): void {
  if (fs.existsSync(folder)) return
  makeFolder(path.dirname(folder))
  fs.mkdirSync(folder, { mode: 0o700 })
}

/** Who runs this folder, as last announced, if that process still lives. */
export function runningCore(folder: string): CoreNote | undefined {
  const text = readIfThere(path.join(folder, CORE_NOTE_FILE))
  const note = text === undefined ? undefined : parseCoreNote(text)
  return note !== undefined && isAlive(note.pid) ? note : undefined
}

export function readToken(folder: string): string | undefined {
  const token = readIfThere(path.join(folder, TOKEN_FILE))?.trim()
  return token === undefined || !isToken(token) ? undefined : token
}

/** The token every request must show: made once per folder, readable by its owner alone. */
export function ensureToken(folder: string): string {
  const known = readToken(folder)
  const file = path.join(folder, TOKEN_FILE)
  if (known !== undefined) {
    fs.chmodSync(file, 0o600)
    return known
  }
  const token = randomBytes(TOKEN_BYTES).toString('base64url')
  const draft = `${file}.new`
  fs.rmSync(draft, { force: true })
  fs.writeFileSync(draft, `${token}\n`, { mode: 0o600, flag: 'wx' })
  fs.renameSync(draft, file)
  return token
}

function isToken(text: string): boolean {
  return /^[A-Za-z0-9_-]{43}$/.test(text)
}

function probe(file: string): void {
  const descriptor = fs.openSync(file, 'w', 0o600)
  try {
    fs.writeSync(descriptor, Buffer.alloc(PROBE_BYTES))
    fs.fsyncSync(descriptor)
  } finally {
    fs.closeSync(descriptor)
    fs.rmSync(file, { force: true })
  }
}

const REASONS: Readonly<Record<string, string>> = {
  ENOTDIR: 'is not a folder',
  EEXIST: 'is not a folder',
  EACCES: 'may not be written by this user',
  EPERM: 'may not be written by this user',
  EROFS: 'is on a disk that is mounted read-only',
  ENAMETOOLONG: 'has a name that is too long',
  ELOOP: 'is a link that leads to itself',
}

function refuse(folder: string, code: string | undefined, cause?: unknown): never {
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    fail({
      kind: 'disk-full',
      message: `The disk that holds the data folder ${folder} is full. Nothing was started or changed. Free some space, then start Steward again.`,
    })
  }
  const reason = code === undefined ? undefined : REASONS[code]
  if (reason === undefined) throw cause
  fail({
    kind: 'internal',
    message: `The data folder ${folder} ${reason}. Nothing was started or changed. Choose another with STEWARD_HOME, or make this one a folder you can write.`,
  })
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined
}

function readIfThere(file: string): string | undefined {
  try {
    return fs.readFileSync(file, 'utf8')
  } catch (error) {
    if (codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR') return undefined
    throw error
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    // Another user's process is alive too; it is refused later, by its missing token.
    return codeOf(error) === 'EPERM'
  }
}
