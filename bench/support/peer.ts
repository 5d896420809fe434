/**
 * Another process of a measure, spoken to by questions and answers over its channel. Target and load stand in
 * processes of their own, so that what they cost is not counted against the core.
 */
import { fork } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'

interface Envelope<T> {
  id: number
  content: T
}

type Reply<A> = { id: number; ok: true; answer: A } | { id: number; ok: false; error: string }

export class Peer<Q, A> {
  readonly #child: ChildProcess
  readonly #waiting = new Map<number, { resolve: (answer: A) => void; reject: (error: Error) => void }>()
  #last = 0

  constructor(child: ChildProcess) {
    this.#child = child
    child.on('message', message => {
      this.#take(message as Reply<A>)
    })
    child.on('exit', () => {
      for (const { reject } of this.#waiting.values()) reject(new Error('The other process ended.'))
      this.#waiting.clear()
    })
  }

  ask(content: Q): Promise<A> {
    const id = ++this.#last
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject })
      this.#child.send({ id, content } satisfies Envelope<Q>, error => {
        if (error !== null) reject(error)
      })
    })
  }

  async close(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    await new Promise(resolve => {
      this.#child.once('exit', resolve)
      this.#child.kill('SIGKILL')
    })
  }

  #take(reply: Reply<A>): void {
    const waiting = this.#waiting.get(reply.id)
    this.#waiting.delete(reply.id)
    if (reply.ok) waiting?.resolve(reply.answer)
    else waiting?.reject(new Error(reply.error))
  }
}

export function startPeer<Q, A>(file: URL): Peer<Q, A> {
  const child = fork(file, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
  endWithUs(child)
  return new Peer<Q, A>(child)
}

/** A measure that fails leaves nothing running. */
export function endWithUs(child: ChildProcess): void {
  const end = () => child.kill('SIGKILL')
  process.once('exit', end)
  child.once('exit', () => process.off('exit', end))
}

/** The other end: answers every question of the parent, and ends with it. */
export function answerParent<Q, A>(answer: (question: Q) => A | Promise<A>): void {
  process.on('message', message => {
    const { id, content } = message as Envelope<Q>
    Promise.resolve()
      .then(() => answer(content))
      .then(
        given => process.send?.({ id, ok: true, answer: given } satisfies Reply<A>),
        (error: unknown) => process.send?.({ id, ok: false, error: String(error) } satisfies Reply<A>),
      )
  })
  process.once('disconnect', () => {
    process.exit()
  })
}

/** Milliseconds of the machine's monotonic clock: the same in every process. */
export function monotonicMs(): number {
  return Number(process.hrtime.bigint()) / 1e6
}
