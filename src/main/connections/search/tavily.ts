/** Tavily. Its page: https://docs.tavily.com/documentation/api-reference */
import { findingOf } from '../provider.ts'
import type { Provider } from '../provider.ts'

const ORIGIN = 'https://api.tavily.com'

export const tavilyProvider: Provider = {
  kind: 'tavily',
  title: 'Tavily',
  purpose: 'Answers searches of the web, by a key of the Tavily API.',
  slot: 'search',
  auth: ['bearer'],
  takesHosts: false,
  fields: [{ name: 'key', label: 'API key', secret: true, optional: false, example: 'tvly-…' }],
  origins: () => [ORIGIN],
  attach: (_connection, secrets) => ({ headers: { authorization: `Bearer ${secrets['key'] ?? ''}` } }),
  check: async ({ send }) => findingOf(await send({ url: `${ORIGIN}/usage`, method: 'GET' }), 'Tavily'),
}
