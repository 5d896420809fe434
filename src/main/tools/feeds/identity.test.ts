import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Entry } from './entries.ts'
import { identify, sortOut, type Seen } from './identity.ts'

function entry(given: Partial<Entry>): Entry {
  const empty = { guid: null, link: null, title: null, content: null, published: null, updated: null }
  return { ...empty, plain: true, authors: [], categories: [], enclosures: [], ...given }
}

const titles = (found: readonly { entry: Entry }[]): (string | null)[] =>
  found.map(({ entry: { title } }) => title)

describe('an entry of a feed', () => {
  it('is recognised by guid, else by address, else by its words', () => {
    const entries = [
      entry({ guid: 'g', link: 'l' }),
      entry({ link: 'l2' }),
      entry({ title: 'T', content: 'C' }),
    ]
    const ids = identify(entries, false).all.map(({ id }) => id)
    expect(ids.slice(0, 2)).toEqual(['g', 'l2'])
    expect(ids[2]).toMatch(/^[\w-]{11}$/)
    const { seen } = sortOut(entries, null, 10)
    expect(sortOut([entry({ guid: 'g', link: 'moved', title: 'Renamed' })], seen, 10).fresh).toEqual([])
  })

  it('is told apart by all it has where a feed gives one guid to many', () => {
    const day1 = [entry({ guid: 'same', link: 'a', title: 'A' })]
    const day2 = [entry({ guid: 'same', link: 'b', title: 'B' }), ...day1]
    const day3 = [entry({ guid: 'same', link: 'c', title: 'C' })]
    const first = sortOut(day1, null, 10)
    const second = sortOut(day2, first.seen, 10)
    expect(titles(second.fresh)).toEqual(['B'])
    const third = sortOut(day3, second.seen, 10)
    expect(titles(third.fresh)).toEqual(['C'])
    expect(sortOut(day2, third.seen, 10).fresh).toEqual([])
    const ids = identify(day2, true).all.map(({ id }) => id)
    expect(new Set(ids).size).toBe(2)
  })

  it('that stands twice in a feed is one', () => {
    const twice = [entry({ guid: 'g', link: 'a' }), entry({ guid: 'g', link: 'a' })]
    expect(identify(twice, false)).toMatchObject({ all: { length: 1 }, sameGuids: false })
  })
})

describe('what is new in a feed', () => {
  it('is each entry once, none lost, whatever limit, order and failures come', () => {
    const step = fc.record({
      added: fc.nat({ max: 4 }),
      kept: fc.nat({ max: 12 }),
      limit: fc.integer({ min: 1, max: 3 }),
      fails: fc.boolean(),
    })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 25 }), steps => {
        let count = 3
        let feed = [2, 1, 0]
        let seen: Seen = sortOut(feed.map(toEntry), null, 100).seen
        const given: number[] = []
        for (const { added, kept, limit, fails } of steps) {
          const fresh = Array.from({ length: added }, () => count++)
          // A feed never drops what nobody has had the chance to see: that loss would be its own.
          const pending = feed.filter(id => id >= 3 && !given.includes(id))
          feed = [...fresh.toReversed(), ...feed.filter((id, at) => at < kept || pending.includes(id))]
          const found = sortOut(feed.map(toEntry), seen, limit)
          expect(found.fresh.length + found.more + found.known).toBe(feed.length)
          if (fails) continue
          given.push(...found.fresh.map(({ entry: { guid } }) => Number(guid)))
          seen = found.seen
        }
        for (let more = 1; more > 0;) {
          const found = sortOut(feed.map(toEntry), seen, 3)
          given.push(...found.fresh.map(({ entry: { guid } }) => Number(guid)))
          ;({ seen, more } = found)
        }
        expect(given.toSorted((a, b) => a - b)).toEqual(Array.from({ length: count - 3 }, (_, i) => i + 3))
      }),
    )
  })

  it('comes the oldest first, also over several times', () => {
    const all = [4, 3, 2, 1].map(toEntry)
    const one = sortOut(all, { marks: [], sameGuids: false }, 3)
    expect(one).toMatchObject({ more: 1, known: 0 })
    expect(titles(one.fresh)).toEqual(['1', '2', '3'])
    expect(titles(sortOut(all, one.seen, 3).fresh)).toEqual(['4'])
  })

  it('remembers within bounds, and never forgets what is in the feed', () => {
    let seen: Seen = { marks: [], sameGuids: false }
    for (let round = 0; round < 6; round++) {
      const feed = Array.from({ length: 2_000 }, (_, i) => toEntry(round * 2_000 + i))
      seen = sortOut(feed, seen, 4_000).seen
      expect(sortOut(feed, seen, 10)).toMatchObject({ fresh: [], more: 0 })
    }
    expect(seen.marks).toHaveLength(8_000)
  })
})

function toEntry(id: number): Entry {
  return entry({ guid: String(id), title: String(id) })
}
