import { describe, expect, it } from 'vitest'
import { namedIn } from './own-words.ts'

const named = (...said: string[]) => {
  const { places, addresses } = namedIn(said, '/home/ada')
  return [...places.hosts, ...places.paths, ...addresses]
}

describe('what a person named', () => {
  it.each<[string[], string[]]>([
    [['Move ~/in to ~/out every hour.'], ['/home/ada/in', '/home/ada/out']],
    [['look at https://a.example/x, and tell ada@b.example'], ['a.example', 'ada@b.example']],
    [['Watch a.example. Mail ada@b.example!'], ['a.example', 'ada@b.example']],
    [['Post to a.example, but not on weekends'], ['a.example']],
    [['Do not ask a.example but b.example'], ['b.example']],
    [['Nicht a.example, sondern b.example'], ['b.example']],
    [['never a.example', 'a.example after all'], ['a.example']],
  ])('%j is %j', (said, places) => {
    expect(named(...said)).toEqual(places)
  })

  it.each<[string]>([
    ['Never look into ~/private, ~/taxes or https://bank.example/'],
    ['No, never look at http://a.example/'],
    ['Please don’t send anything to ada@b.example'],
    ['everything except a.example'],
    ['stay out of ~/private'],
    ['stop mailing ada@b.example'],
    ['Nie in ~/privat schauen'],
    ['Bitte keine Mails an ada@b.example'],
    ['alles außer a.example'],
    ['Lass ~/privat in Ruhe'],
    ['Finger weg von ~/privat'],
  ])('P3 is nothing in what is not wanted: %s', said => {
    expect(named(said)).toEqual([])
  })

  it('P3 is taken back by what is not wanted, with the folders around it', () => {
    expect(named('Sort ~/docs. Never touch ~/docs/private.')).toEqual([])
    expect(named('Sort ~/docs/new and ~/in. Keep away from ~/docs.')).toEqual(['/home/ada/in'])
    expect(named('watch www.a.example', 'never ask a.example')).toEqual([])
    expect(named('mail ada@b.example', 'not to ada@b.example')).toEqual([])
  })
})
