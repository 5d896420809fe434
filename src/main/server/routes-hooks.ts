/**
 * Webhooks: their addresses, for the person whose they are; and where they arrive (R6), the one path that takes any
 * content type and shows no token, because the secret in the address and the sender's signature stand in its place. It
 * stands before the guard of everything else; a page in a browser is kept out here too. A tunnel comes under its own
 * name, so the name of the host is not asked for.
 */
import { Hono } from 'hono'
import type { Context, MiddlewareHandler } from 'hono'
import type { Engine } from '../engine/engine.ts'
import type { Hooks, Taken } from '../engine/hooks/hooks.ts'
import type { Log } from '../store/log-file.ts'
import { LARGEST_BODY } from './guard.ts'
import { SECURITY_HEADERS } from './headers.ts'
import { operation } from './operation.ts'
import { notFound, problem, problemOf, RequestProblem, respond } from './problem.ts'
import { existingAutomation } from './routes-automations.ts'

const REFUSED =
  'Nothing was taken. There is nothing at this address, or it was not signed as that has to be. Whoever owns the address sees why: steward hooks'
const TOO_LARGE = `The body is larger than ${String(LARGEST_BODY)} bytes. Nothing was taken. Send less, or where it can be had.`

export function webhookRoutes(engine: Engine) {
  const found = (c: Context) => existingAutomation(engine, c.req.param('id') ?? '')
  return new Hono()
    .get(
      '/:id/webhooks',
      operation({ summary: 'Its addresses, with their secrets', answers: { 200: 'WebhookList' } }),
      c => c.json({ items: engine.hooks.addresses(found(c).id) }),
    )
    .post(
      '/:id/webhooks/:name/rotate',
      operation({
        summary: 'A new address and a new secret; the old ones end',
        answers: { 200: 'Webhook' },
      }),
      async c => {
        const { id, name: automation } = found(c)
        const name = c.req.param('name')
        if (!engine.hooks.addresses(id).some(address => address.name === name))
          notFound(`webhook “${name.slice(0, 64)}” of ${automation}`, `steward hooks ${automation}`)
        return c.json(await engine.hooks.renew(id, name))
      },
    )
}

const LATER_S = 60

/** What stands at these addresses while nothing that is recorded can be read. */
export function refuseHooks(): MiddlewareHandler {
  return async (c, next) => (placeOf(c) === null ? next() : later())
}

/** Why is not for whoever posts; the log has it. */
function later(): Response {
  return retried(respond(problem(503, 'Nothing could be taken in. Send it again later.')), LATER_S)
}

function retried(answer: Response, afterS: number): Response {
  answer.headers.set('retry-after', String(afterS))
  return answer
}

/** No route: outsiders' own, and no part of the API. */
export function takeHooks(hooks: Hooks, log: Log): MiddlewareHandler {
  return async (c, next) => {
    const place = placeOf(c)
    if (place === null) return next()
    for (const [name, value] of SECURITY_HEADERS) c.header(name, value)
    try {
      return await take(c, hooks, place)
    } catch (error) {
      const known = problemOf(error, log)
      return error instanceof RequestProblem ? respond(known) : later()
    }
  }
}

interface Place {
  id: string
  secret: string
}

function placeOf(c: Context): Place | null {
  const [, id, secret] = /^\/hooks\/([^/]+)\/([^/]+)$/.exec(c.req.path) ?? []
  return c.req.method === 'POST' && id !== undefined && secret !== undefined ? { id, secret } : null
}

async function take(c: Context, hooks: Hooks, { id, secret }: Place): Promise<Response> {
  if (c.req.header('origin') !== undefined || (c.req.header('sec-fetch-site') ?? 'none') !== 'none')
    throw new RequestProblem(403, 'The request came from a page. Nothing was taken.')
  const admitted = hooks.admit(id, secret)
  if (admitted.is !== 'admitted') return answered(c, admitted)
  try {
    const body = await bodyOf(c)
    return answered(c, await admitted.deliver({ headers: c.req.header(), query: c.req.query(), body }))
  } finally {
    admitted.leave()
  }
}

function answered(c: Context, taken: Taken): Response {
  switch (taken.is) {
    case 'taken':
      return c.json({ duplicate: taken.duplicate }, 202)
    case 'refused':
      return respond({ ...problem(401, REFUSED), title: 'The delivery was refused' })
    case 'stale':
      return respond({
        ...problem(401, `Nothing was taken. ${taken.reason}`),
        title: 'The delivery is too old',
      })
    case 'busy': {
      const detail = `${taken.reason} This one was not taken. Send it again later.`
      return retried(respond(problem(429, detail)), taken.retryAfterS)
    }
  }
}

/** Its bytes, whatever they say. Node holds a body to the length it announced; one without is counted. */
async function bodyOf(c: Context): Promise<Uint8Array> {
  const length = c.req.header('content-length')
  if (Number(length ?? 0) > LARGEST_BODY) throw new RequestProblem(413, TOO_LARGE)
  if (length !== undefined) return new Uint8Array(await c.req.arrayBuffer())
  const chunks: Uint8Array[] = []
  let bytes = 0
  const body: ReadableStream<Uint8Array> | null = c.req.raw.body
  for await (const chunk of body ?? []) {
    bytes += chunk.byteLength
    if (bytes > LARGEST_BODY) throw new RequestProblem(413, TOO_LARGE)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}
