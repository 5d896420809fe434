import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  displayText,
  foldName,
  matchesWildcard,
  newNameProblem,
  numberedName,
  otherSpelling,
} from './names.ts'

describe('names to create', () => {
  test.each([
    'a.txt',
    'Straße 2024 (final).pdf',
    '.hidden',
    'com10',
    'console.log',
    'a'.repeat(255),
    '文書.txt',
    '%2e%2e',
  ])('%s may be created', name => {
    expect(newNameProblem(name, 'linux')).toBeNull()
  })

  test.each([
    ...[
      'a:b',
      'C:',
      'a\\b',
      'a.',
      'a ',
      '...',
      'NUL',
      'con',
      'Com1.txt',
      'LPT¹',
      'conin$',
      'a\nb',
      'a\u001b[31m',
      'a\u0000',
    ],
    ...[
      'a\u202egpj.exe',
      '\ufeffa',
      'a\u2066',
      '\ud800',
      'a'.repeat(256),
      'ä'.repeat(128),
      '.steward-x.tmp',
      '.STEWARD-trash',
    ],
  ])('%j may not be created, on any system', name => {
    for (const platform of ['linux', 'darwin', 'win32'] as const)
      expect(newNameProblem(name, platform)).not.toBeNull()
  })

  test('what only Windows forbids is refused there alone', () => {
    expect(newNameProblem('why?.txt', 'linux')).toBeNull()
    expect(newNameProblem('why?.txt', 'win32')).not.toBeNull()
  })
})

describe('spellings', () => {
  test.each([
    ['A.TXT', 'a.txt'],
    ['caf\u00e9', 'cafe\u0301'],
    ['ΣΑΣ', 'σας'],
    ['\u212a', 'k'],
    ['ſ', 's'],
  ])('%s and %s are one name on some disk', (one, other) => {
    expect(foldName(one)).toBe(foldName(other))
  })

  test('different letters stay different', () => {
    expect(foldName('straße')).not.toBe(foldName('strasse'))
    expect(foldName('a')).not.toBe(foldName('á'))
  })

  test('folding is idempotent, and another spelling is another text that folds to the same', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 12 }), name => {
        expect(foldName(foldName(name))).toBe(foldName(name))
        const other = otherSpelling(name)
        if (other === null) return
        expect(other).not.toBe(name)
        expect(foldName(other)).toBe(foldName(name))
      }),
    )
  })
})

describe('showing', () => {
  test('what is invisible, or turns text around, is spelled out', () => {
    expect(displayText('a\u202efdp.exe')).toBe('a⟨U+202E⟩fdp.exe')
    expect(displayText('a\nb\u001b[2J')).toBe('a⟨U+000A⟩b⟨U+001B⟩[2J')
    expect(displayText('⟨U+202E⟩')).toBe('⟨U+27E8⟩U+202E⟩')
    expect(displayText('Grüße 文書.txt')).toBe('Grüße 文書.txt')
  })

  test('nothing shown contains a control, and different names are shown differently', () => {
    const name = fc.string({ unit: 'binary', maxLength: 8 })
    fc.assert(
      fc.property(name, name, (one, other) => {
        expect(displayText(one)).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u)
        expect(displayText(one) === displayText(other)).toBe(one === other)
      }),
    )
  })
})

describe('choosing', () => {
  test('numbers go before the ending', () => {
    expect(numberedName('a.pdf', 2)).toBe('a (2).pdf')
    expect(numberedName('a', 3)).toBe('a (3)')
    expect(numberedName('.profile', 2)).toBe('.profile (2)')
  })

  test('wildcards match whole names in any case', () => {
    expect(matchesWildcard('*.pdf', 'Scan.PDF')).toBe(true)
    expect(matchesWildcard('*.pdf', 'a.pdf.exe')).toBe(false)
    expect(matchesWildcard('scan-??.*', 'scan-01.jpg')).toBe(true)
    expect(matchesWildcard('scan-??.*', 'scan-1.jpg')).toBe(false)
    expect(matchesWildcard('*', '')).toBe(true)
    expect(matchesWildcard('a[b]', 'ab')).toBe(false)
  })

  test('wildcards agree with the same pattern as a regular expression', () => {
    const letters = fc.string({ unit: fc.constantFrom('a', 'b', '.', '*', '?'), maxLength: 8 })
    const names = fc.string({ unit: fc.constantFrom('a', 'b', '.'), maxLength: 10 })
    fc.assert(
      fc.property(letters, names, (pattern, name) => {
        const source = pattern.replaceAll('.', '\\.').replaceAll('*', '.*').replaceAll('?', '.')
        expect(matchesWildcard(pattern, name)).toBe(new RegExp(`^${source}$`).test(name))
      }),
    )
  })

  test('a pattern of stars ends soon on a long name', () => {
    expect(matchesWildcard('*a'.repeat(100), `${'a'.repeat(99)}${'b'.repeat(155)}`)).toBe(false)
  })
})
