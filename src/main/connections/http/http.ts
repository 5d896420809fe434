/** Any HTTP API with fixed hosts: a key in a header or in the query, a bearer token, a name with a password, or nothing. */
import type { Finding } from '../../../domain/connection.ts'
import { findingOf } from '../provider.ts'
import type { Checking, Given, Provider } from '../provider.ts'

const HEADER_NAME = /^[!#$%&'*+\-.^_`|~0-9a-z]+$/i
/** A header by which a request would be another request. */
const NOT_A_KEY =
  /^(host|cookie2?|connection|content-.*|transfer-encoding|te|trailer|upgrade|expect|accept-encoding|proxy-.*|x-http-method.*|idempotency-key)$/i

export const httpProvider: Provider = {
  kind: 'http',
  title: 'HTTP API',
  purpose:
    'Lets automations call an HTTP API as you; tools/http attaches the credential, scripts never see it.',
  slot: null,
  auth: ['bearer', 'api-key', 'basic', 'none'],
  takesHosts: true,
  fields: [
    { name: 'key', label: 'Key or token', secret: true, optional: true },
    {
      name: 'header',
      label: 'Header that carries the key',
      secret: false,
      optional: true,
      example: 'X-Api-Key',
    },
    {
      name: 'query',
      label: 'Query field that carries the key',
      secret: false,
      optional: true,
      example: 'api_key',
    },
    { name: 'user', label: 'User name', secret: false, optional: true },
    { name: 'password', label: 'Password', secret: true, optional: true },
    { name: 'check', label: 'Path to read when checking', secret: false, optional: true, example: '/user' },
  ],
  problem,
  attach: ({ auth, settings }, secrets) => {
    const key = secrets['key'] ?? ''
    switch (auth) {
      case 'bearer':
        return { headers: { authorization: `Bearer ${key}` } }
      case 'basic':
        return {
          headers: {
            authorization: `Basic ${basicToken(settings['user'] ?? '', secrets['password'] ?? '')}`,
          },
        }
      case 'api-key':
        return settings['query'] === undefined
          ? { headers: { [(settings['header'] ?? 'x-api-key').toLowerCase()]: key } }
          : { query: { [settings['query']]: key } }
      case 'none':
      case 'hmac':
      case 'oauth':
        return {}
    }
  },
  check,
}

function problem({ auth, settings, secrets }: Given): string | null {
  if (auth === 'basic') {
    if (settings['user'] === undefined || secrets['password'] === undefined)
      return 'Basic takes “user” and “password”'
    return settings['user'].includes(':') ? '“user” may not contain a colon' : null
  }
  if (auth !== 'none' && secrets['key'] === undefined) return `The kind ${auth} takes “key”`
  const { header } = settings
  if (header !== undefined && (!HEADER_NAME.test(header) || NOT_A_KEY.test(header)))
    return '“header” is not a header that can carry a key'
  const path = settings['check']
  return path === undefined || path.startsWith('/') ? null : '“check” is a path, such as /user'
}

function basicToken(user: string, password: string): string {
  return Buffer.from(`${user}:${password}`, 'utf8').toString('base64')
}

async function check({ connection, send }: Checking): Promise<Finding> {
  const [origin = ''] = connection.origins
  const path = connection.settings['check']
  const answer = await send({ url: `${origin}${path ?? '/'}`, method: 'GET' })
  const finding = findingOf(answer, new URL(origin).host)
  if (path !== undefined || finding.state === 'refused') return finding
  return {
    state: 'connected',
    message: `${new URL(origin).host} answered. Whether it accepts the credential was not tested: name a path with “check”.`,
  }
}
