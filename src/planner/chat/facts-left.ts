/** The facts of one sentence, each of which fills one slot at most. */
import type { Fact, FactOf } from './facts/fact.ts'
import { factsIn } from './facts/facts.ts'

export class Facts {
  readonly sentence: string
  readonly all: readonly Fact[]
  readonly #used = new Set<Fact>()

  constructor(sentence: string) {
    this.sentence = sentence
    this.all = factsIn(sentence)
  }

  /** What is not wanted is none of them. */
  of<K extends Fact['kind']>(kind: K): FactOf<K>[] {
    return this.left().filter((fact): fact is FactOf<K> => fact.kind === kind && !fact.negated)
  }

  /** Whatever is part of something that was used is used with it. */
  left(): Fact[] {
    const used = [...this.#used]
    return this.all.filter(
      fact => !used.some(one => one === fact || (fact.from >= one.from && fact.to <= one.to)),
    )
  }

  isUsed(fact: Fact): boolean {
    return this.#used.has(fact)
  }

  use(facts: readonly Fact[]): void {
    for (const fact of facts) this.#used.add(fact)
  }
}
