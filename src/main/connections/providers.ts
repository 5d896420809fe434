/** Every provider there is; adding one is adding its line. */
import { httpProvider } from './http/http.ts'
import { modelProvider } from './model/model.ts'
import type { Provider } from './provider.ts'
import { braveProvider } from './search/brave.ts'
import { searxngProvider } from './search/searxng.ts'
import { tavilyProvider } from './search/tavily.ts'
import { webhookProvider } from './webhook/webhook.ts'

export const PROVIDERS: readonly Provider[] = [
  httpProvider,
  searxngProvider,
  braveProvider,
  tavilyProvider,
  modelProvider,
  webhookProvider,
]
