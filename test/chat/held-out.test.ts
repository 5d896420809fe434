import fs from 'node:fs'
import path from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { openShelf } from '../../src/main/engine/set-up/shelf.ts'
import { isOpen } from '../../src/planner/chat/doubts.ts'
import type { SetUpEntry } from '../../src/planner/chat/entry.ts'
import { prefill } from '../../src/planner/chat/fill-slots.ts'
import { EntryIndex } from '../../src/planner/chat/match.ts'
import { tempFolder } from '../support/world.ts'
import { HELD_OUT } from './held-out.ts'
import { FILLINGS } from './held-out-fillings.ts'
import type { Filling } from './held-out-fillings.ts'

const home = tempFolder()
for (const name of ['Downloads', 'Desktop', 'Documents', 'Pictures', 'Backups', 'Inbox']) {
  fs.mkdirSync(path.join(home, name))
}
fs.writeFileSync(path.join(home, 'app.log'), '')
afterAll(() => fs.rmSync(home, { recursive: true, force: true }))

const shelf = openShelf({ home }, () => false)

function entryOf(id: string): SetUpEntry {
  const found = shelf.entries().find(entry => entry.id === id)
  if (found === undefined) throw new Error(`${id} is not in the gallery`)
  return found
}

function read({ entry: id, text }: Filling) {
  const entry = entryOf(id)
  const { filled, doubts } = prefill(entry, text, (slot, value) => shelf.judge(slot, value))
  const given = new Set(filled.map(({ slot }) => slot))
  const asked = entry.slots.filter(slot => !given.has(slot.name) && isOpen(slot, given, doubts))
  return {
    takes: Object.fromEntries(filled.map(({ slot, text: value }) => [slot, value])),
    doubted: [...doubts.flatMap(({ said }) => said), ...asked.map(({ name }) => name)].join(' '),
    isSure: doubts.length === 0,
  }
}

describe('sentences that nothing was made with', () => {
  it('are matched as often as counted', () => {
    const index = new EntryIndex(shelf.entries())
    const offered = HELD_OUT.map(({ text, right }) => ({ right, ids: index.fits(text).map(({ id }) => id) }))
    const meant = offered.filter(({ right }) => right.length > 0)
    const none = offered.filter(({ right }) => right.length === 0)
    const first = meant.filter(({ right, ids }) => right.includes(ids[0] ?? '')).length
    const rightlyNone = none.filter(({ ids }) => ids.length === 0).length
    expect({ meant: meant.length, none: none.length }).toEqual({ meant: 58, none: 20 })
    expect(first).toBeGreaterThanOrEqual(FIRST)
    expect(rightlyNone).toBeGreaterThanOrEqual(RIGHTLY_NONE)
  })

  it('fill in nothing that was not meant', () => {
    const wrong = FILLINGS.flatMap(filling => {
      const { takes } = read(filling)
      return Object.entries(takes).some(([slot, text]) => filling.takes[slot] !== text)
        ? [`${filling.text} → ${JSON.stringify(takes)}`]
        : []
    })
    expect(wrong).toEqual([])
  })

  it('have each number, day, place and “not” taken or asked about', () => {
    const silent = FILLINGS.flatMap(filling => {
      const { doubted } = read(filling)
      return (filling.asks ?? []).filter(said => !doubted.includes(said))
    })
    expect(silent).toEqual([])
  })

  it('are filled in exactly as often as counted', () => {
    const exact = FILLINGS.filter(filling => {
      const { takes, isSure } = read(filling)
      const isAll = Object.entries(filling.takes).every(([slot, text]) => takes[slot] === text)
      return isAll && ((filling.asks ?? []).length > 0 || isSure)
    })
    expect(FILLINGS).toHaveLength(62)
    expect(exact.length).toBeGreaterThanOrEqual(EXACT)
  })
})

const FIRST = 49
const RIGHTLY_NONE = 20
const EXACT = 59
