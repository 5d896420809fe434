/** The one stream of what changes (server-sent events): resumed where it broke off, and never waited for. */
import { Hono } from 'hono'
import { cutOff } from './connection.ts'
import type { Feed } from './feed.ts'
import { operation } from './operation.ts'
import { RequestProblem } from './problem.ts'

export const STREAM_TYPE = 'text/event-stream'

export interface StreamPace {
  /** A sign of life after so long without news. */
  heartbeatMs: number
  /** Who takes nothing for so long is let go. */
  stallMs: number
}

const PACE: StreamPace = { heartbeatMs: 15_000, stallMs: 60_000 }
const MOST_STREAMS = 64
const AT_ONCE = 64
const ALIVE = ': alive\n\n'

export function streamRoutes(feed: Feed, closing: AbortSignal, pace = PACE) {
  closing.addEventListener('abort', () => {
    feed.close()
  })
  return new Hono().get(
    '/',
    operation({
      summary: 'What changes from now on, or since Last-Event-ID',
      answers: {},
      streams: {
        [STREAM_TYPE]:
          'Events “change” with { kind, id, automation, state }; “ready” at the beginning; “reset” where events were missed and everything is to be read anew',
      },
    }),
    c => {
      if (feed.clients >= MOST_STREAMS)
        throw new RequestProblem(429, 'As many streams are open as may be at once. Close one, and try again.')
      c.header('content-type', STREAM_TYPE)
      c.header('x-accel-buffering', 'no')
      if (c.req.method === 'HEAD') return c.body(null)
      const stream = new Listener(feed, c.req.header('last-event-id'), pace, closing, () => {
        cutOff(c)
      })
      return c.body(stream.body)
    },
  )
}

/**
 * One client. Is asked for more only when what was given has been taken (back-pressure), so nothing gathers for a
 * client that does not read: it loses its place in the feed, and is let go when it stays away.
 */
class Listener {
  readonly body: ReadableStream<Uint8Array<ArrayBuffer>>
  readonly #feed: Feed
  readonly #pace: StreamPace
  readonly #closing: AbortSignal
  readonly #drop: () => void
  readonly #leave: () => void
  #wake: () => void = () => undefined
  #place: string
  #greeting: string | null
  /** Nothing more is said. */
  #isOver = false
  #hasLeft = false
  #stalled: NodeJS.Timeout | null = null

  constructor(
    feed: Feed,
    last: string | undefined,
    pace: StreamPace,
    closing: AbortSignal,
    drop: () => void,
  ) {
    this.#feed = feed
    this.#pace = pace
    this.#closing = closing
    this.#drop = drop
    this.#leave = feed.join()
    const isKnown = last !== undefined && feed.after(last, 1) !== null
    this.#place = isKnown ? last : feed.end
    this.#greeting = `retry: 1000\n${frame(last === undefined || isKnown ? 'ready' : 'reset', this.#place, {})}`
    const encoder = new TextEncoder()
    this.body = new ReadableStream(
      {
        pull: async controller => {
          const text = await this.#text()
          if (text === null) {
            this.#end()
            controller.close()
          } else controller.enqueue(encoder.encode(text))
        },
        cancel: () => {
          this.#end()
        },
      },
      { highWaterMark: 0 },
    )
    this.#watchStall()
  }

  /** What comes next, at the latest a sign of life; null at the end. */
  async #text(): Promise<string | null> {
    this.#watchStall()
    for (;;) {
      const text = this.#now()
      if (text !== undefined) return text
      if (!(await this.#somethingHappens())) return ALIVE
    }
  }

  /** What there is to say now; undefined where there is nothing. */
  #now(): string | null | undefined {
    if (this.#isOver || this.#closing.aborted) return null
    if (this.#greeting !== null) {
      const greeting = this.#greeting
      this.#greeting = null
      return greeting
    }
    const some = this.#feed.after(this.#place, AT_ONCE)
    if (some === null) return this.#lost()
    this.#place = some.at(-1)?.place ?? this.#place
    return some.length === 0
      ? undefined
      : some.map(({ place, news }) => frame('change', place, news)).join('')
  }

  /** The feed went on past it: it is let go, and listens from here on when it comes again. */
  #lost(): string {
    this.#isOver = true
    return frame('reset', this.#feed.end, {})
  }

  /** False where nothing does until it is time for a sign of life. */
  #somethingHappens(): Promise<boolean> {
    return new Promise(resolve => {
      const settle = (is: boolean) => {
        clearTimeout(timer)
        unlisten()
        this.#closing.removeEventListener('abort', happens)
        resolve(is)
      }
      const happens = () => {
        settle(true)
      }
      const timer = setTimeout(settle, this.#pace.heartbeatMs, false)
      const unlisten = this.#feed.listen(happens)
      this.#closing.addEventListener('abort', happens)
      this.#wake = happens
    })
  }

  #watchStall(): void {
    if (this.#stalled !== null) clearTimeout(this.#stalled)
    this.#stalled = setTimeout(() => {
      this.#end()
      this.#drop()
    }, this.#pace.stallMs).unref()
  }

  #end(): void {
    if (this.#hasLeft) return
    this.#hasLeft = true
    this.#isOver = true
    if (this.#stalled !== null) clearTimeout(this.#stalled)
    this.#leave()
    this.#wake()
  }
}

function frame(event: string, id: string, data: object): string {
  return `id: ${id}\nevent: ${event}\ndata: ${JSON.stringify(data)}\n\n`
}
