import { describe, expect, it } from 'vitest'
import { parseColumns } from './columns.ts'

describe('columns of a report', () => {
  it('are names, paths, and names of their own', () => {
    expect(parseColumns('name, owner.login as Owner; created at\nlast one')).toEqual({
      ok: true,
      columns: [
        { path: ['name'], name: 'name' },
        { path: ['owner', 'login'], name: 'Owner' },
        { path: ['created at'], name: 'created at' },
        { path: ['last one'], name: 'last one' },
      ],
    })
  })

  it.each([
    [' ; ', 'holds no column'],
    ['a, b..c', 'has a column that is none: “b..c”'],
    ['a, .', 'has a column that is none: “.”'],
    ['a, b as a', 'names “a” twice'],
    ['x'.repeat(101), 'has a column longer than 100 characters'],
    [Array.from({ length: 101 }, (_, place) => `c${String(place)}`).join(','), 'holds more than 100 columns'],
  ])('%j is refused', (text, problem) => {
    expect(parseColumns(text)).toEqual({ ok: false, problem })
  })
})
