/**
 * Requests of models as a connection: to its own address and no other, with its credential, the answer as a stream.
 * Owns nothing; what is asked and what an answer means is the models' business.
 */
import type { Connections } from '../../connections/desk.ts'
import type { Wire, WireAnswer, WireRequest } from '../../models/wire.ts'
import type { Credential } from '../../connections/credential.ts'
import type { HttpClient } from './client.ts'

/** What a library says of itself or puts where a key belongs: the key that counts is attached to the request later. */
const NOT_ITS_OWN = new Set(['authorization', 'x-api-key', 'x-goog-api-key', 'user-agent'])

export function connectionWire(
  client: Pick<HttpClient, 'request'>,
  connections: Pick<Connections, 'use'>,
): Wire {
  return async (name, request) => exchange(client, await connections.use(name), request)
}

function exchange(
  client: Pick<HttpClient, 'request'>,
  credential: Credential,
  request: WireRequest,
): Promise<WireAnswer> {
  const { host } = new URL(request.url)
  const isOwn = (visited: string) => visited === host
  const head = Promise.withResolvers<WireAnswer>()
  const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>()
  const writer = writable.getWriter()
  const answered = client.request({
    url: request.url,
    headers: ownHeaders(request.headers),
    ...(request.body === undefined ? { method: 'GET' } : { method: 'POST', body: request.body }),
    credential,
    allowHost: isOwn,
    mayVisit: isOwn,
    accept: () => true,
    followRedirects: false,
    timeoutMs: request.timeoutMs,
    maxBytes: request.maxBytes,
    signal: request.signal,
    onHead: ({ status, headers }) => {
      head.resolve({ status, headers, body: readable, hide: text => credential.hideInText(text) })
    },
    sink: piece => writer.write(piece),
  })
  answered
    .then(
      () => writer.close(),
      (error: unknown) => {
        head.reject(error)
        return writer.abort(error)
      },
    )
    .catch((error: unknown) => {
      // Who read went away: then nobody waits for the end either.
      head.reject(error)
    })
  return head.promise
}

function ownHeaders(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !NOT_ITS_OWN.has(name.toLowerCase())))
}
