/** What a disk refuses, as Failures: made where the error code is seen, in words about the path the user knows. */
import { fail, isFailureError, type FailureKind } from '../../../domain/failure.ts'
import { displayText } from './names.ts'

/** The clauses of a contract that paths are granted by. */
export type Clause = 'reads.paths' | 'changes.paths' | 'never.paths'

export const UNCHANGED = 'Nothing was changed.'

export function codeOf(error: unknown): string | null {
  if (typeof error !== 'object' || error === null || !('code' in error)) return null
  return typeof error.code === 'string' ? error.code : null
}

export function isAbsent(error: unknown): boolean {
  return codeOf(error) === 'ENOENT'
}

/** A folder that may not be looked into, where others may. */
export function isUnreadable(error: unknown): boolean {
  return isFailureError(error) ? error.failure.kind === 'not-permitted' : codeOf(error) === 'EACCES'
}

export function reject(path: string, what: string, next = ''): never {
  fail({ kind: 'rejected', message: sentence(path, what, next) })
}

export function notPermitted(path: string, what: string, clause: Clause, next = ''): never {
  fail({ kind: 'not-permitted', clause, message: sentence(path, what, next) })
}

export function badName(path: string, name: string, problem: string): never {
  const message = `“${displayText(name)}” cannot be the name of a new file: it ${problem}. ${UNCHANGED} Choose another name.`
  fail({ kind: 'invalid-input', path: 'path', message, detail: { path: displayText(path) } })
}

export function notAFolder(path: string): never {
  reject(path, 'was not a folder')
}

export function unknownOutcome(tool: string, path: string, error: unknown): never {
  fail({
    kind: 'outcome-unknown',
    tool,
    message: `The disk reported an error while the change to ${displayText(path)} was being completed. It may have been made.`,
    detail: { code: codeOf(error) },
  })
}

function sentence(path: string, what: string, next: string): string {
  return `${displayText(path)} ${what}. ${UNCHANGED}${next === '' ? '' : ` ${next}`}`
}

interface Refusal {
  kind: Extract<FailureKind, 'rejected' | 'unknown' | 'disk-full'>
  what: string
  next?: string
}

const PERMISSION: Refusal = {
  kind: 'rejected',
  what: 'could not be used, because the system did not allow it',
  next: 'Check the permissions of the file and of its folder.',
}
const FULL: Refusal = {
  kind: 'disk-full',
  what: 'could not be written, because the disk is full',
  next: 'Free some space, then resume.',
}

const REFUSALS: Readonly<Record<string, Refusal>> = {
  ENOENT: { kind: 'rejected', what: 'did not exist' },
  ENOTDIR: { kind: 'rejected', what: 'was not a folder' },
  EISDIR: { kind: 'rejected', what: 'was a folder' },
  EEXIST: { kind: 'rejected', what: 'already existed' },
  ENOTEMPTY: { kind: 'rejected', what: 'already existed and was not empty' },
  EACCES: PERMISSION,
  EPERM: PERMISSION,
  EROFS: {
    kind: 'rejected',
    what: 'could not be written, because the disk is read-only',
    next: 'Choose a place that can be written to.',
  },
  EBUSY: { kind: 'rejected', what: 'was in use by another program', next: 'Close that program, then retry.' },
  ETXTBSY: {
    kind: 'rejected',
    what: 'was in use by another program',
    next: 'Close that program, then retry.',
  },
  ENAMETOOLONG: {
    kind: 'rejected',
    what: 'has a name that is too long for this disk',
    next: 'Choose a shorter one.',
  },
  EINVAL: { kind: 'rejected', what: 'was not accepted by the disk' },
  EILSEQ: { kind: 'rejected', what: 'has a name that this disk cannot store', next: 'Choose another name.' },
  EXDEV: { kind: 'rejected', what: 'lies on another disk than its target', next: 'Copy it instead.' },
  EFBIG: { kind: 'rejected', what: 'is too large for this disk' },
  EMLINK: { kind: 'rejected', what: 'could not be put there: the folder is full' },
  ENOSPC: FULL,
  EDQUOT: FULL,
}

/** Passes a Failure on, turns what a disk says into one, and passes everything else on as the bug it is. */
export function explain(error: unknown, path: string): never {
  if (isFailureError(error)) throw error
  const code = codeOf(error)
  if (code === null || !/^E[A-Z0-9]+$/.test(code)) throw error
  const refusal = REFUSALS[code] ?? {
    kind: 'unknown',
    what: `could not be used: the disk answered ${code}`,
    next: 'Check the disk, then retry.',
  }
  fail({ kind: refusal.kind, message: sentence(path, refusal.what, refusal.next ?? ''), detail: { code } })
}
