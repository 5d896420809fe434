/** The model's slot: which provider of models is asked, where, and by which key. What is asked is the models' business. */
import type { Finding } from '../../../domain/connection.ts'
import { originOf } from '../origins.ts'
import { findingOf } from '../provider.ts'
import type { Checking, Provider, Secrets } from '../provider.ts'

interface Maker {
  base: string
  headers: (key: string) => Readonly<Record<string, string>>
}

const bearer = (key: string) => ({ authorization: `Bearer ${key}` })

const MAKERS: Readonly<Record<string, Maker>> = {
  anthropic: {
    base: 'https://api.anthropic.com/v1',
    headers: key => ({ 'x-api-key': key, 'anthropic-version': '2023-06-01' }),
  },
  openai: { base: 'https://api.openai.com/v1', headers: bearer },
  google: {
    base: 'https://generativelanguage.googleapis.com/v1beta',
    headers: key => ({ 'x-goog-api-key': key }),
  },
  openrouter: { base: 'https://openrouter.ai/api/v1', headers: bearer },
  /** Whatever speaks OpenAI's protocol: a server on this machine or another. */
  compatible: { base: '', headers: bearer },
}

export const modelProvider: Provider = {
  kind: 'model',
  title: 'Model',
  purpose: 'Lets Steward plan and repair, and automations ask a model, by your key.',
  slot: 'model',
  auth: ['api-key', 'none'],
  takesHosts: false,
  fields: [
    { name: 'maker', label: 'Provider', secret: false, optional: false, choices: Object.keys(MAKERS) },
    { name: 'key', label: 'API key', secret: true, optional: true },
    { name: 'url', label: 'Address', secret: false, optional: true, example: 'http://127.0.0.1:11434/v1' },
    { name: 'model', label: 'Model', secret: false, optional: true },
  ],
  origins: settings => [originOf(baseOf(settings))],
  problem: ({ auth, settings, secrets }) => {
    if (settings['maker'] === 'compatible' && settings['url'] === undefined) return '“compatible” takes “url”'
    return auth === 'none' || secrets['key'] !== undefined ? null : 'It takes “key”, or the kind none'
  },
  attach: ({ auth, settings }, secrets) => attachment(auth === 'none', settings, secrets),
  check,
}

export function baseOf(settings: Readonly<Record<string, string>>): string {
  return (settings['url'] ?? MAKERS[settings['maker'] ?? '']?.base ?? '').replace(/\/+$/, '')
}

function attachment(isOpen: boolean, settings: Readonly<Record<string, string>>, secrets: Secrets) {
  if (isOpen) return {}
  const maker = MAKERS[settings['maker'] ?? '']
  return { headers: maker?.headers(secrets['key'] ?? '') ?? {} }
}

async function check({ connection, send }: Checking): Promise<Finding> {
  const base = baseOf(connection.settings)
  return findingOf(await send({ url: `${base}/models`, method: 'GET' }), new URL(base).host)
}
