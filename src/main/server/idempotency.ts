/** `Idempotency-Key` on commands: the same request again is answered as before, and not carried out again. */
import type { Context, MiddlewareHandler } from 'hono'
import type { KeptAnswer, KeptAnswers } from '../engine/kept-answers.ts'
import { RequestProblem } from './problem.ts'

/** Visible ASCII, with the quotes of a structured field or without. */
const KEY = /^"?([\x21\x23-\x5b\x5d-\x7e]{1,200})"?$/
const KEPT_HEADERS = ['content-type', 'etag']

export function keepAnswers(kept: KeptAnswers): MiddlewareHandler {
  return async (c, next) => {
    const header = c.req.header('idempotency-key')
    if (header === undefined || c.req.method !== 'POST') return next()
    const key = keyIn(header)
    const asked = `${c.req.method} ${c.req.url.slice(new URL(c.req.url).origin.length)}\n${await c.req.text()}`
    const met = kept.meet(key, asked)
    switch (met.is) {
      case 'new':
        await kept.keep(key, asked, async () => {
          await next()
          return answerIn(c)
        })
        return
      case 'answered':
        return replayed(c, met.answer)
      case 'at-work':
        throw new RequestProblem(
          409,
          'This request is still being worked on. It was not begun again. Ask again in a moment.',
        )
      case 'done':
        throw new RequestProblem(
          409,
          'This request was carried out before, and its answer is not known any more. It was not carried out again. Look at what it was about.',
        )
      case 'other':
        throw new RequestProblem(
          422,
          'This Idempotency-Key was given with another request. Nothing was changed. Use a new key for each request.',
        )
    }
  }
}

function keyIn(header: string): string {
  const [, key] = KEY.exec(header) ?? []
  if (key !== undefined) return key
  throw new RequestProblem(
    400,
    'The Idempotency-Key was not understood: it takes 1 to 200 visible ASCII characters. Nothing was changed.',
  )
}

async function answerIn({ res }: Context): Promise<KeptAnswer> {
  const headers = KEPT_HEADERS.flatMap(name => {
    const value = res.headers.get(name)
    return value === null ? [] : [[name, value] as [string, string]]
  })
  return { status: res.status, headers, body: await res.clone().text() }
}

function replayed(c: Context, { status, headers, body }: KeptAnswer): Response {
  for (const [name, value] of headers) c.header(name, value)
  c.header('idempotency-replayed', 'true')
  return c.body(body, status as 200)
}
