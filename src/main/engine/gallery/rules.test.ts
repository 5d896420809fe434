import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseRules } from './rules.ts'

function problemOf(text: string): string {
  const answer = parseRules(text)
  return answer.ok ? 'none' : answer.problem
}

describe('sorting rules', () => {
  it('are read in every spelling of arrow, separator and ending', () => {
    expect(
      parseRules(' pdf → Documents;\n *.JPG, .png  heic => Media/Photos \n\n; tar.gz->Archives; * → Other'),
    ).toEqual({
      ok: true,
      rules: [
        { folder: 'Documents', extensions: ['pdf'] },
        { folder: 'Media/Photos', extensions: ['jpg', 'png', 'heic'] },
        { folder: 'Archives', extensions: ['tar.gz'] },
        { folder: 'Other', extensions: ['*'] },
      ],
    })
  })

  it.each([
    ['', 'holds no rule'],
    [' ; \n ', 'holds no rule'],
    ['pdf Documents', 'has a rule that is not “endings → folder”: “pdf Documents”'],
    ['pdf → A → B', 'has a rule that is not “endings → folder”: “pdf → A → B”'],
    ['→ A', 'has a rule without an ending: “→ A”'],
    ['p/df → A', 'has an ending that is none: “p/df”'],
    ['pdf →', 'has a folder “” that has no name'],
    ['pdf → /etc', 'has a folder “/etc” that is not a sub-folder of the folder itself'],
    ['pdf → ~', 'has a folder “~” that is not a sub-folder of the folder itself'],
    ['pdf → A/../..', 'has a folder “A/../..” that is not a plain path of sub-folders, such as Media/Photos'],
    ['pdf → A//B', 'has a folder “A//B” that is not a plain path of sub-folders, such as Media/Photos'],
    ['pdf → .ssh', 'has a folder “.ssh” that is hidden'],
    ['pdf → NUL', 'has a folder “NUL” that is a device on Windows'],
    ['pdf → A; PDF → B', 'says twice where “pdf” goes'],
    ['pdf → docs; txt → Docs', 'spells one folder in two ways: “docs” and “Docs”'],
  ])('are refused when they read %j', (text, problem) => {
    expect(problemOf(text)).toBe(problem)
  })

  it('have an end', () => {
    const many = (count: number) => Array.from({ length: count }, (_, place) => `e${place}`)
    expect(
      problemOf(
        many(51)
          .map(ending => `${ending} → A`)
          .join(';'),
      ),
    ).toBe('holds more than 50 rules')
    expect(problemOf(`${many(201).join(',')} → A`)).toBe('holds more than 200 endings')
  })

  it('never lead out of the folder, whatever is written', () => {
    const piece = fc.constantFrom(
      'pdf',
      ' ',
      ',',
      '→',
      '->',
      ';',
      '\n',
      '..',
      '/',
      '\\',
      '~',
      'A',
      '.',
      '*',
      '\0',
      'C:',
    )
    const text = fc.oneof(
      fc.string(),
      fc.array(piece, { maxLength: 12 }).map(pieces => pieces.join('')),
    )
    fc.assert(
      fc.property(text, given => {
        const answer = parseRules(given)
        const names = answer.ok ? answer.rules.flatMap(rule => rule.folder.split('/')) : []
        return names.every(
          name =>
            name !== '' &&
            !name.startsWith('.') &&
            !/[\\:\0~]/.test(name.slice(0, 1) + name.replaceAll('~', '')),
        )
      }),
      { numRuns: 2_000 },
    )
  })
})
