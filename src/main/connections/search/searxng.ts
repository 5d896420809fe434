/** A SearXNG instance, the user's own or another's. Its page: https://docs.searxng.org/dev/search_api.html */
import { originOf } from '../origins.ts'
import { findingOf } from '../provider.ts'
import type { Provider } from '../provider.ts'

export const searxngProvider: Provider = {
  kind: 'searxng',
  title: 'SearXNG',
  purpose: 'Answers searches of the web, by an instance of SearXNG that gives JSON.',
  slot: 'search',
  auth: ['none'],
  takesHosts: false,
  fields: [
    { name: 'url', label: 'Address', secret: false, optional: false, example: 'https://search.example.org' },
  ],
  origins: settings => [originOf(settings['url'] ?? '')],
  attach: () => ({}),
  check: async ({ connection, send }) => {
    const base = (connection.settings['url'] ?? '').replace(/\/+$/, '')
    const answer = await send({ url: `${base}/search?q=steward&format=json`, method: 'GET' })
    if (answer.status === 403)
      return {
        state: 'refused',
        message: 'It gives no JSON: add json to search.formats in its settings.yml.',
      }
    return findingOf(answer, new URL(base).host)
  },
}
