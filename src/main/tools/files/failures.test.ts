import { expect, test } from 'vitest'
import { failureOf, fail, type Failure } from '../../../domain/failure.ts'
import { explain } from './failures.ts'

function explained(error: unknown): Failure {
  try {
    return explain(error, '/home/me/a\u202e.txt')
  } catch (thrown) {
    return failureOf(thrown)
  }
}

const saying = (code: string): Error =>
  Object.assign(new Error(`${code}: it failed, open '/proc/self/fd/23/a.txt'`), { code })

test.each([
  ['ENOENT', 'rejected', 'did not exist'],
  ['EACCES', 'rejected', 'did not allow it'],
  ['EPERM', 'rejected', 'did not allow it'],
  ['EROFS', 'rejected', 'read-only'],
  ['ENOSPC', 'disk-full', 'the disk is full'],
  ['EDQUOT', 'disk-full', 'the disk is full'],
  ['EBUSY', 'rejected', 'in use'],
  ['EXDEV', 'rejected', 'another disk'],
  ['EIO', 'unknown', 'EIO'],
])('%s becomes %s, in words, without what was inside', (code, kind, words) => {
  const failure = explained(saying(code))
  expect(failure).toMatchObject({ kind, message: expect.stringContaining(words) as string })
  expect(failure.message).toContain('/home/me/a⟨U+202E⟩.txt')
  expect(failure.message).toContain('Nothing was changed.')
  expect(JSON.stringify(failure)).not.toContain('/proc')
})

test('a Failure passes as it is, and a bug stays a bug', () => {
  const failure: Failure = { kind: 'rejected', message: 'It was so.' }
  expect(() => explain(saysSo(failure), '/a')).toThrow('It was so.')
  expect(explained(new TypeError('undefined is not a function'))).toMatchObject({ kind: 'internal' })
  expect(explained(Object.assign(new Error('x'), { code: 'ERR_INVALID_ARG_TYPE' }))).toMatchObject({
    kind: 'internal',
  })
})

function saysSo(failure: Failure): unknown {
  try {
    return fail(failure)
  } catch (error) {
    return error
  }
}
