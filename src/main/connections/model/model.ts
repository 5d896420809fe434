/** The model's slot: which provider of models is asked, where, and by which key. What is asked is the models' business. */
import type { Finding } from '../../../domain/connection.ts'
import { makerOf, modelBase, MODEL_MAKERS } from '../../../domain/model-makers.ts'
import type { ModelMaker } from '../../../domain/model-makers.ts'
import { originOf } from '../origins.ts'
import { findingOf } from '../provider.ts'
import type { Checking, Provider, Secrets } from '../provider.ts'

const bearer = (key: string) => ({ authorization: `Bearer ${key}` })

const HEADERS: Readonly<Record<ModelMaker, (key: string) => Readonly<Record<string, string>>>> = {
  anthropic: key => ({ 'x-api-key': key, 'anthropic-version': '2023-06-01' }),
  openai: bearer,
  google: key => ({ 'x-goog-api-key': key }),
  openrouter: bearer,
  compatible: bearer,
}

export const modelProvider: Provider = {
  kind: 'model',
  title: 'Model',
  purpose: 'Lets Steward plan and repair, and automations ask a model, by your key.',
  slot: 'model',
  auth: ['api-key', 'none'],
  takesHosts: false,
  fields: [
    { name: 'maker', label: 'Provider', secret: false, optional: false, choices: [...MODEL_MAKERS] },
    { name: 'key', label: 'API key', secret: true, optional: true },
    { name: 'url', label: 'Address', secret: false, optional: true, example: 'http://127.0.0.1:11434/v1' },
    { name: 'model', label: 'Model', secret: false, optional: true },
  ],
  origins: settings => [originOf(modelBase(settings))],
  problem: ({ auth, settings, secrets }) => {
    if (settings['maker'] === 'compatible' && settings['url'] === undefined) return '“compatible” takes “url”'
    return auth === 'none' || secrets['key'] !== undefined ? null : 'It takes “key”, or the kind none'
  },
  attach: ({ auth, settings }, secrets) => attachment(auth === 'none', settings, secrets),
  check,
}

function attachment(isOpen: boolean, settings: Readonly<Record<string, string>>, secrets: Secrets) {
  if (isOpen) return {}
  return { headers: HEADERS[makerOf(settings)](secrets['key'] ?? '') }
}

async function check({ connection, send }: Checking): Promise<Finding> {
  const base = modelBase(connection.settings)
  // OpenRouter lists its models to everybody.
  const asked = makerOf(connection.settings) === 'openrouter' ? 'key' : 'models'
  return findingOf(await send({ url: `${base}/${asked}`, method: 'GET' }), new URL(base).host)
}
