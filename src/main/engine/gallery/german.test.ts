import fs from 'node:fs'
import path from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { tempFolder } from '../../../../test/support/world.ts'
import { contractText } from '../../../domain/contract-text.ts'
import { parseContract } from '../../../domain/policy.ts'
import { fillGallery, listGallery, readGallery, showGallery } from '../gallery.ts'
import type { Slot } from './format.ts'
import { germanSchema } from './german.ts'
import type { GermanWords } from './german.ts'

const home = tempFolder()
for (const name of ['Downloads', 'Documents', 'Pictures/Camera', 'Backups']) {
  fs.mkdirSync(path.join(home, name), { recursive: true })
}
fs.writeFileSync(path.join(home, 'app.log'), '')
afterAll(() => fs.rmSync(home, { recursive: true, force: true }))

const ids = listGallery().map(({ id }) => id)

function filled(id: string, language: 'en' | 'de') {
  const { slots } = showGallery(id)
  const given = Object.fromEntries(slots.map(slot => [slot.name, slot.example]))
  return fillGallery(id, given, undefined, { home, zone: 'Europe/Berlin', language })
}

function contractIn(id: string, language: 'en' | 'de') {
  const answer = parseContract(filled(id, language).contract)
  if (!answer.ok) throw new Error(answer.failure.message)
  return answer.contract
}

function expectWords(slot: Slot, own: GermanWords['slots'][string] | undefined): void {
  expect([slot.name, own?.question]).not.toEqual([slot.name, slot.question])
  const phrases = Object.entries(slot.phrases ?? {}).filter(([, text]) => text !== '')
  expect(Object.keys(own?.phrases ?? {})).toEqual(expect.arrayContaining(phrases.map(([key]) => key)))
  const choices = slot.kind === 'choice' ? slot.choices : []
  expect(Object.keys(own?.choices ?? {}).toSorted()).toEqual(choices.map(({ value }) => value).toSorted())
  const unsaid = choices.filter(
    ({ phrase, value }) => phrase !== '' && own?.choices?.[value]?.phrase === undefined,
  )
  expect([slot.name, unsaid]).toEqual([slot.name, []])
}

describe('the gallery in German', () => {
  it.each(ids)('%s: has words for all that it says', id => {
    const file = path.resolve(import.meta.dirname, '../../../../gallery', id, 'de.json')
    const words = germanSchema.parse(JSON.parse(fs.readFileSync(file, 'utf8')))
    const entry = readGallery().find(found => found.id === id)
    expect(Object.keys(words.slots).toSorted()).toEqual(entry?.slots.map(({ name }) => name).toSorted())
    for (const slot of entry?.slots ?? []) expectWords(slot, words.slots[slot.name])
  })

  it.each(ids)('P3 %s: grants and runs the same, and says it in other words', id => {
    const { title: _, promise: english, items: enItems, ...en } = contractIn(id, 'en')
    const { title: __, promise: german, items: deItems, ...de } = contractIn(id, 'de')
    expect(de).toEqual(en)
    expect(Object.keys(deItems)).toEqual(Object.keys(enItems))
    expect(german).not.toBe(english)
    expect(german).not.toMatch(/undefined|\{\{|\[object| every | you |minutes/)
    expect(filled(id, 'de').source).toBe(filled(id, 'en').source)
    expect(filled(id, 'de').name).toBe(filled(id, 'en').name)
  })

  it.each(ids)('%s: its contract has as many lines in German as in English, and none in common', id => {
    const contract = contractIn(id, 'de')
    const en = contractText(contract)
    const de = contractText(contract, 'de')
    expect(de.map(({ lines }) => lines.length)).toEqual(en.map(({ lines }) => lines.length))
    expect(JSON.stringify(de)).not.toMatch(/undefined|\[object|At the times|Zu den Zeiten/)
    const same = de.flatMap(({ lines }, place) => lines.filter(line => en[place]?.lines.includes(line)))
    expect(same.filter(line => / (the|of|is|are|has|you) /.test(line))).toEqual([])
  })
})
