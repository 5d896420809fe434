import fc from 'fast-check'
import { expect, it } from 'vitest'
import { Lanes } from './lanes.ts'

it('R5 lets so many in at a time, in the order they came, whoever leaves or gives up when', async () => {
  const steps = fc.array(fc.record({ lane: fc.constantFrom('a', 'b'), leaves: fc.nat(12) }), {
    maxLength: 60,
  })
  await fc.assert(
    fc.asyncProperty(steps, async plan => {
      const lanes = new Lanes(3)
      const came = new Map<string, { inside: boolean; leave: () => void }[]>()
      for (const { lane, leaves } of plan) {
        const here = came.get(lane) ?? []
        came.set(lane, here)
        const { entered, leave } = lanes.enter(lane)
        const one = { inside: false, leave }
        void entered.then(() => (one.inside = true))
        here.push(one)
        const gone = leaves < here.length ? here.splice(leaves, 1)[0] : undefined
        gone?.leave()
        await Promise.resolve()
        for (const all of came.values())
          expect(all.map(each => each.inside)).toEqual(all.map((_, place) => place < 3))
      }
    }),
    { numRuns: 200 },
  )
})
