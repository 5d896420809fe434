import { describe, expect, it } from 'vitest'
import { openShelf } from '../../src/main/engine/set-up/shelf.ts'
import { EntryIndex } from '../../src/planner/chat/match.ts'
import { SENTENCES } from './sentences.ts'

/** The entries the numbers below were counted with: one more is one more to be mistaken for. */
const COUNTED = [
  'downloads-by-type',
  'feed-alerts',
  'feed-digest',
  'page-watch',
  'tidy-folder',
  'watch-address',
]

const shipped = openShelf({}, () => false).entries()
const counted = shipped.filter(({ id }) => COUNTED.includes(id))

interface Count {
  asked: number
  first: number
  amongThree: number
  none: number
  rightlyNone: number
}

function count(entries: typeof shipped): Count & { wrong: string[] } {
  const index = new EntryIndex(entries)
  const result = { asked: 0, first: 0, amongThree: 0, none: 0, rightlyNone: 0, wrong: new Array<string>() }
  for (const { text, right } of SENTENCES) {
    const offered = index.fits(text).map(({ id }) => id)
    if (right.length === 0) {
      result.none++
      if (offered.length === 0) result.rightlyNone++
      else result.wrong.push(`${text} → ${offered.join(', ')}`)
      continue
    }
    const wanted = right.filter(id => entries.some(entry => entry.id === id))
    if (wanted.length === 0) continue
    result.asked++
    if (wanted.includes(offered[0] ?? '')) result.first++
    else result.wrong.push(`${text} → ${offered.join(', ')}`)
    if (offered.some(id => wanted.includes(id))) result.amongThree++
  }
  return result
}

describe('matching what was said to what is ready-made', () => {
  it('is tried on a hundred sentences in two languages', () => {
    expect(SENTENCES.length).toBeGreaterThanOrEqual(100)
    expect(new Set(SENTENCES.map(({ text }) => text)).size).toBe(SENTENCES.length)
    expect(counted.map(({ id }) => id)).toEqual(COUNTED)
  })

  it('puts the right entry first, or among three, as often as counted', () => {
    const { wrong, ...counts } = count(counted)
    expect(wrong).toEqual([])
    expect(counts).toEqual({ asked: 49, first: 49, amongThree: 49, none: 23, rightlyNone: 23 })
  })

  it('stays that way with everything that ships', () => {
    const { asked, first, amongThree, none, rightlyNone, wrong } = count(shipped)
    expect(first / asked, wrong.join('\n')).toBeGreaterThan(0.85)
    expect(amongThree / asked, wrong.join('\n')).toBeGreaterThan(0.94)
    expect(rightlyNone / none, wrong.join('\n')).toBeGreaterThan(0.94)
  })

  it('says which words and which slots speak for an entry', () => {
    const [best] = new EntryIndex(shipped).fits('tell me when https://example.com/x?rss=1 is dwon')
    expect(best?.why.words).toEqual(['dwon'])
    expect(best?.why.slots).toHaveLength(1)
  })

  it('takes no more than a moment for a very long sentence, and finds nothing in nonsense', () => {
    const index = new EntryIndex(shipped)
    expect(index.fits('x'.repeat(20_000))).toEqual([])
    expect(index.fits('lorem ipsum '.repeat(1_500))).toEqual([])
    expect(index.fits('')).toEqual([])
    expect(index.fits('🦆 \u0000 ￿ ]](*&^%$#@!')).toEqual([])
  })
})
