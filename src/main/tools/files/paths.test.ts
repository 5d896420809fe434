import fc from 'fast-check'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { isFailureError } from '../../../domain/failure.ts'
import { namesBelow, pathProblem, resolvePath } from './paths.ts'

describe('resolvePath', () => {
  test.each([
    ['/a/b/../c/./d/', '/a/c/d'],
    ['/a//b', '/a/b'],
    ['/../..', '/'],
    ['~', '/home/me'],
    ['~/x/../y', '/home/me/y'],
    ['~/../other', '/home/other'],
    ['/a/%2e%2e/b', '/a/%2e%2e/b'],
    ['/a/..\\b', '/a/..\\b'],
    ['/a/~/b', '/a/~/b'],
  ])('%s is %s', (given, expected) => {
    expect(resolvePath(given, '/home/me', 'linux')).toBe(expected)
  })

  test.each([
    ['C:\\a\\..\\b', 'C:\\b'],
    ['c:/a/b', 'c:\\a\\b'],
    ['C:\\', 'C:\\'],
    ['~\\x', 'C:\\Users\\me\\x'],
  ])('on Windows %s is %s', (given, expected) => {
    expect(resolvePath(given, 'C:\\Users\\me', 'win32')).toBe(expected)
  })

  test.each([
    'a',
    './a',
    '../a',
    '~me/a',
    'C:\\a',
    'C:a',
    '//server/share',
    '\\\\server\\share',
    '\\\\?\\C:\\a',
    '/a\0b',
    '/\ud800',
    '',
    `/${'a'.repeat(4096)}`,
  ])('57 %j is no path', given => {
    expect(pathProblem(given, 'linux')).not.toBeNull()
    expect(kindThrown(() => resolvePath(given, '/home/me', 'linux'))).toBe('invalid-input')
  })

  test.each([
    'C:a',
    'C:',
    '\\a',
    '/a',
    '\\\\server\\share',
    '//server/share',
    '\\\\.\\COM1',
    '\\\\?\\C:\\a',
    'C:\\a:b',
    '~\\a:b',
    'a\\b',
  ])('57 on Windows %j is no path', given => {
    expect(pathProblem(given, 'win32')).not.toBeNull()
  })

  test('what comes out is absolute, normal, and stays what it is', () => {
    const part = fc.constantFrom('a', '..', '.', '', '~', 'b c', '%2e%2e', '...')
    fc.assert(
      fc.property(fc.array(part, { maxLength: 8 }), fc.constantFrom('/', '~/'), (parts, start) => {
        const given = start + parts.join('/')
        if (pathProblem(given, 'linux') !== null) return
        const resolved = resolvePath(given, '/home/me', 'linux')
        expect(path.posix.isAbsolute(resolved)).toBe(true)
        expect(resolved.split('/')).not.toContain('..')
        expect(resolvePath(resolved, '/elsewhere', 'linux')).toBe(resolved)
      }),
    )
  })
})

test('namesBelow compares whole names', () => {
  expect(namesBelow('/a', '/a')).toEqual([])
  expect(namesBelow('/a', '/a/b/c')).toEqual(['b', 'c'])
  expect(namesBelow('/a', '/ab')).toBeNull()
  expect(namesBelow('/a/b', '/a')).toBeNull()
  expect(namesBelow('/', '/a')).toEqual(['a'])
})

function kindThrown(work: () => unknown): string {
  try {
    work()
    return 'nothing'
  } catch (error) {
    return isFailureError(error) ? error.failure.kind : 'an ordinary error'
  }
}
