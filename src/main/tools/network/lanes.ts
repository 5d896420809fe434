/**
 * How many requests carry one connection's credential at a time (R5): the rest wait in the order they came, so that a
 * burst of runs is not what a service sees as abuse of the account. Owns the queues; nothing is on disk.
 */
export class Lanes {
  readonly #most: number
  readonly #lanes = new Map<string, { inside: number; waiting: (() => void)[] }>()

  constructor(most: number) {
    this.#most = most
  }

  /** `entered` resolves when it is one's turn. `leave` is called once in any case, also by who no longer waits. */
  enter(name: string): { entered: Promise<unknown>; leave: () => void } {
    const lane = this.#lanes.get(name) ?? { inside: 0, waiting: [] }
    this.#lanes.set(name, lane)
    const turn = Promise.withResolvers<undefined>()
    let isInside = false
    const come = () => {
      isInside = true
      lane.inside++
      turn.resolve(undefined)
    }
    const leave = () => {
      if (isInside) lane.inside--
      else lane.waiting.splice(lane.waiting.indexOf(come), 1)
      if (lane.inside < this.#most) lane.waiting.shift()?.()
      if (lane.inside === 0 && lane.waiting.length === 0) this.#lanes.delete(name)
    }
    if (lane.inside < this.#most) come()
    else lane.waiting.push(come)
    return { entered: turn.promise, leave }
  }
}
