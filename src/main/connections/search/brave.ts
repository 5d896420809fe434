/** Brave Search API. Its page: https://api-dashboard.search.brave.com/app/documentation */
import { findingOf } from '../provider.ts'
import type { Provider } from '../provider.ts'

const ORIGIN = 'https://api.search.brave.com'

export const braveProvider: Provider = {
  kind: 'brave',
  title: 'Brave Search',
  purpose: 'Answers searches of the web, by a key of the Brave Search API.',
  slot: 'search',
  auth: ['api-key'],
  takesHosts: false,
  fields: [{ name: 'key', label: 'Subscription token', secret: true, optional: false }],
  origins: () => [ORIGIN],
  attach: (_connection, secrets) => ({ headers: { 'x-subscription-token': secrets['key'] ?? '' } }),
  check: async ({ send }) => {
    const answer = await send({ url: `${ORIGIN}/res/v1/web/search?q=steward&count=1`, method: 'GET' })
    // A token it does not know is a request it does not understand.
    const unknown = answer.status === 422 && answer.text.includes('SUBSCRIPTION_TOKEN_INVALID')
    return findingOf(unknown ? { ...answer, status: 401 } : answer, 'Brave Search')
  },
}
